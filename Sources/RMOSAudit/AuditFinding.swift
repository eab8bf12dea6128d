public import RMOSModels
import RMOSStore
import RMOSSystem

/// A violation of a rule, with its place in the database.
public struct AuditFinding: Sendable, Hashable {
  /// A repair that ``AuditReport/repairPlan`` can propose.
  public enum Repair: Sendable, Hashable {
    /// Run a statement, given without its semicolon.
    case sql(String)
    /// Set the references in `column` to missing entities to NULL.
    case clearReference(kind: EntityKind, column: String, target: EntityKind)
    /// Remove the white space around an id.
    case trimID(kind: EntityKind, id: String, to: String)
  }

  /// The severity.
  public var severity: Severity
  /// The code of the rule.
  public var code: String
  /// The kind of entity, if it is about one.
  public var kind: EntityKind?
  /// The table, if it is about one.
  public var table: String?
  /// The id of the entity that the finding is about, if it has one.
  public var id: String?
  /// The row's number in its table (SQLite's rowid), if known.
  public var row: Int64?
  /// The column, if it is about one.
  public var column: String?
  /// The value found, shortened.
  public var found: String?
  /// The value expected, shortened.
  public var expected: String?
  /// A human-readable description: what is wrong, and how to fix it.
  public var message: String
  /// The repair that a plan proposes; `nil` if a person must decide.
  public var repair: Repair?
  /// The origin of the missing target of a reference, of a deleted entity, or of an entity with
  /// white space around its id.
  package var origin: FindingOrigin?
  /// The origin of the row itself, if it was edited since: migrating its file again restores it.
  var edited: FindingOrigin?

  /// Creates a finding of a rule of your own.
  ///
  /// - Parameters:
  ///   - rule: The rule, whose severity it has.
  ///   - record: The row it is about, if any.
  ///   - member: The member of that row, such as `ring_count`.
  ///   - expected: What was expected; shortened if it is long.
  ///   - message: What is wrong, and how to fix it.
  public init(
    of rule: AuditRule, in record: Record? = nil, member: String? = nil, expected: String? = nil,
    message: String
  ) {
    let position = member.flatMap { record?.kind.schema.position(ofMember: $0) }
    let field = position.flatMap { record?.kind.schema.fields[$0] }
    let value = position.flatMap { position in record?.values[position] }
    self.init(
      rule.severity, rule, kind: record?.kind, id: record?.id, column: field?.column,
      found: value.map { $0.asFound }, expected: expected, message)
  }

  init(
    _ severity: Severity, _ rule: AuditRule, kind: EntityKind? = nil, table: String? = nil,
    id: String? = nil, row: Int64? = nil, column: String? = nil, found: String? = nil,
    expected: String? = nil, repair: Repair? = nil, origin: FindingOrigin? = nil,
    edited: FindingOrigin? = nil, _ message: String
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
    self.edited = edited
    self.message = message
  }
}

extension Value {
  /// The value as a finding shows it.
  fileprivate var asFound: String {
    switch self {
    case .null: "NULL"
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .text(let text): text
    case .blob(let bytes): "a blob of \(PlainText.counted(bytes.count, "byte"))"
    }
  }
}

/// Where a migration found an entity, according to the ledger.
package struct FindingOrigin: Sendable, Hashable {
  enum Outcome: Sendable, Hashable {
    /// It was written; if it is missing now, it has been deleted since.
    case migrated
    /// It was written, and its row was edited since.
    case edited
    /// It failed in the newest migration of its source.
    case failed
  }

  var outcome: Outcome
  var run: Int64
  /// The source directory of the run, as given.
  var source: String
  /// The file's path relative to the source directory.
  var path: String
  /// The run of a server that deleted or changed it last and can be undone; `nil` if there is none.
  var undoable: Int64?
}

/// Looks up where entities came from; an unreadable ledger counts as empty.
struct FindingOrigins {
  private let context: AuditContext
  private var runs: [Int64: LedgerRun?] = [:]
  /// The entities that failed in the newest migration of each source, by kind and id; `nil` until
  /// one is looked up.
  private var failed: [EntityKind: [String: FindingOrigin]]?

  /// The maximum number of failed entities that are remembered.
  private static let failuresKept = 10_000

  init(_ context: AuditContext) { self.context = context }

  private static func failures(
    _ context: AuditContext
  ) throws -> [EntityKind: [String: FindingOrigin]] {
    guard context.hasLedger else { return [:] }
    var failed: [EntityKind: [String: FindingOrigin]] = [:]
    var count = 0
    for run in try LastMigration.all(in: context.reader).map(\.run)
    where run.statistics.total.failed > 0 && count < failuresKept {
      var query = IssueQuery(run: run.id)
      query.severity = .error
      try context.reader.forEachIssue(matching: query) { issue in
        guard count < failuresKept, let kind = issue.kind, let id = issue.id,
          failed[kind]?[id] == nil
        else { return }
        count += 1
        failed[kind, default: [:]][id] = FindingOrigin(
          outcome: .failed, run: run.id, source: run.source, path: issue.source ?? "")
      }
    }
    return failed
  }

  /// Runs `body`, ignoring errors of a damaged ledger: its own rules report them.
  private static func ifReadable(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as StoreError where [.corrupt, .other, .unusableSchema].contains(error.code) {
    }
  }

  /// Where an entity came from; `nil` if the ledger does not say.
  mutating func origin(of kind: EntityKind, _ id: String) throws -> FindingOrigin? {
    guard context.hasLedger else { return nil }
    var found: FindingOrigin?
    try Self.ifReadable {
      guard let provenance = try context.reader.provenance(kind, id: id) else { return }
      found = FindingOrigin(
        outcome: .migrated, run: provenance.run, source: try run(provenance.run)?.source ?? "",
        path: provenance.path)
      found?.undoable = try undoableRun(kind, id) { $0 == .deleted }
    }
    if let found { return found }
    if failed == nil {
      failed = [:]
      try Self.ifReadable { failed = try Self.failures(context) }
    }
    return failed?[kind]?[id]
  }

  /// Where a row came from, if it was edited since; `nil` if it was not, or the ledger does not
  /// say.
  mutating func edited(_ kind: EntityKind, _ id: String) throws -> FindingOrigin? {
    guard context.hasLedger else { return nil }
    var found: FindingOrigin?
    try Self.ifReadable {
      guard let provenance = try context.reader.provenance(kind, id: id),
        let record = try context.reader.record(kind, id: id),
        case .edited = EditState(of: record, provenance)
      else { return }
      found = FindingOrigin(
        outcome: .edited, run: provenance.run, source: try run(provenance.run)?.source ?? "",
        path: provenance.path)
      let digest = RowDigest(of: record)
      found?.undoable = try undoableRun(kind, id) { $0 == .written(digest) }
    }
    return found
  }

  private mutating func run(_ id: Int64) throws -> LedgerRun? {
    if let run = runs[id] { return run }
    let run = try context.reader.run(id)
    runs[id] = run
    return run
  }

  /// The run of a server that left an entity as it is, if that run can be undone.
  private mutating func undoableRun(
    _ kind: EntityKind, _ id: String, _ isAsLeft: (RowChange.Result) -> Bool
  ) throws -> Int64? {
    guard let last = try context.reader.changes(of: kind, id: id).first, isAsLeft(last.result),
      let run = try run(last.run), run.undoneBy == nil
    else { return nil }
    return run.id
  }
}
