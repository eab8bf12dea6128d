public import RMOSModels
public import RMOSStore

/// A quick look at a store: its schema, its last run, and whether references lead somewhere.
///
/// Schema and runs are checked whole. References are looked up in order of the ids they name, for as long
/// as the time allows; what was not looked at is said. An ``Auditor`` checks everything, and a
/// ``HealthReport`` as much of it as there is time for.
///
/// ```swift
/// let health = try StoreHealth(of: store, seconds: 0.02)
/// if !health.errors.isEmpty { print(health.errors.joined(separator: "\n")) }
/// ```
public struct StoreHealth: Sendable, Hashable {
  /// What was seen of the references in one field.
  public struct References: Sendable, Hashable {
    /// The kind whose rows refer.
    public var kind: EntityKind
    /// The member that refers, such as `pattern_id`.
    public var member: String
    /// What it refers to.
    public var target: EntityKind
    /// How many rows with a reference were looked at.
    public var checked = 0
    /// How many of them refer to what is not there.
    public var dangling = 0
    /// The first id that is referred to and not there, in byte order.
    public var firstMissing: String?
    /// Whether all rows were looked at.
    public var isComplete = true
  }

  /// What is wrong or may be wrong with the schema.
  public var schema: [AuditFinding] = []
  /// Runs that did not come to their end, or left something out.
  public var runs: [AuditFinding] = []
  /// Each field that refers to another kind.
  public var references: [References] = []

  /// Whether everything was looked at that this check looks at.
  public var isComplete: Bool { references.allSatisfy(\.isComplete) }

  /// How many rows looked at refer to what is not there.
  public var danglingReferences: Int { references.reduce(0) { $0 + $1.dangling } }

  /// What is wrong, a sentence each.
  public var errors: [String] {
    (schema + runs).filter { $0.severity == .error }.map(\.message)
      + references.filter { $0.dangling > 0 }.map(\.message)
  }

  /// What may be wrong, or was not looked at, a sentence each.
  public var warnings: [String] {
    var warnings = (schema + runs).filter { $0.severity == .warning }.map(\.message)
    if !isComplete {
      let checked = references.reduce(0) { $0 + $1.checked }
      warnings.append(
        "only \(PlainText.grouped(checked)) references were looked up in the time for a quick "
          + "check; an audit looks up all")
    }
    return warnings
  }

  /// Looks at a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - seconds: How long to look references up, about; nil for as long as it takes.
  /// - Throws: `StoreError` where the store cannot be read.
  /// - Complexity: O(n log n) in the rows, within the time; constant memory.
  public init(of store: some RecordStore, seconds: Double? = 0.02) throws {
    // Asked first: a run that ends after that shows as ended.
    let hasWriter = store.hasWriter ?? true
    try store.read { reader in
      let log = AuditLog(
        rules: SchemaCheck().rules + RunCheck().rules + IntegrityCheck().rules, limit: 100)
      let context = try AuditContext(reader, log: log, hasWriter: hasWriter)
      try context.run(SchemaCheck())
      try context.run(RunCheck())
      let results = log.results()
      let ofRuns = Set(RunCheck().rules)
      runs = results.filter { ofRuns.contains($0.rule) }.flatMap(\.findings)
      schema = results.filter { !ofRuns.contains($0.rule) }.flatMap(\.findings)
      try lookUp(context, seconds: seconds)
    }
  }

  private mutating func lookUp(_ context: AuditContext, seconds: Double?) throws {
    let fields = EntityKind.allCases.flatMap { kind in
      kind.schema.references.map { (kind: kind, position: $0) }
    }
    let end = seconds.map { ContinuousClock.now + .seconds(max(0, $0)) }
    for (index, (kind, position)) in fields.enumerated() {
      let field = kind.schema.fields[position]
      guard case .reference(let target) = field.type, context.isReadable(kind),
        context.isReadable(target), context.has(kind, column: field.column),
        context.has(target, column: "id")
      else { continue }
      var references = References(kind: kind, member: field.member, target: target)
      // An equal share of what is left, so that no field goes without.
      let now = ContinuousClock.now
      let deadline = end.map { now + ($0 - now) / (fields.count - index) }
      references.isComplete = try context.forEachReference(
        of: kind, position, in: target, until: deadline ?? now + .seconds(1_000_000)
      ) { reference, rows, isDangling in
        references.checked += rows
        guard isDangling else { return }
        references.dangling += rows
        if let first = references.firstMissing,
          !reference.utf8.lexicographicallyPrecedes(first.utf8)
        {
          return
        }
        references.firstMissing = reference
      }
      self.references.append(references)
    }
  }
}

extension StoreHealth.References {
  var message: String {
    let names =
      dangling == 1
      ? "1 \(kind.schema.singular) refers"
      : "\(PlainText.grouped(dangling)) \(kind.schema.plural) refer"
    let first = firstMissing.map { ", the first \(Violation.quoted($0))" } ?? ""
    return "\(names) by '\(member)' to \(target.schema.plural) that are not there\(first)"
  }
}

extension AuditContext {
  /// Calls `body` with references, how many rows hold each and whether it leads nowhere.
  ///
  /// - Returns: Whether all were told before the time was up.
  fileprivate func forEachReference(
    of kind: EntityKind, _ position: Int, in target: EntityKind,
    until deadline: ContinuousClock.Instant,
    _ body: (_ reference: String, _ rows: Int, _ isDangling: Bool) throws -> Void
  ) throws -> Bool {
    if let inspector {
      return try inspector.forEachReference(of: kind, field: position, until: deadline, body)
    }
    struct OutOfTime: Error {}
    var rows = 0
    do {
      try reader.forEachRecord(kind) { record in
        // Now and then: a small store is looked at whole, however slow the machine is.
        rows += 1
        if rows % 256 == 0, ContinuousClock.now >= deadline { throw OutOfTime() }
        guard case .text(let reference) = record.values[position] else { return }
        try body(reference, 1, !reader.contains(target, id: reference))
      }
      return true
    } catch is OutOfTime {
      return false
    }
  }
}
