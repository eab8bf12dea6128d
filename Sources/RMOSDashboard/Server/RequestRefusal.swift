/// Why a request is not answered by the handler: a status and what to say.
struct RequestRefusal: Error, Hashable {
  var status: Int
  var detail: String
  /// Further fields of the answer.
  var fields: [HTTPField] = []

  init(_ status: Int, _ detail: String, fields: [HTTPField] = []) {
    self.status = status
    self.detail = detail
    self.fields = fields
  }

  /// A request that is not HTTP as RFC 9112 has it.
  static func malformed(_ detail: String) -> RequestRefusal { RequestRefusal(400, detail) }
}
