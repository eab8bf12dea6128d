import RMOSHTML
import RMOSModels
import RMOSStore
import RMOSSystem

extension EntityKind {
  /// The kind in paths: `strip-families`.
  var pathName: String { schema.pathName }

  /// The order of a list unless another one is chosen.
  var defaultOrder: RecordQuery.Order {
    schema.presentation.listsNewestFirst ? .newestFirst : .id
  }

  /// The member that serves as an entity's title.
  var titleMember: String { schema.presentation.title.member }

  /// The member that is listed as a status; `nil` if the kind has none.
  var statusMember: String? {
    schema.presentation.columns.first { $0.style == .status }?.member
  }

  /// The value of a member that a text in a request represents; `nil` if the member cannot have it.
  func value(of member: String, _ text: String) -> Value? {
    guard let least = leastWholeNumber(of: member) else { return .text(text) }
    return text.wholeNumber.flatMap { $0 >= least ? .integer($0) : nil }
  }

  /// The least value of a member whose values are whole numbers; `nil` if they are not.
  func leastWholeNumber(of member: String) -> Int64? {
    guard let position = schema.position(ofMember: member),
      case .integer(let minimum) = schema.fields[position].type
    else { return nil }
    return minimum
  }
}

extension EntitySchema {
  /// The kind that a member refers to; `nil` if it is not a reference.
  func target(ofMember member: String) -> EntityKind? {
    references.first { fields[$0.field].member == member }?.target
  }
}

extension EntitySchema.Filter {
  /// The condition that the member has a value, given as text; `nil` if it cannot have it.
  func condition(_ text: String, _ kind: EntityKind) -> RecordQuery.Condition? {
    guard jsonNames.isEmpty else {
      return .jsonHas(member: member, names: jsonNames, text: text)
    }
    return kind.value(of: member, text).map { .equals(member: member, value: $0) }
  }

  /// The key for counting the entities by value.
  var key: RecordGroup.Key {
    jsonNames.isEmpty ? .member(member) : .json(member: member, names: jsonNames)
  }
}

extension Record {
  /// The text of a link to the record: its title, or its id if titles do not identify entities.
  var linkText: String {
    guard kind.schema.presentation.title.namesEntity else { return id }
    return PageText.text(self[kind.titleMember]) ?? ""
  }
}
