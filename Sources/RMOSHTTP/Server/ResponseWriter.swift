import RMOSSystem
import Synchronization

/// Serializes a response.
struct ResponseWriter {
  /// Whether the request was `HEAD`.
  var isHead = false
  var minorVersion = 1
  /// Whether the connection stays open.
  var keepsAlive = true
  /// The text of the Date field.
  var date: String

  /// Returns the bytes of a response, up to its ``ServerResponse/rest``, and the size of the body
  /// in them.
  ///
  /// Characters that would end a field are replaced, so that no value can split the response.
  func bytes(_ response: ServerResponse) -> (bytes: [UInt8], bodySize: Int) {
    let hasBody = response.status != 204 && response.status != 304
    let bodySize = hasBody && !isHead ? response.body.count : 0
    var output: [UInt8] = []
    output.reserveCapacity(512 + bodySize)
    func add(_ text: String) { output.append(contentsOf: text.utf8) }
    add("HTTP/1.1 \(response.status) \(ResponseWriter.reason(response.status))\r\nDate: ")
    add(date)
    for field in response.fields where !isReserved(field.name) {
      add("\r\n")
      output.append(contentsOf: field.name.utf8.lazy.map { $0.isTokenByte ? $0 : 0x5f })
      add(": ")
      output.append(contentsOf: field.value.utf8.lazy.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 })
    }
    let isChunked = response.rest != nil && minorVersion > 0
    if hasBody {
      if isChunked {
        add("\r\nTransfer-Encoding: chunked")
      } else if response.rest == nil {
        add("\r\nContent-Length: \(response.body.count)")
      }
    }
    if !keepsAlive {
      add("\r\nConnection: close")
    } else if minorVersion == 0 {
      add("\r\nConnection: keep-alive")
    }
    add("\r\n\r\n")
    if bodySize > 0 {
      output.append(contentsOf: isChunked ? Self.chunk(response.body) : response.body)
    }
    return (output, bodySize)
  }

  /// Returns a part of a body as a chunk (RFC 9112, 7.1); an empty one ends the body.
  static func chunk(_ bytes: [UInt8]) -> [UInt8] {
    var chunk = Array("\(String(bytes.count, radix: 16))\r\n".utf8)
    chunk.reserveCapacity(chunk.count + bytes.count + 2)
    chunk += bytes
    chunk += [0x0D, 0x0A]
    return chunk
  }

  /// Whether a field is set by the server alone.
  private func isReserved(_ name: String) -> Bool {
    let reserved = ["content-length", "connection", "date", "transfer-encoding", "keep-alive"]
    return name.isEmpty || reserved.contains { name.isEqualIgnoringASCIICase($0) }
  }

  /// The reason phrase of a status (RFC 9110, 15).
  static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: ""
    }
  }
}

/// The value of the Date field, formatted once per second.
final class DateClock: Sendable {
  private let current = Mutex((second: -1, text: ""))

  /// The date now.
  var text: String {
    let second = WallClock.now.seconds
    return current.withLock { current in
      if current.second != second { current = (second, UTCTime(secondsSince1970: second).httpDate) }
      return current.text
    }
  }
}
