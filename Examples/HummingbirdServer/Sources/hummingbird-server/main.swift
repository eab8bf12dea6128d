import Hummingbird
import RMOSDashboard
import RMOSStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// hummingbird-server DATABASE [PORT]
let words = CommandLine.arguments.dropFirst()
guard let path = words.first, let port = words.count > 1 ? Int(words[2]) : 8080 else {
  print("usage: hummingbird-server DATABASE [PORT]")
  exit(2)
}
let store = try SQLiteStore(path: path, access: .readOnly)

let router = Router()
// A route of the server itself; the dashboard answers all requests that match no route.
router.get("health") { _, _ in "ok" }
var options = Dashboard.Options()
// Answers only requests that name this server as their host, which prevents DNS rebinding.
options.accessPolicy = try AccessPolicy(port: port)
router.add(middleware: DashboardMiddleware(dashboard: Dashboard(store: store, options: options)))

let application = Application(
  router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await application.runService()
