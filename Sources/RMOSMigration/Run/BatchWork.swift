import RMOSModels
import RMOSStore

/// What one batch comes to: each entity decided and, through `write`, carried out.
///
/// Made within the batch's transaction; nothing of it counts before that is committed.
struct BatchWork {
  /// What is done to the store for an entity.
  enum Writing {
    case insert, update
  }

  private(set) var statistics = MigrationStatistics()
  private(set) var issueCounts: [IssueCode: Int] = [:]
  /// The issues, in order.
  private(set) var issues: [Issue] = []
  /// How many issues of severity info were counted and not told.
  private(set) var informationCount = 0
  /// Why the run is to end after this batch.
  private(set) var ending: MigrationSummary.Ending?
  /// The kind's reference fields: position and what they refer to.
  private let references: [(field: Int, target: EntityKind)]
  /// For each entity its outcome and where its issues end in ``issues``.
  private var outcomes: [(outcome: Outcome, issuesEnd: Int)] = []

  init(
    _ run: MigrationRun, _ delivery: SourceReader.Delivery, _ knowledge: some KnowledgeSource,
    write: (Int, Writing) throws -> Void
  ) throws {
    let batch = delivery.batch
    let schema = batch.kind.schema
    references = schema.references.compactMap { field in
      guard case .reference(let target) = schema.fields[field].type else { return nil }
      return (field, target)
    }
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
      let outcome = try decide(run, batch, index, knowledge, write)
      statistics.add(outcome, of: batch.kind)
      outcomes.append((outcome, issues.count))
      guard outcome == .failed else { continue }
      let id = batch.entries[index].id
      if !id.isEmpty { run.failedIDs.insert(batch.kind, batch.arena[id.range]) }
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
    _ write: (Int, Writing) throws -> Void
  ) throws -> Outcome {
    let entry = batch.entries[index]
    for issue in batch.issues[entry.issues] { add(issue) }
    if entry.isFailed {
      let missing = try missingReferences(run, batch, index, knowledge)
      // All that is wrong with it is told at once.
      for issue in run.planner.remaining(batch, index, missingReferences: missing) { add(issue) }
      return .failed
    }
    let decision = run.planner.decide(
      batch, index, try self.knowledge(run, batch, index, knowledge))
    for issue in decision.issues { add(issue) }
    if let code = decision.counted {
      issueCounts[code, default: 0] += 1
      informationCount += 1
    }
    switch decision.action {
    case .skip:
      run.decide(batch, at: index)
      return .skipped
    case .reject: return .failed
    case .insert, .update:
      let isUpdate = decision.action == .update
      do {
        try write(index, isUpdate ? .update : .insert)
        run.decide(batch, at: index)
        return isUpdate ? .updated : .migrated
      } catch let error as StoreError where error.concernsOneRecord {
        add(
          run.planner.issue(
            batch, index, .error, .storeRejected, at: entry.place, field: nil,
            "the store refuses it: \(error.message)"))
        return .failed
      }
    }
  }

  private func knowledge(
    _ run: MigrationRun, _ batch: RecordBatch, _ index: Int, _ knowledge: some KnowledgeSource
  ) throws -> Planner.Knowledge {
    var known = Planner.Knowledge(
      comparison: try knowledge.comparison(of: batch, at: index),
      missingReferences: try missingReferences(run, batch, index, knowledge),
      isRepeated: run.hasDecided(batch, at: index))
    if case .differs = known.comparison, run.planner.duplicates == .update, !known.isRepeated {
      known.editState = try knowledge.editState(batch.kind, id: batch.text(batch.entries[index].id))
    }
    return known
  }

  private func missingReferences(
    _ run: MigrationRun, _ batch: RecordBatch, _ index: Int, _ knowledge: some KnowledgeSource
  ) throws -> [(reference: Int, hasFailed: Bool)] {
    var missing: [(reference: Int, hasFailed: Bool)] = []
    for (reference, (field, target)) in references.enumerated() {
      guard case .text(let span) = batch.cells[index * batch.fieldCount + field],
        try !knowledge.contains(target, id: batch.arena.span.extracting(span.range))
      else { continue }
      missing.append((reference, run.failedIDs.contains(target, batch.arena[span.range])))
    }
    return missing
  }

  /// The entities that failed, by position in the batch, each with what was reported of it.
  var failures: [(index: Int, issues: ArraySlice<Issue>)] {
    var failures: [(index: Int, issues: ArraySlice<Issue>)] = []
    var start = 0
    for (index, (outcome, issuesEnd)) in outcomes.enumerated() {
      if outcome == .failed {
        // Between the entities' issues stand those that concern none.
        let own = issues[start..<issuesEnd].filter { !$0.code.concernsSource }
        failures.append((index, own[...]))
      }
      start = issuesEnd
    }
    return failures
  }

  /// Tells an observer of the issues and outcomes it wants, in order.
  func tell(
    _ observer: (MigrationEvent) -> Void, _ batch: RecordBatch,
    _ events: MigrationOptions.ObservedEvents
  ) {
    func tell(_ issues: ArraySlice<Issue>) {
      for issue in issues where issue.severity != .info || events.contains(.information) {
        observer(.issue(issue))
      }
    }
    guard events.contains(.outcomes) else { return tell(issues[...]) }
    var next = 0
    for (index, (outcome, issuesEnd)) in outcomes.enumerated() {
      tell(issues[next..<issuesEnd])
      next = issuesEnd
      observer(
        .outcome(
          EntityOutcome(
            kind: batch.kind, id: batch.id(at: index),
            source: batch.sources[batch.entries[index].source], locator: batch.locator(at: index),
            outcome: outcome)))
    }
    tell(issues[next...])
  }
}
