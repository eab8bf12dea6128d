import RMOSModels
import RMOSStore

/// Migrates one batch: looks up the facts, has the planner decide, and carries out its decisions.
struct BatchExecutor {
  let planner: Planner
  /// The number of failed entities tolerated; `nil` for any number.
  let maxErrors: Int?
  let isCancelled: () -> Bool
  let digester: FailureDigester

  /// The maximum number of entities planned at once; cancellation is checked between such steps.
  ///
  /// A store on a server answers a step in a few round trips, however many entities it has.
  static let step = 512

  /// Migrates a batch.
  ///
  /// Changes nothing but the target, so a transaction that is rolled back leaves no trace.
  ///
  /// - Parameters:
  ///   - batch: The batch.
  ///   - target: Where its entities go.
  ///   - memory: The ids that the run remembers from committed batches.
  ///   - failedBefore: The number of entities that have failed before.
  /// - Returns: The results.
  /// - Throws: `StoreError` if the store fails; ``MigrationError``.
  func execute(
    _ batch: SourceBatch, in target: some EntityTarget, _ memory: RunMemory, failedBefore: Int
  ) throws -> BatchResult {
    let work = Work(batch: batch, executor: self, target: target, memory: memory)
    let records = batch.records
    var start = 0
    while start < records.count, work.result.ending == nil {
      if isCancelled() {
        work.result.ending = .interrupted
        break
      }
      var range = nextRange(of: records, from: start)
      if let maxErrors {
        // Plan no more entities than it takes to end the run if all of them fail: nothing after
        // that failure may be written.
        let left = maxErrors - failedBefore - work.result.counts.failed
        if left < range.count { range = start..<start + max(0, left) + 1 }
      }
      try work.run(range, failedBefore: failedBefore)
      start = range.upperBound
    }
    if work.result.ending == nil { work.addNotices(before: nil) }
    if work.result.ending == nil, isCancelled() { work.result.ending = .interrupted }
    return work.result
  }

  /// The entities from `start` on that can be planned at once: no two of them have the same id.
  ///
  /// None refers to another, since a kind refers only to kinds before it.
  private func nextRange(of records: RecordBatch, from start: Int) -> Range<Int> {
    let end = min(start + Self.step, records.count)
    if records.idsAscend(in: start..<end) { return start..<end }
    var hashes = Set<IDHash>(minimumCapacity: Self.step)
    for index in start..<end {
      let id = records.entries[index].id
      if id.isEmpty { continue }
      // A collision of two hashes only makes the range shorter.
      let hash = IDHash(records.arena.span.extracting(id.range))
      if !hashes.insert(hash).inserted { return start..<index }
    }
    return start..<end
  }

  /// The state while a batch is executed.
  private final class Work<Target: EntityTarget> {
    let batch: SourceBatch
    let executor: BatchExecutor
    let target: Target
    let memory: RunMemory
    var result = BatchResult()
    private var notices: ArraySlice<(position: Int, issue: Issue)>
    /// The ids for which an entity of the batch has been decided, if the run rewrites rows.
    private var decided: Set<IDTable.Key> = []

    init(batch: SourceBatch, executor: BatchExecutor, target: Target, memory: RunMemory) {
      self.batch = batch
      self.executor = executor
      self.target = target
      self.memory = memory
      notices = batch.notices[...]
    }

    private var rewrites: Bool { executor.planner.duplicates == .update }

    /// Plans a range of entities and carries out the decisions.
    func run(_ range: Range<Int>, failedBefore: Int) throws {
      let stored = try target.facts(of: batch.records, in: range)
      if skipIdentical(range, stored) { return }
      let decisions = executor.planner.plan(
        range, of: batch.records, try facts(stored, in: range))
      let inserted = range.filter { decisions[$0 - range.lowerBound].action == .insert }
      let refusals = inserted.isEmpty ? [:] : try target.insert(batch, at: inserted)
      for (index, decision) in zip(range, decisions) {
        addNotices(before: index + 1)
        try finish(decision, refusedWith: refusals[index], at: index)
      }
      try compareFailures(in: range, stored)
      if let limit = executor.maxErrors, failedBefore + result.counts.failed > limit {
        result.ending = .tooManyErrors
      }
    }

    /// Skips the entities of a range if the store has all of them with the same content, as in most
    /// of a run over a source that was migrated before.
    ///
    /// - Returns: `false`, without having done anything, if entities must be planned one by one.
    private func skipIdentical(_ range: Range<Int>, _ stored: [StoredFacts]) -> Bool {
      let records = batch.records
      guard !rewrites, let counted = executor.planner.countedIfIdentical,
        zip(range, stored).allSatisfy({ index, facts in
          facts.isIdentical && !records.entries[index].isFailed
        })
      else { return false }
      for index in range {
        addNotices(before: index + 1)
        result.add(.skipped, records.issues[records.entries[index].issues])
      }
      result.add(counted, times: range.count)
      return true
    }

