public import RMOSModels
import RMOSStore

/// One thing an audit found, with its place in the database.
public struct AuditFinding: Sendable, Hashable {
  /// What could be done about it without a person's judgement of the content.
  public enum Repair: Sendable, Hashable {
    /// Create an index with this statement.
    case createIndex(sql: String)
    /// Set references of `column` that lead nowhere to NULL.
    case clearReference(kind: EntityKind, column: String, target: EntityKind)
    /// Take the white space around an id away.
    case trimID(kind: EntityKind, id: String, to: String)
  }

  /// How grave it is.
  public var severity: Severity
  /// The code of its rule.
  public var code: String
  /// The kind of entity, where it is about one.
  public var kind: EntityKind?
  /// The table, where it is about one.
  public var table: String?
  /// The entity's id, where it is about one that has an id.
  public var id: String?
  /// The row's number in its table (SQLite's rowid), where known.
  public var row: Int64?
  /// The column, where it is about one.
  public var column: String?
  /// What is there, shortened.
  public var found: String?
  /// What should be there, shortened.
  public var expected: String?
  /// The whole story for people.
  public var message: String
  /// What a repair plan proposes, nil where a person must decide.
  public var repair: Repair?
  /// Where the ledger knows the entity from that a reference leads to, or whose id has white space
  /// around it: migrating that again brings it (back) as its file has it.
  public var origin: EntityOrigin?

  /// A finding of a rule of your own.
  ///
  /// - Parameters:
  ///   - rule: The rule, whose severity it has.
  ///   - record: The row it is about, where it is about one.
  ///   - member: The member of that row, such as `ring_count`.
  ///   - expected: What should be there; shortened where it is long.
  ///   - message: The whole story for people.
  public init(
    of rule: AuditRule, in record: Record? = nil, member: String? = nil, expected: String? = nil,
    message: String
  ) {
    let position = member.flatMap { record?.kind.schema.position(ofMember: $0) }
    let field = position.flatMap { record?.kind.schema.fields[$0] }
    let value = position.flatMap { position in record?.values[position] }
    self.init(
      rule.severity, rule, kind: record?.kind, id: record?.id, column: field?.column,
      found: value.map { $0.shown }, expected: expected, message)
  }

  init(
    _ severity: Severity, _ rule: AuditRule, kind: EntityKind? = nil, table: String? = nil,
    id: String? = nil, row: Int64? = nil, column: String? = nil, found: String? = nil,
    expected: String? = nil, repair: Repair? = nil, origin: EntityOrigin? = nil,
    _ message: String
  ) {
    self.severity = severity
    code = rule.code
    self.kind = kind
    self.table = table ?? kind?.table
    self.id = id
    self.row = row
    self.column = column
    self.found = found?.shortened
    self.expected = expected?.shortened
    self.repair = repair
    self.origin = origin
    self.message = message
  }
}

extension String {
  /// At most 120 Unicode scalars of the text.
  ///
  /// - Complexity: O(1) in the text's length.
  var shortened: String {
    let shown = unicodeScalars.prefix(120)
    return shown.endIndex == endIndex ? self : String(shown) + "…"
  }
}

extension Value {
  /// The value as a finding shows it.
  fileprivate var shown: String {
    switch self {
    case .null: "NULL"
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .text(let text): text
    case .blob(let bytes): "a blob of \(bytes.count) bytes"
    }
  }
}

/// Where a migration saw an entity, as the ledger knows.
public struct EntityOrigin: Sendable, Hashable {
  /// What became of it.
  public enum Outcome: Sendable, Hashable {
    /// It was written; where it is missing now, it was deleted since.
    case migrated
    /// It was left out of the newest migration.
    case failed
  }

  /// What became of it.
  public var outcome: Outcome
  /// The run.
  public var run: Int64
  /// The source directory of the run, as given.
  public var source: String
  /// The file's path relative to the source directory.
  public var path: String
}

/// Looks up where entities came from; a ledger that cannot be read knows nothing.
struct EntityOrigins {
  private let context: AuditContext
  /// What the newest migration left out, by kind and id.
  private let failed: [EntityKind: [String: EntityOrigin]]

  /// How many entities that failed are remembered.
  private static let failuresKept = 10_000

  init(_ context: AuditContext) throws {
    self.context = context
    failed = try Self.ifReadable { try Self.failures(context) } ?? [:]
  }

  private static func failures(
    _ context: AuditContext
  ) throws -> [EntityKind: [String: EntityOrigin]] {
    guard context.hasLedger,
      let newest = try context.reader.runs(limit: nil).first(where: { $0.command == "migrate" })
    else { return [:] }
    var failed: [EntityKind: [String: EntityOrigin]] = [:]
    var count = 0
    try context.reader.forEachIssue(ofRun: newest.id) { issue in
      guard issue.severity == .error, count < failuresKept, let kind = issue.kind,
        let id = issue.id, failed[kind]?[id] == nil
      else { return }
      count += 1
      failed[kind, default: [:]][id] = EntityOrigin(
        outcome: .failed, run: newest.id, source: newest.source, path: issue.source ?? "")
    }
    return failed
  }

  /// What is wrong with the ledger its own rules report.
  private static func ifReadable<Result>(_ body: () throws -> Result?) throws -> Result? {
    do {
      return try body()
    } catch let error as StoreError where [.corrupt, .other, .unusableSchema].contains(error.code) {
      return nil
    }
  }

  /// Where an entity came from; `nil` if the ledger knows nothing of it.
  subscript(kind: EntityKind, id: String) -> EntityOrigin? {
    get throws {
      guard context.hasLedger else { return nil }
      let origin = try Self.ifReadable { () -> EntityOrigin? in
        guard let provenance = try context.reader.provenance(kind, id: id) else { return nil }
        let run = try context.reader.run(provenance.run)
        return EntityOrigin(
          outcome: .migrated, run: provenance.run, source: run?.source ?? "",
          path: provenance.path)
      }
      return origin ?? failed[kind]?[id]
    }
  }
}
