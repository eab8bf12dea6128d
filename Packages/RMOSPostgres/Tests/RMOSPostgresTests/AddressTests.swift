import RMOSStore
import Testing

@testable import RMOSPostgres

@Suite("Addresses")
struct AddressTests {
  @Test("a password is replaced in messages unless it is too short to be recognised")
  func secrets() throws {
    let message = "connection to the server failed; user on"
    for password in ["on", "user", "ser"] {
      let address = try PostgresAddress("postgresql://rmos:\(password)@db/shop")
      #expect(address.withoutSecrets(message) == message)
    }
    for option in ["password", "sslpassword"] {
      let address = try PostgresAddress("postgresql://db/shop?\(option)=server")
      #expect(address.withoutSecrets(message) == "connection to the … failed; user on")
    }
  }

  @Test(
    "parameters that are read as a user or a password are refused",
    arguments: ["db?user=rmos&password=p@ss", "db:5433?password=p@ss", "?password=p@ss"])
  func misread(_ rest: String) throws {
    let error = #expect(throws: StoreError.self) { try PostgresAddress("postgresql://\(rest)") }
    #expect(error?.message.contains("write @ as %40") == true, "\(error?.message ?? "")")
  }
}
