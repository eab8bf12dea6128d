import RMOSModels

/// Tells the kind of an object by names that only one kind has.
///
/// Objects of several kinds may have much in common, such as what a database adds to each.
struct KindTeller {
  /// The kind that an object tells, and the member in which it does, if it is around an entity.
  struct Telling: Hashable {
    let kind: EntityKind
    var holder: [UInt8]?
  }

  /// How many members an object around an entity has at most.
  static let mostAround = 8
  /// How many fields tell a kind.
  private static let fieldsThatTell = 2

  /// The fields by their names, folded, that only one kind has.
  private var fields: [[UInt8]: (kind: EntityKind, field: Int)] = [:]

  init(_ catalog: EntityCatalog) {
    var shared: Set<[UInt8]> = []
    for kind in catalog.kinds {
      for field in kind.schema.fields.indices {
        for name in FieldGuess.names(of: field, in: kind.schema) {
          if let known = fields[name], known.kind != kind { shared.insert(name) }
          fields[name] = (kind, field)
        }
      }
    }
    for name in shared { fields[name] = nil }
  }

  /// The kind of an object with members of these names, folded; `nil` if they tell none, or several
  /// alike.
  func kind(of names: [[UInt8]]) -> EntityKind? {
    var found: [EntityKind: Set<Int>] = [:]
    for case let known? in names.map({ fields[$0] }) {
      found[known.kind, default: []].insert(known.field)
    }
    guard let most = found.values.map(\.count).max(), most >= Self.fieldsThatTell else {
      return nil
    }
    let kinds = found.filter { $0.value.count == most }.keys
    return kinds.count == 1 ? kinds.first : nil
  }
}
