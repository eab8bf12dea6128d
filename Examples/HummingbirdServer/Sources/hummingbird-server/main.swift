import Hummingbird
import RMOSDashboard
import RMOSStore

// hummingbird-server DATABASE [PORT]
guard CommandLine.arguments.count > 1 else {
  fatalError("usage: hummingbird-server DATABASE [PORT]")
}
let port = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 8080 : 8080
let store = try SQLiteStore(path: CommandLine.arguments[1], access: .readOnly)

let router = Router()
router.get("health") { _, _ in "ok" }
router.add(middleware: DashboardMiddleware(dashboard: Dashboard(store: store)))

let application = Application(
  router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await application.runService()
