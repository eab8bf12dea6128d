import RMOSModels
import RMOSStore

/// What one batch comes to: each entity decided and, through `insert`, carried out.
///
/// Made within the batch's transaction; nothing of it counts before that is committed.
struct BatchWork {
  private(set) var statistics = MigrationStatistics()
  private(set) var issueCounts: [IssueCode: Int] = [:]
  /// The issues, in order.
  private(set) var issues: [Issue] = []
  /// Why the run is to end after this batch.
  private(set) var ending: MigrationSummary.Ending?
  /// For each entity its outcome and where its issues end in ``issues``.
  private var outcomes: [(outcome: Outcome, issuesEnd: Int)] = []

  init(
    _ run: MigrationRun, _ delivery: SourceReader.Delivery, _ knowledge: some KnowledgeSource,
    insert: (Int) throws -> Void
  ) throws {
    let batch = delivery.batch
    let failedBefore = run.tally.statistics.total.failed
    var remarks = delivery.remarks[...]
    outcomes.reserveCapacity(batch.count)
    for index in 0..<batch.count {
      if index % 64 == 0, run.isCancelled() {
        ending = .interrupted
        break
      }
      while let remark = remarks.first, remark.position <= index {
        add(remark.issue)
        remarks.removeFirst()
      }
      let outcome = try decide(run, batch, index, knowledge, insert)
      statistics.add(outcome, of: batch.kind)
      outcomes.append((outcome, issues.count))
      guard outcome == .failed else { continue }
      let id = batch.entries[index].id
      if !id.isEmpty { run.remember(failed: batch.arena[id.range], batch.kind) }
      if let limit = run.options.maxErrors, failedBefore + statistics.total.failed > limit {
        ending = .tooManyErrors
        break
      }
    }
    if ending == nil { remarks.forEach { add($0.issue) } }
    if ending == nil, run.isCancelled() { ending = .interrupted }
  }

  private mutating func add(_ issue: Issue) {
    issues.append(issue)
    issueCounts[issue.code, default: 0] += 1
  }

  private mutating func decide(
    _ run: MigrationRun, _ batch: RecordBatch, _ index: Int, _ knowledge: some KnowledgeSource,
    _ insert: (Int) throws -> Void
  ) throws -> Outcome {
    let entry = batch.entries[index]
    for issue in batch.issues[entry.issues] { add(issue) }
    if entry.isFailed { return .failed }
    let decision = run.planner.decide(
      batch, index,
      Planner.Knowledge(
        comparison: try knowledge.comparison(of: batch, at: index),
        missingReferences: try missingReferences(run, batch, index, knowledge)))
    for issue in decision.issues { add(issue) }
    switch decision.action {
    case .skip: return .skipped
    case .reject: return .failed
    case .insert:
      do {
        try insert(index)
        return .migrated
      } catch let error as StoreError where error.concernsOneRecord {
        add(
          run.planner.issue(
            batch, index, .error, .storeRejected, at: entry.place, field: nil,
            "the store refuses it: \(error.message)"))
        return .failed
      }
    }
  }

  private func missingReferences(
    _ run: MigrationRun, _ batch: RecordBatch, _ index: Int, _ knowledge: some KnowledgeSource
  ) throws -> [(reference: Int, hasFailed: Bool)] {
    let schema = batch.kind.schema
    var missing: [(reference: Int, hasFailed: Bool)] = []
    for (reference, field) in schema.references.enumerated() {
      guard case .reference(let target) = schema.fields[field].type,
        case .text(let span) = batch.cells[index * schema.fields.count + field],
        try !knowledge.contains(target, id: batch.arena.span.extracting(span.range))
      else { continue }
      missing.append((reference, run.hasFailed(target, batch.arena[span.range])))
    }
    return missing
  }

  /// Tells an observer of every issue and outcome, in order.
  func tell(_ observer: (MigrationEvent) -> Void, _ batch: RecordBatch) {
    var next = 0
    for (index, (outcome, issuesEnd)) in outcomes.enumerated() {
      for issue in issues[next..<issuesEnd] { observer(.issue(issue)) }
      next = issuesEnd
      observer(
        .outcome(
          EntityOutcome(
            kind: batch.kind, id: batch.id(at: index),
            source: batch.sources[batch.entries[index].source], locator: batch.locator(at: index),
            outcome: outcome)))
    }
    for issue in issues[next...] { observer(.issue(issue)) }
  }
}
