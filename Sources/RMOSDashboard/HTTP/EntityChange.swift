import RMOSModels
import RMOSStore

/// An entity with the members that a request names changed and the others left as they are.
struct EntityChange {
  /// The entity as it is.
  let old: Record
  /// The entity as it is to be.
  private(set) var new: Record
  private let content: EntityBody.Content

  /// Changes an entity.
  ///
  /// - Parameters:
  ///   - old: The entity as it is.
  ///   - content: What the request says of it.
  ///   - now: The time that `updated_at` becomes where the request does not give it.
  init(_ old: Record, by content: EntityBody.Content, at now: String) {
    self.old = old
    self.content = content
    new = old
    for (position, field) in old.kind.schema.fields.enumerated().dropFirst() {
      switch field.member {
      case "updated_at" where !content.given.contains(position): new.values[position] = .text(now)
      // No entity is without the time it was created, and nobody else knows it.
      case "created_at" where content.cleared.contains(position): continue
      default:
        if content.names(position) { new.values[position] = content.record.values[position] }
      }
    }
  }

  /// What keeps the change from being made.
  ///
  /// What was wrong before is no obstacle to changing something else.
  func issues(_ reader: some StoreReader) throws -> [Issue] {
    // These depend on the other members too: the whole entity says whether they hold.
    let whole: Set<IssueCode> = [.fieldMissing, .fieldEmpty, .timeOrder]
    var issues = content.issues.filter { !whole.contains($0.code) || $0.pointer == "/id" }
    let told = Set(issues.compactMap(\.pointer))
    let schema = old.kind.schema
    let before = Set(old.findings())
    for (finding, issue) in zip(new.findings(), new.validate()) {
      guard let pointer = issue.pointer, !told.contains(pointer) else { continue }
      let isOld = before.contains(finding)
      if !isOld || schema.fields(bearingOn: finding.field).contains(where: content.names) {
        issues.append(issue)
      }
    }
    let changed = schema.references.filter { new.values[$0] != old.values[$0] }
      .map { JSONPointer.to(schema.fields[$0].member) }
    if changed.isEmpty { return issues }
    issues += try reader.missingReferences(of: new).filter { issue in
      issue.pointer.map(changed.contains) ?? false
    }
    return issues
  }
}

extension EntitySchema {
  /// The field, and those that decide whether what it holds is right.
  fileprivate func fields(bearingOn field: Int) -> [Int] {
    [field]
      + rules.compactMap { rule in
        switch rule {
        case .requiredWhen(field, let condition, _, _): condition
        case .substitutable(field, let substitute): substitute
        case .ordered(let earlier, field): earlier
        default: nil
        }
      }
  }
}
