import COpenAPI

/// The description of the HTTP API for programs (OpenAPI 3.1).
enum OpenAPIDocument {
  /// Its text.
  static var utf8: [UInt8] {
    var count = 0
    let start = unsafe rmos_openapi(&count)
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
  }
}
