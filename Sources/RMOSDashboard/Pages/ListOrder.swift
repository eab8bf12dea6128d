import RMOSModels
import RMOSStore

/// The order of a list as addresses have it: `id`, `newest`, or a column's member, `-member` for the
/// other way around.
struct ListOrder: Hashable {
  let order: RecordQuery.Order

  /// The order that a parameter names; `nil` if the kind's list has none of that name.
  init?(_ text: String, of kind: EntityKind) {
    switch text {
    case "id": order = .id
    case "newest": order = .newestFirst
    default:
      let isDescending = text.hasPrefix("-")
      let member = isDescending ? String(text.dropFirst()) : text
      guard kind.sortMembers.contains(member) else { return nil }
      order = .member(member, descending: isDescending)
    }
  }

  init(_ order: RecordQuery.Order) { self.order = order }

  /// The order as a parameter.
  var text: String {
    switch order {
    case .id: "id"
    case .newestFirst: "newest"
    case .member(let member, let isDescending): (isDescending ? "-" : "") + member
    }
  }

  /// Whether the list is in the order of a column, and which way; `nil` if not.
  func isDescending(_ member: String) -> Bool? {
    switch order {
    case .member(member, let isDescending): isDescending
    case .newestFirst where member == "created_at": true
    case .id where member == "id": false
    default: nil
    }
  }
}

extension EntityKind {
  /// The members that lists can be sorted by: the columns, and the id.
  var sortMembers: [String] {
    let members = schema.presentation.columns.map(\.member)
    return members.contains("id") ? members : members + ["id"]
  }

  /// All orders that lists may have, as parameters.
  var sortNames: [String] {
    ["newest"] + sortMembers + sortMembers.map { "-\($0)" }
  }
}

extension EntityKind {
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
