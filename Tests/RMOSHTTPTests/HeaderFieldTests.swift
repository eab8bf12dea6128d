import RMOSHTTP
import Testing

@Suite("Header fields")
struct HeaderFieldTests {
  @Test("A field is found whatever the case of its name, the first where there are several")
  func lookup() {
    let request = ServerRequest(
      method: "GET", target: "/", fields: [HeaderField("HOST", "a"), HeaderField("host", "b")])
    #expect(request.field("Host") == "a")
    #expect(request.field("Hos") == nil)
  }
}
