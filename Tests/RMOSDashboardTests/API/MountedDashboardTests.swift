import RMOSDashboard
import RMOSHTTP
import RMOSStore
import Testing

/// A dashboard that checks access itself, as in a server without a policy.
@Suite struct MountedDashboardTests {
  private func status(
    _ target: String, host: String?, method: String = "GET", fields: [HeaderField] = []
  ) throws -> Int {
    var options = Dashboard.Options()
    options.accessPolicy = try AccessPolicy(port: 8080, hosts: ["shop.example"])
    let hosts = host.map { [HeaderField("Host", $0)] } ?? []
    let dashboard = Dashboard(store: InMemoryStore(), options: options)
    return dashboard.response(
      to: ServerRequest(method: method, target: target, fields: hosts + fields)
    ).status
  }

  @Test(arguments: ["/", "/patterns", "/api/rmos/stores/migration/status"])
  func accessIsCheckedByTheDashboard(_ target: String) throws {
    #expect(try status(target, host: "localhost:8080") == 200)
    #expect(try status(target, host: "shop.example") == 200)
    #expect(try status(target, host: "rebound.example:8080") == 421)
    #expect(try status(target, host: "localhost:80") == 421)
    #expect(try status(target, host: nil) == 400)
    let origin = HeaderField("Origin", "http://evil.example")
    #expect(try status(target, host: "localhost:8080", fields: [origin]) == 403)
    #expect(try status("*", host: "rebound.example", method: "OPTIONS") == 421)
  }

  @Test(arguments: [false, true])
  func optionsSayWhatMayBeDoneWhereverTheyAreAsked(_ allowsWrites: Bool) throws {
    var options = Dashboard.Options()
    options.allowsWrites = allowsWrites
    let dashboard = Dashboard(store: InMemoryStore(), options: options)
    let reading = "GET, HEAD, OPTIONS"
    for (target, always, more) in [
      ("*", ", POST", ", PUT, PATCH, DELETE"), ("/", "", ""), ("/patterns", "", ""),
      ("/audit", ", POST", ""), ("/api/rmos/stores/migration/audit", ", POST", ""),
      ("/api/rmos/stores/migration/status", "", ""),
      ("/api/rmos/stores/patterns", "", ", POST"),
    ] {
      let answer = dashboard.response(to: ServerRequest(method: "OPTIONS", target: target))
      #expect(answer.status == 204)
      #expect(answer.field("Allow") == reading + always + (allowsWrites ? more : ""), "\(target)")
      #expect(answer.field("X-Content-Type-Options") == "nosniff")
      #expect(answer.field("Cache-Control") == "no-store")
    }
  }
}
