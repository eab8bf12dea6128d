import RMOSModels
import RMOSStore

/// The target of a real run: the transaction sees its own writes.
struct TransactionTarget: EntityTarget {
  let transaction: any StoreTransaction
  let lines: SourceLines
  let sources: EarlierSources
  /// The run's number in the ledger.
  let run: Int64
  /// When it began.
  let startedAt: String
  /// The runs with which this run's failures are compared.
  let baseline: [Int64]
  /// Called before each change.
  let willChange: () throws -> Void

  var usesFailureDigests: Bool { true }

  func knownFailures(among digests: [Provenance.Digest]) throws -> Set<Provenance.Digest> {
    try transaction.failures(ofRuns: baseline, among: digests)
  }

  func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    try transaction.facts(of: batch, in: range)
  }

  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    try transaction.contains(kind, id: id)
  }

  func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    try transaction.editState(kind, id: id)
  }

  func origin(of batch: RecordBatch, at index: Int) throws -> StoredOrigin? {
    guard let id = batch.id(at: index),
      let provenance = try transaction.provenance(batch.kind, id: id)
    else { return nil }
    let isOfThisRun = provenance.run == run
    var origin = StoredOrigin(
      provenance,
      of: isOfThisRun ? nil : try sources.otherSource(of: provenance.run, in: transaction),
      isOfThisRun: isOfThisRun, lines)
    if let row = try transaction.record(batch.kind, id: id) {
      origin.compare(row, with: batch, at: index)
    }
    return origin
  }

  func insert(_ batch: SourceBatch, at indices: [Int]) throws -> [Int: StoreError] {
    try willChange()
    return try transaction.insert(batch.records, at: indices, run: run)
  }

  func update(_ batch: SourceBatch, at index: Int) throws {
    try willChange()
    try transaction.update(batch.records, at: index, run: run, startedAt: startedAt)
  }
}
