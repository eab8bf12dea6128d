import RMOSModels
import RMOSStore

/// Why a request is not answered as asked.
struct Refusal: Error {
  /// The status code.
  var status: Int
  /// What was found, what was expected and the way out.
  var detail: String
  /// What is wrong with an entity.
  var issues: [Issue] = []
  /// Header fields that belong to the status.
  var fields: [HTTPField] = []

  init(_ status: Int, _ detail: String, issues: [Issue] = [], fields: [HTTPField] = []) {
    self.status = status
    self.detail = detail
    self.issues = issues
    self.fields = fields
  }

  /// The refusal that stands for an error of the store.
  init(_ error: any Error) {
    switch error {
    case let refusal as Refusal: self = refusal
    case let malformed as RequestTarget.Malformed: self.init(400, malformed.detail)
    case let rejected as EntityRejected:
      self.init(422, rejected.description, issues: rejected.issues)
    case let error as StoreError: self.init(error)
    default: self.init(500, "\(error)")
    }
  }

  private init(_ error: StoreError) {
    switch error.code {
    case .locked:
      self.init(503, error.message, fields: [HTTPField("Retry-After", "5")])
    case .busy:
      self.init(503, error.message, fields: [HTTPField("Retry-After", "1")])
    case .cannotOpen, .replaced, .hardLinked:
      self.init(503, error.message, fields: [HTTPField("Retry-After", "10")])
    case .readOnly:
      self.init(403, error.message)
    case .duplicateID, .constraint:
      self.init(409, error.message)
    case .diskFull:
      self.init(507, error.message)
    default:
      self.init(500, error.message)
    }
  }
}
