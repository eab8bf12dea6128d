import RMOSHTML
import RMOSModels
import RMOSStore

extension EntityKind {
  /// The kind in paths: `strip-families`.
  var pathName: String { schema.pathName }

  /// The order in which a list begins.
  var defaultOrder: RecordQuery.Order {
    schema.presentation.listsNewestFirst ? .newestFirst : .id
  }

  /// The member that serves as an entity's title.
  var titleMember: String { schema.presentation.title.member }

  /// The member that says how far an entity has come; `nil` if the kind has none.
  var statusMember: String? {
    schema.presentation.columns.first { $0.style == .status }?.member
  }

  /// The value of a member that a text stands for; `nil` if the member cannot have it.
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
  /// The condition that a value stands for; `nil` if the member cannot have it.
  func condition(_ text: String, _ kind: EntityKind) -> RecordQuery.Condition? {
    guard jsonNames.isEmpty else {
      return .jsonHas(member: member, names: jsonNames, text: text)
    }
    return kind.value(of: member, text).map { .equals(member: member, value: $0) }
  }

  /// What its values are counted by.
  var key: RecordGroup.Key {
    jsonNames.isEmpty ? .member(member) : .json(member: member, names: jsonNames)
  }
}

extension Record {
  /// The text of a link to the record: the name, or the id if entities share their titles.
  var linkText: String {
    guard kind.schema.presentation.title.namesEntity else { return id }
    return PageText.text(self[kind.titleMember]) ?? ""
  }
}
