import RMOSModels

/// The ids that a run remembers, of what is committed.
struct RunMemory {
  /// The maximum number of failed ids that are kept.
  private static let failedLimit = 100_000

  /// The ids that failed, so that a reference to one can say so.
  private var failed: [EntityKind: Set<[UInt8]>] = [:]
  private var failedCount = 0
  /// The kinds of which something failed whose id is not known.
  private var namelessKinds: Set<EntityKind> = []
  /// The ids of ``decidedKind`` that an entity of this run has been decided for; kept only if rows
  /// are rewritten, because later entities with the same id must not rewrite them again.
  private var decided = IDTable()
  private var decidedKind: EntityKind?
  private let keepsDecided: Bool

  /// Creates an empty memory.
  ///
  /// - Parameter keepsDecided: Whether the run rewrites rows.
  init(keepsDecided: Bool) { self.keepsDecided = keepsDecided }

  /// Whether something failed under this id in this run.
  func hasFailed(_ kind: EntityKind, _ id: some Collection<UInt8>) -> Bool {
    failed[kind]?.contains(Array(id)) ?? false
  }

  /// Whether something of a kind failed whose id is not known, such as a file that is not JSON.
  func hasFailedNameless(_ kind: EntityKind) -> Bool { namelessKinds.contains(kind) }

  /// Whether an entity of this run has determined the row with this id; the first valid one does.
  func hasDecided(_ kind: EntityKind, _ id: IDTable.Key) -> Bool {
    kind == decidedKind && decided[id] != nil
  }

  /// Adds the results of a batch.
  mutating func add(_ result: BatchResult, of batch: RecordBatch) {
    if batch.kind != decidedKind { (decidedKind, decided) = (batch.kind, IDTable()) }
    for (index, result) in result.outcomes.enumerated() {
      let id = batch.entries[index].id
      if id.isEmpty {
        if result.outcome == .failed { namelessKinds.insert(batch.kind) }
        continue
      }
      if result.outcome == .failed {
        remember(failed: batch.arena[id.range], batch.kind)
      } else if keepsDecided {
        decided.insert(batch.idKey(at: index))
      }
    }
  }

  private mutating func remember(failed id: ArraySlice<UInt8>, _ kind: EntityKind) {
    guard failedCount < Self.failedLimit, failed[kind, default: []].insert(Array(id)).inserted
    else { return }
    failedCount += 1
  }
}
