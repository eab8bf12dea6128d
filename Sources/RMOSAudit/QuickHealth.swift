package import RMOSModels
package import RMOSStore

/// A quick check of a store: its schema, its last run, and whether its references point to
/// something.
///
/// Schema and runs are checked completely; references in order of the ids they name, for as long as
/// time allows.
package struct QuickHealth: Sendable, Hashable {
  /// The references in one field.
  package struct References: Sendable, Hashable {
    /// The kind whose rows refer.
    package var kind: EntityKind
    /// The member that refers, such as `pattern_id`.
    package var member: String
    /// What it refers to.
    package var target: EntityKind
    /// How many rows with a reference were checked.
    package var checked = 0
    /// How many of them refer to a missing entity.
    package var dangling = 0
    /// The first missing id that is referred to, in byte order.
    package var firstMissing: String?
    /// Whether all rows were checked.
    package var isComplete = true
  }

  /// The findings about the schema.
  package var schema: [AuditFinding] = []
  /// The findings about runs.
  package var runs: [AuditFinding] = []
  /// Each field that refers to another kind.
  package var references: [References] = []

  /// Whether all references were checked.
  package var isComplete: Bool { references.allSatisfy(\.isComplete) }

  /// How many of the rows checked refer to a missing entity.
  package var danglingReferences: Int { references.reduce(0) { $0 + $1.dangling } }

  /// The errors, one sentence each.
  package var errors: [String] {
    (schema + runs).filter { $0.severity == .error }.map(\.message)
      + references.filter { $0.dangling > 0 }.map(\.message)
  }

  /// The warnings, one sentence each.
  package var warnings: [String] {
    var warnings = (schema + runs).filter { $0.severity == .warning }.map(\.message)
    if !isComplete {
      let checked = references.reduce(0) { $0 + $1.checked }
      warnings.append(
        "only \(PlainText.grouped(checked)) references were checked in the time for a quick "
          + "check; an audit checks all")
    }
    return warnings
  }

  /// Checks a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - limit: About how long to check references; `nil` for as long as it takes.
  /// - Returns: The findings and the references checked.
  /// - Throws: `StoreError` if the store cannot be read.
  /// - Complexity: O(n log n) in the rows, within the time; constant memory.
  package static func read(
    from store: some RecordStore, referencesFor limit: Duration?
  ) throws -> QuickHealth {
    // Before reading: a run that ends after this shows as ended.
    let hasWriter = store.hasWriter ?? true
    return try store.read { reader in
      var health = QuickHealth()
      let log = AuditLog(
        rules: SchemaCheck().rules + RunCheck().rules + IntegrityCheck().rules, limit: 100)
      let context = AuditContext(
        reader, try StoreShape(reader), log: log, hasWriter: hasWriter)
      try context.run(SchemaCheck())
      try context.run(RunCheck())
      let results = log.results()
      let ofRuns = Set(RunCheck().rules)
      health.runs = results.filter { ofRuns.contains($0.rule) }.flatMap(\.findings)
      health.schema = results.filter { !ofRuns.contains($0.rule) }.flatMap(\.findings)
      try health.checkReferences(context, limit)
      return health
    }
  }

  private mutating func checkReferences(_ context: AuditContext, _ limit: Duration?) throws {
    let fields = context.reader.catalog.kinds.flatMap { kind in
      kind.schema.references.map { (kind: kind, reference: $0) }
    }
    let end = limit.map { ContinuousClock.now + max(.zero, $0) }
    for (index, (kind, reference)) in fields.enumerated() {
      let (position, target) = (reference.field, reference.target)
      let field = kind.schema.fields[position]
      guard context.has(kind, column: field.column), context.has(target, column: "id")
      else { continue }
      var references = References(kind: kind, member: field.member, target: target)
      // An equal share of the time left, so that every field gets some.
      let now = ContinuousClock.now
      let deadline = end.map { now + ($0 - now) / (fields.count - index) }
      references.isComplete = try context.inspector.forEachReference(
        of: kind, field: position, until: deadline ?? now + .seconds(1_000_000)
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

extension QuickHealth.References {
  var message: String {
    let subject =
      dangling == 1
      ? "1 \(kind.schema.singular) refers"
      : "\(PlainText.grouped(dangling)) \(kind.schema.plural) refer"
    let first = firstMissing.map { ", the first \(Violation.quoted($0))" } ?? ""
    return "\(subject) through \"\(member)\" to missing \(target.schema.plural)\(first)"
  }
}
