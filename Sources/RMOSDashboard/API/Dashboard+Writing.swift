import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

extension Dashboard {
  /// Responds to `POST`, `PUT`, `PATCH` and `DELETE`.
  func write(_ route: Route, _ request: ServerRequest) throws -> ServerResponse {
    guard options.allowsWrites else {
      throw HTTPRefusal(
        403, "this server is read-only; its operator can allow creating, changing and deleting")
    }
    // Pages of other origins must not write, even if no access policy is set.
    if let refusal = AccessPolicy.originRefusal(of: request) { throw refusal }
    switch (request.method, route) {
    case ("POST", .list(let kind)): return try create(kind, request)
    case ("PUT", .item(let kind, let id)), ("PATCH", .item(let kind, let id)):
      return try change(kind, id, request)
    case ("DELETE", .item(let kind, let id)): return try delete(kind, id, request)
    default: throw HTTPRefusal(404, "there is no such path")
    }
  }

  private func create(_ kind: EntityKind, _ request: ServerRequest) throws -> ServerResponse {
    let content = try EntityBody(kind: kind, now: now()).read(request, id: nil)
    let record = content.record
    let issues = content.issues + (Self.lengthIssue(of: record).map { [$0] } ?? [])
    try refuse(issues) { try store.read { try $0.missingReferences(of: record) } }
    let warnings = issues.filter { $0.severity == .warning }.map { issue in
      // The body may leave the id out; the ledger needs it to tell entities apart.
      var issue = issue
      issue.id = record.id
      return issue
    }
    let stored = try changing(kind, record.id, .created) { transaction, run in
      if try transaction.record(kind, id: record.id) != nil {
        throw HTTPRefusal(
          409,
          "the \(kind.schema.singular) \"\(record.id.shortened)\" already exists; "
            + "use another id, or change it with PUT")
      }
      try transaction.check(record)
      try transaction.write(record, run: run.id)
      try writing.note(warnings, in: &run, transaction)
      return try transaction.record(kind, id: record.id) ?? record
    }
    let path = (Route.root + [kind.pathName, record.id.pathSegment]).joined(separator: "/")
    return entityAnswer(
      201, stored, warnings: warnings, fields: [HeaderField("Location", "/" + path)])
  }

  /// The maximum length of a percent-encoded id, bytes.
  ///
  /// A much longer one would not fit into the request line.
  private static let longestID = 10_000

  /// The issue of a record whose id is too long for an address; `nil` if it is not.
  private static func lengthIssue(of record: Record) -> Issue? {
    let length = record.id.pathSegment.utf8.count
    guard length > longestID else { return nil }
    return Issue(
      severity: .error, code: .fieldRange, kind: record.kind, id: record.id, pointer: "/id",
      message: "\"id\" takes \(length) bytes in an address; at most \(longestID) are accepted")
  }

  /// Refuses an entity that violates a rule.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 and all issues, including those of `further`, which is
  ///   called only then.
  private func refuse(_ issues: [Issue], _ further: () throws -> [Issue] = { [] }) throws {
    guard issues.contains(where: { $0.severity == .error }) else { return }
    throw HTTPRefusal(EntityRejected(issues: issues + (try further())))
  }

  private func change(
    _ kind: EntityKind, _ id: String, _ request: ServerRequest
  ) throws -> ServerResponse {
    let time = now()
    // Checked before the body is: a missing entity cannot be changed, whatever the body says.
    guard try store.read({ try $0.record(kind, id: id) }) != nil else {
      throw HTTPRefusal.absent(kind, id)
    }
    let content = try EntityBody(kind: kind, now: time).read(request, id: id)
    let (stored, warnings) = try changing(kind, id, .changed) { transaction, run in
      guard let old = try transaction.record(kind, id: id) else {
        throw HTTPRefusal.absent(kind, id)
      }
      // Checked before the content (RFC 9110, 13.2.1), which may be about another state.
      try request.checkConditions(old.entityTag)
      let change = EntityChange(old, by: content, at: time)
      let issues = try change.issues(transaction)
      try refuse(issues)
      let warnings = issues.filter { $0.severity == .warning }
      try transaction.write(change.new, run: run.id)
      try writing.note(warnings, in: &run, transaction)
      return (try transaction.record(kind, id: id) ?? change.new, warnings)
    }
    return entityAnswer(200, stored, warnings: warnings)
  }

