import Hummingbird
import NIOPosix
import RMOSDashboard

/// Has the dashboard answer what the routes before it do not.
struct DashboardMiddleware<Context: RequestContext>: RouterMiddleware {
  let dashboard: Dashboard

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let body = try await request.body.collect(upTo: 1 << 20)
    let question = HTTPRequest(
      method: request.method.rawValue, target: request.uri.string,
      fields: request.headers.map { HTTPField($0.name.rawName, $0.value) },
      body: Array(body.readableBytesView))
    // It reads a database: not on a thread that serves connections.
    let answer = try await NIOThreadPool.singleton.runIfActive {
      dashboard.response(to: question)
    }
    var headers = HTTPFields()
    for field in answer.fields {
      guard let name = HTTPTypes.HTTPField.Name(field.name) else { continue }
      headers.append(HTTPTypes.HTTPField(name: name, value: field.value))
    }
    return Response(
      status: .init(code: answer.status), headers: headers,
      body: request.method == .head ? .init() : .init(byteBuffer: ByteBuffer(bytes: answer.body)))
  }
}
