import RMOSModels

/// Recognizes the kind of an object by the names of fields that only one kind has.
///
/// Other names are ignored, since objects of several kinds may share them, such as those of the
/// members that a database adds to each.
struct KindTeller {
  /// The kind of an object and, if the object is an envelope, the member that holds the entity.
  struct Telling: Hashable {
    let kind: EntityKind
    var holder: [UInt8]?
  }

  /// The maximum number of members of an envelope.
  static let mostAround = 8
  /// The number of fields by which a kind is recognized.
  private static let fieldsThatTell = 2

  /// The fields that only one kind has, by their folded names.
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

  /// Returns the kind of an object from the folded names of its members; `nil` if there are too few
  /// fields of one kind, or as many of several.
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
