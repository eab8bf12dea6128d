import RMOSModels
import RMOSStore

/// The runs with which the failures of a run are compared.
///
/// A failure is known if the newest earlier run that read the same source to its end failed the same
/// entity, byte by byte, for the same reasons, or if the store has the entity by now; otherwise it
/// is new.
struct FailureBaseline {
  /// The source, as ``normalized(_:)`` writes it.
  private let source: String

  /// Creates the baseline of runs over a source directory.
  init(source: String) { self.source = Self.normalized(source) }

  /// The number of the run to compare with; `nil` if there is none.
  func run(in reader: any StoreReader) throws -> Int64? {
    try reader.newestRun(where: isComparable)?.id
  }

  /// Removes what is kept of older runs over the source, now that `newest` has read it to its end.
  func prune(for newest: LedgerRun, in transaction: any StoreTransaction) throws {
    guard isComparable(newest) else { return }
    // What is older than the run that it was compared with went when that ended.
    let limit = newest.knownSince.map { Int(newest.id - $0) + 1 }
    for run in try transaction.runs(limit: limit)
    where run.id < newest.id && run.failedNew != nil && isOfSource(run) {
      try transaction.removeFailures(ofRun: run.id)
    }
  }

  /// Whether a run read the source to its end, found something to read, and recorded what failed.
  ///
  /// A share that is not mounted looks like an empty source, and makes nothing new.
  private func isComparable(_ run: LedgerRun) -> Bool {
    run.state == .completed && run.failedNew != nil && isOfSource(run)
      && (run.timings.filesRead > 0 || run.statistics.total.found > 0)
  }

  private func isOfSource(_ run: LedgerRun) -> Bool {
    run.command == "migrate" && Self.normalized(run.source) == source
  }

  /// A path without what makes no difference: a slash at its end, doubled slashes, and `.`.
  ///
  /// `..` stays, because of symbolic links.
  static func normalized(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    return (isAbsolute ? "/" : "")
      + (parts.isEmpty && !isAbsolute ? "." : parts.joined(separator: "/"))
  }
}
