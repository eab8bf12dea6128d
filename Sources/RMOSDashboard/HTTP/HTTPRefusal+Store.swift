import RMOSHTTP
import RMOSModels
import RMOSStore

extension HTTPRefusal {
  /// Creates a refusal that says what is wrong with an entity.
  init(_ status: Int, _ detail: String, issues: [Issue]) {
    var writer = JSONWriter()
    writer.array {
      for issue in issues { $0.issue(issue) }
    }
    self.init(
      status, detail, fields: [], members: issues.isEmpty ? [] : [("issues", writer.utf8)])
  }

  /// The refusal that stands for an error of the store.
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
    switch error.code {
    case .locked:
      self.init(503, error.message, fields: [HeaderField("Retry-After", "5")])
    case .busy:
      self.init(503, error.message, fields: [HeaderField("Retry-After", "1")])
    case .cannotOpen, .replaced, .hardLinked:
      self.init(503, error.message, fields: [HeaderField("Retry-After", "10")])
    case .readOnly, .unusableSchema:
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
