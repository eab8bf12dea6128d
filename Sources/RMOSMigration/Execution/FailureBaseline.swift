import RMOSModels
import RMOSStore

/// The runs with which the failures of a run are compared.
///
/// A failure is known if the newest earlier run that read the same source to its end failed the
/// same entity, byte by byte, for the same reasons, or if the store has the entity by now;
/// otherwise it is new. If something could not be read in that run, it says nothing of what lies
/// there, such as the files of a directory; then failures are also known from the newest run that
/// could read all.
struct FailureBaseline {
  /// The source, as `LedgerRun.normalized(source:)` writes it.
  private let source: String

  /// Creates the baseline of runs over a source directory.
  init(source: String) { self.source = LedgerRun.normalized(source: source) }

  /// The numbers of the runs to compare with, the newest first; none if there is none.
  func runs(in reader: any StoreReader) throws -> [Int64] {
    guard let newest = try reader.newestRun(where: isComparable) else { return [] }
    return [newest.id] + (try complement(of: newest, in: reader).map { [$0] } ?? [])
  }

  /// Removes the failures kept of older runs over the source, now that `newest`, which was compared
  /// with `baseline`, has read it to its end.
  func prune(
    for newest: LedgerRun, comparedWith baseline: [Int64], in transaction: any StoreTransaction
  ) throws {
    guard isComparable(newest) else { return }
    let kept = try complement(of: newest, in: transaction)
    // What is older than the runs that it was compared with went when those ended.
    let limit = baseline.last.map { Int(newest.id - $0) + 1 }
    for run in try transaction.runs(limit: limit)
    where run.id < newest.id && run.id != kept && run.failedNew != nil && isOfSource(run) {
      try transaction.removeFailures(ofRun: run.id)
    }
  }

  /// The newest run that could read all of the source, if `run` could not.
  private func complement(of run: LedgerRun, in reader: any StoreReader) throws -> Int64? {
    func couldReadAll(_ run: LedgerRun) -> Bool {
      run.issueCounts[.inputUnreadable, default: 0] == 0
    }
    if couldReadAll(run) { return nil }
    return try reader.newestRun { isComparable($0) && couldReadAll($0) }?.id
  }

  /// Whether a run read the source to its end, found something to read, and recorded what failed.
  ///
  /// A share that is not mounted looks like an empty source, and makes nothing new.
  private func isComparable(_ run: LedgerRun) -> Bool {
    run.state == .completed && run.failedNew != nil && isOfSource(run)
      && (run.timings.filesRead > 0 || run.statistics.total.found > 0)
  }

  private func isOfSource(_ run: LedgerRun) -> Bool {
    run.isMigration && run.normalizedSource == source
  }

  /// Whether two paths name the same source directory, as far as they tell.
  static func isSame(_ source: String, _ other: String) -> Bool {
    LedgerRun.normalized(source: source) == LedgerRun.normalized(source: other)
  }
}