    /// Marks the failures in a range as known or new.
    ///
    /// No two entities in the range have the same id, so whether the store has an id depends only
    /// on the entities before it, not on where batches end.
    private func compareFailures(in range: Range<Int>, _ stored: [StoredFacts]) throws {
      let failed = range.filter { result.outcomes[$0].outcome == .failed }
      if failed.isEmpty { return }
      let digests =
        target.usesFailureDigests
        ? failed.map { index in
          executor.digester.digest(of: batch, at: index, result.issues(ofEntity: index))
        } : []
      let known = try target.knownFailures(among: digests)
      for (position, index) in failed.enumerated() {
        let isThere = stored[index - range.lowerBound].comparison != .absent
        let isKnown =
          isThere && !isDuplicate(index)
          || digests.indices.contains(position) && known.contains(digests[position])
        result.mark(failed: index, isNew: !isKnown)
      }
      result.failureDigests += digests
    }

    /// Whether an entity failed because its id is taken.
    private func isDuplicate(_ index: Int) -> Bool {
      result.issues(ofEntity: index).contains {
        $0.severity == .error && ($0.code == .duplicateIdentical || $0.code == .duplicateDiffers)
      }
    }

    /// Adds the issues that come before the entity at `index`, or all that are left if it is `nil`.
    func addNotices(before index: Int?) {
      while let notice = notices.first, index.map({ notice.position < $0 }) ?? true {
        result.add(notice: notice.issue)
        notices.removeFirst()
      }
    }

    private func facts(_ stored: [StoredFacts], in range: Range<Int>) throws -> [EntityFacts] {
      var facts = try zip(range, stored).map { index, stored in
        let isRepeated =
          rewrites
          && (memory.hasDecided(batch.records.kind, batch.records.idKey(at: index))
            || decided.contains(batch.records.idKey(at: index)))
        return try EntityFacts(
          stored, at: index, of: batch.records, in: target, memory, isRepeated: isRepeated,
          rewrites: rewrites)
      }
      if target.mayHaveEarlierRows { try findTwins(of: &facts, in: range) }
      return facts
    }

    /// Finds the rows of what is read with a new id, though an earlier run has read the same bytes
    /// with another: without a mapping, or by the name of a member that is no id.
    private func findTwins(of facts: inout [EntityFacts], in range: Range<Int>) throws {
      let records = batch.records
      var (positions, ids): ([Int], [String]) = ([], [])
      for (position, index) in range.enumerated() where records.mayHaveHadAnotherID(at: index) {
        guard !records.entries[index].isFailed, facts[position].missingReferences.isEmpty,
          facts[position].comparison == .absent
        else { continue }
        for id in records.otherIDs(at: index) {
          positions.append(position)
          ids.append(id)
        }
      }
      if ids.isEmpty { return }
      for (position, twin) in zip(positions, try target.provenance(records.kind, ids: ids)) {
        let entry = records.entries[range.lowerBound + position]
        guard let twin, twin.byteOffset == entry.place.offset,
          twin.sha256 == records.digest(at: range.lowerBound + position),
          twin.path == records.sources[entry.source],
          // Another program may have deleted the row.
          try target.contains(records.kind, id: Array(twin.entityID.utf8).span)
        else { continue }
        facts[position].twin = twin
      }
    }

    /// Carries out the rest of a decision, and adds the entity to the results.
    ///
    /// - Parameters:
    ///   - planned: The decision.
    ///   - refusal: Why the store refused to insert the entity; `nil` if it did not.
    ///   - index: The position of the entity.
    /// - Throws: What the target throws.
    private func finish(
      _ planned: Planner.Decision, refusedWith refusal: StoreError?, at index: Int
    ) throws {
      var (decision, refusal) = (planned, refusal)
      var issues = Array(batch.records.issues[batch.records.entries[index].issues])
      if refusal?.code == .duplicateID {
        // Only a trigger of another application can have added the row meanwhile.
        let range = index..<index + 1
        let facts = try facts(target.facts(of: batch.records, in: range), in: range)
        decision = executor.planner.plan(range, of: batch.records, facts)[0]
        refusal = decision.action == .insert ? try target.insert(batch, at: [index])[index] : nil
      }
      if decision.action == .update {
        refusal = try refusing { try target.update(batch, at: index) }
      }
      issues += decision.issues
      let outcome: Outcome
      if let refusal {
        issues.append(
          batch.records.issue(
            at: index, .error, .storeRejected, "the store rejected it: \(refusal.message)"))
        outcome = .failed
      } else {
        outcome = decision.action.outcome
      }
      if rewrites, outcome != .failed { decided.insert(batch.records.idKey(at: index)) }
      result.add(outcome, issues)
      if let counted = decision.counted { result.add(counted, times: 1) }
      let kept = batch.records.entries[index].unknownMembers
      if !kept.isEmpty, outcome == .migrated || outcome == .updated {
        result.keptMembers.add(batch.records.arena[kept.range], of: batch.records.kind)
      }
    }

