import RMOSHTTP
import RMOSModels
import RMOSStore

extension ServerResponse {
  /// Creates a JSON response.
  ///
  /// With an `entityTag`, clients may cache it, and ask whether it has changed; without one they
  /// must not.
  static func json(
    status: Int = 200, _ body: [UInt8], entityTag: String? = nil, fields: [HeaderField] = []
  ) -> ServerResponse {
    ServerResponse(
      status: status,
      fields: [HeaderField("Content-Type", "application/json")] + securityFields
        + caching(entityTag)
        + fields,
      body: body)
  }

  /// Creates a response with a JSON object.
  static func json(
    status: Int = 200, entityTag: String? = nil, fields: [HeaderField] = [],
    _ write: (inout JSONWriter) throws -> Void
  ) rethrows -> ServerResponse {
    var writer = JSONWriter()
    try writer.object(write)
    return .json(status: status, writer.utf8 + [0x0A], entityTag: entityTag, fields: fields)
  }

  /// The response to a client that already has the current state.
  static func notModified(_ entityTag: String) -> ServerResponse {
    ServerResponse(status: 304, fields: securityFields + caching(entityTag))
  }

  /// A redirect to another path on this server, for the same method and body.
  static func redirect(to target: String) -> ServerResponse {
    ServerResponse(
      status: 308, fields: [HeaderField("Location", target)] + securityFields + caching(nil))
  }

  private static func caching(_ entityTag: String?) -> [HeaderField] {
    guard let entityTag else { return [HeaderField("Cache-Control", "no-store")] }
    return [HeaderField("Cache-Control", "no-cache"), HeaderField("ETag", entityTag)]
  }
}

extension HTTPRefusal {
  /// Creates a refusal with the issues of an entity.
  init(_ status: Int, _ detail: String, issues: [Issue]) {
    var writer = JSONWriter()
    writer.array(of: issues) { $0.issue($1) }
    self.init(status, detail, issues: issues.isEmpty ? nil : writer.text)
  }

  /// Creates the refusal that an error results in.
  init(_ error: any Error) {
    switch error {
    case let refusal as HTTPRefusal: self = refusal
    case let rejected as EntityRejected:
      self.init(422, rejected.description, issues: rejected.issues)
    case let error as StoreError: self.init(error)
    default: self.init(500, "\(error)")
    }
  }

  private init(_ error: StoreError) {
    let answer = error.answer
    let fields = answer.retriesAfter.map { [HeaderField("Retry-After", String($0))] } ?? []
    self.init(answer.status, error.message, fields: fields)
  }
}

extension StoreError {
  /// The status of the answer to a request that the error ends, and the seconds after which the
  /// request may succeed; `nil` if there is no such time.
  var answer: (status: Int, retriesAfter: Int?) {
    switch code {
    case .locked: (503, 5)
    case .busy: (503, 1)
    // Another file at the path, or another program, resolves these.
    case .cannotOpen, .replaced, .hardLinked, .lostTable, .notADatabase, .foreignDatabase,
      .newerSchema, .unusableSchema:
      (503, 10)
    case .readOnly: (403, nil)
    case .duplicateID, .constraint: (409, nil)
    case .diskFull: (507, nil)
    default: (500, nil)
    }
  }
}
