import HTTPTypes
import Hummingbird
import NIOPosix
import RMOSDashboard

/// Makes the dashboard answer the requests that match no route.
struct DashboardMiddleware<Context: RequestContext>: RouterMiddleware {
  let dashboard: Dashboard

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let body = try await request.body.collect(upTo: 1 << 20)
    var fields = request.headers.map { HeaderField($0.name.rawName, $0.value) }
    // Hummingbird keeps the host, which the access policy checks, apart from the other fields.
    if let host = request.head.authority { fields.append(.init("Host", host)) }
    let question = ServerRequest(
      method: request.method.rawValue, target: request.uri.string, fields: fields,
      body: Array(body.readableBytesView))
    // A response reads a database, so it must not be made on a thread that serves connections.
    let answer = try await NIOThreadPool.singleton.runIfActive {
      dashboard.response(to: question)
    }
    var headers = HTTPFields()
    for field in answer.fields {
      guard let name = HTTPTypes.HTTPField.Name(field.name) else { continue }
      headers.append(HTTPTypes.HTTPField(name: name, value: field.value))
    }
    let status = HTTPTypes.HTTPResponse.Status(code: answer.status)
    guard answer.status != 204, answer.status != 304 else {
      // These responses have no body, so they must not have a Content-Length of 0.
      return Response(
        status: status, headers: headers, body: .init { writer in try await writer.finish(nil) })
    }
    let response = Response(
      status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    return request.method == .head ? response.createHeadResponse() : response
  }
}