  private func delete(
    _ kind: EntityKind, _ id: String, _ request: ServerRequest
  ) throws -> ServerResponse {
    try changing(kind, id, .changed) { transaction, run in
      guard let old = try transaction.record(kind, id: id) else {
        throw HTTPRefusal.absent(kind, id)
      }
      let referrers = try transaction.referrers(to: kind, id: id)
      guard referrers.isEmpty else {
        throw HTTPRefusal(
          409,
          "the \(kind.schema.singular) \"\(id.shortened)\" is referenced by "
            + "\(referrers.joined(separator: " and ")); delete or change those first")
      }
      try request.checkConditions(old.entityTag)
      guard try transaction.remove(kind, id: id, run: run.id) else {
        throw HTTPRefusal.absent(kind, id)
      }
    }
    return .json {
      $0.member("success", true)
      $0.member("id", id)
    }
  }

  /// Changes an entity in one transaction, as part of the dashboard's run in the ledger.
  ///
  /// The cached status is invalidated.
  private func changing<Result>(
    _ kind: EntityKind, _ id: String, _ outcome: WritingRun.Outcome,
    _ body: (any StoreTransaction, _ run: inout LedgerRun) throws -> Result
  ) throws -> Result {
    defer { cache.invalidate() }
    try writing.checkTables(of: store)
    return try store.write { transaction in
      var run = try writing.current(in: transaction, toWrite: kind, id: id)
      let result = try body(transaction, &run)
      try writing.count(outcome, of: kind, in: &run, transaction)
      return result
    }
  }
}

extension StoreReader {
  /// The number of entities that refer to an entity, with the first of their ids, per field; for
  /// references that the schema of the database does not declare, too.
  fileprivate func referrers(to kind: EntityKind, id: String) throws -> [String] {
    try catalog.kinds.flatMap { other in
      try other.schema.references.filter { $0.target == kind }.compactMap { reference in
        let field = other.schema.fields[reference.field]
        let query = RecordQuery(other).filter(field.member, is: .text(id))
        let count = try count(query)
        guard count > 0 else { return nil }
        let first = try records(query.limit(3)).map { "\"\($0.id.shortened)\"" }
        return PlainText.counted(count, other.schema.singular, other.schema.plural)
          + " (\(first.joined(separator: ", "))\(count > first.count ? ", …" : ""))"
      }
    }
  }
}

/// An entity with the members that a request names changed, and the others unchanged.
struct EntityChange {
  /// The entity before the change.
  let old: Record
  /// The entity after the change.
  private(set) var new: Record
  private let content: EntityBody.Content

  /// Changes an entity.
  ///
  /// - Parameters:
  ///   - old: The entity before the change.
  ///   - content: The content of the request.
  ///   - now: The time for `updated_at` if the request does not give it.
  init(_ old: Record, by content: EntityBody.Content, at now: String) {
    self.old = old
    self.content = content
    new = old
    for (position, field) in old.kind.schema.fields.enumerated().dropFirst() {
      switch field.member {
      case "updated_at" where !content.given.contains(position): new.values[position] = .text(now)
      // Every entity has a creation time, which cannot be recovered.
      case "created_at" where content.cleared.contains(position): continue
      default:
        if content.names(position) { new.values[position] = content.record.values[position] }
      }
    }
  }

  /// The issues of the members that the request changes.
  ///
  /// Those that the entity already has in other members do not prevent the change.
  func issues(_ reader: some StoreReader) throws -> [Issue] {
    // These rules depend on other members too, and are checked on the whole entity.
    let whole: Set<IssueCode> = [.fieldMissing, .fieldEmpty, .timeOrder]
    var issues = content.issues.filter { !whole.contains($0.code) || $0.pointer == "/id" }
    let reported = Set(issues.compactMap(\.pointer))
    let schema = old.kind.schema
    let before = old.violations()
    for (violation, issue) in zip(new.violations(), new.validate()) {
      guard let pointer = issue.pointer, !reported.contains(pointer) else { continue }
      let isOld = before.contains { $0 == violation }
      let bearing =
        whole.contains(issue.code)
        ? schema.fields(bearingOn: violation.field) : [violation.field]
      if !isOld || bearing.contains(where: content.names) {
        // A null stores an empty default, which the request did not send.
        let missing = content.issues.first { $0.code == .fieldMissing && $0.pointer == pointer }
        issues.append(content.cleared.contains(violation.field) ? missing ?? issue : issue)
      }
    }
    let changed = schema.references.map(\.field).filter { new.values[$0] != old.values[$0] }
      .map { JSONPointer.to(schema.fields[$0].member) }
    if changed.isEmpty { return issues }
    issues += try reader.missingReferences(of: new).filter { issue in
      issue.pointer.map(changed.contains) ?? false
    }
    return issues
  }
}

extension EntitySchema {
  /// The field, and the other fields on which its validity depends.
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