    /// Runs `body` and returns the error if the store rejects just the one record.
    private func refusing(_ body: () throws -> Void) throws -> StoreError? {
      do {
        try body()
        return nil
      } catch let error as StoreError where error.concernsOneRecord {
        return error
      }
    }
  }
}

extension Planner.Action {
  /// The outcome of an entity once the action is done.
  fileprivate var outcome: Outcome {
    switch self {
    case .insert: .migrated
    case .update: .updated
    case .skip: .skipped
    case .reject: .failed
    }
  }
}

/// The results of a batch.
struct BatchResult {
  /// The outcome of one entity, and which of ``BatchResult/issues`` are about it.
  struct EntityResult {
    var outcome: Outcome
    var issues: Range<Int>
  }

  private(set) var counts = MigrationStatistics.Counts()
  private(set) var issueCounts: [IssueCode: Int] = [:]
  /// The issues in order, including issues without an entity.
  private(set) var issues: [Issue] = []
  /// How many issues of severity info were counted but not reported.
  private(set) var unreportedInformation = 0
  /// The outcomes of the entities, in order.
  private(set) var outcomes: [EntityResult] = []
  /// The digests by which later runs recognize the failures.
  var failureDigests: [Provenance.Digest] = []
  /// The number of failed entities that are new.
  private(set) var failedNew = 0
  /// The unknown members that were kept with the entities written.
  var keptMembers = KeptMembers()
  /// How the run ends after this batch; `nil` if it continues.
  var ending: MigrationSummary.Ending?

  /// Whether the batch writes anything besides counts and issues to the store.
  var changesStore: Bool { counts.skipped < counts.found || !failureDigests.isEmpty }

  /// Adds an issue that concerns no entity.
  mutating func add(notice: Issue) { add(notice) }

  /// Adds the outcome of the next entity.
  mutating func add(_ outcome: Outcome, _ issues: some Sequence<Issue>) {
    let start = self.issues.count
    for issue in issues { add(issue) }
    counts.add(outcome)
    outcomes.append(EntityResult(outcome: outcome, issues: start..<self.issues.count))
  }

  /// Counts issues of severity info without reporting them.
  mutating func add(_ code: IssueCode, times count: Int) {
    issueCounts[code, default: 0] += count
    unreportedInformation += count
  }

  /// The issues of the entity at a position in the batch.
  func issues(ofEntity index: Int) -> ArraySlice<Issue> { issues[outcomes[index].issues] }

  /// Marks a failed entity as new or known.
  mutating func mark(failed index: Int, isNew: Bool) {
    if isNew { failedNew += 1 }
    // Only errors count as reasons for the failure; entities that succeed may have the same
    // warnings.
    for position in outcomes[index].issues where issues[position].severity == .error {
      issues[position].isNew = isNew
    }
  }

  private mutating func add(_ issue: Issue) {
    issues.append(issue)
    issueCounts[issue.code, default: 0] += 1
  }

  /// The entities that failed, by position in the batch, each with its issues.
  var failures: [(index: Int, issues: ArraySlice<Issue>)] {
    outcomes.indices.compactMap { index in
      outcomes[index].outcome == .failed ? (index, issues[outcomes[index].issues]) : nil
    }
  }

  /// Reports the issues and outcomes that an observer wants, in order.
  func report(
    to observer: (MigrationEvent) -> Void, _ batch: RecordBatch,
    _ events: Set<Migration.Options.ObservedEvent>
  ) {
    let reportsInformation = events.contains(.information)
    func report(_ range: Range<Int>) {
      for issue in issues[range] where issue.severity != .info || reportsInformation {
        observer(.issue(issue))
      }
    }
    guard events.contains(.outcomes) else { return report(issues.indices) }
    var next = 0
    for (index, result) in outcomes.enumerated() {
      report(next..<result.issues.upperBound)
      next = result.issues.upperBound
      observer(
        .outcome(
          result.outcome, kind: batch.kind, id: batch.id(at: index),
          source: batch.sources[batch.entries[index].source], locator: batch.locator(at: index)))
    }
    report(next..<issues.count)
  }
}
