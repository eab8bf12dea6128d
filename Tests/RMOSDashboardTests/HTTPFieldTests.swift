import RMOSDashboard
import Testing

@Suite("Header fields")
struct HTTPFieldTests {
  @Test("A field is found whatever the case of its name, the first where there are several")
  func lookup() {
    let request = HTTPRequest(
      method: "GET", target: "/", fields: [HTTPField("HOST", "a"), HTTPField("host", "b")])
    #expect(request.field("Host") == "a")
    #expect(request.field("Hos") == nil)
  }
}
