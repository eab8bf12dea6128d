import RMOSModels
import RMOSStore
import RMOSSystem

/// The runs with which the failures of a run are compared.
///
/// A failure is known if the newest earlier run that read the same source to its end failed the
/// same entity, byte by byte, for the same reasons, or if the store has the entity now;
/// otherwise it is new. If that run could not read part of the source, such as a directory, it does
/// not know what fails there; then failures are also compared with the newest run that could read
/// everything.
struct FailureBaseline {
  /// The source, as `LedgerRun.normalized(source:)` writes it.
  private let source: String

  /// Creates the baseline of runs over a source directory.
  init(source: String) { self.source = LedgerRun.normalized(source: source) }

  /// The numbers of the runs to compare with, the newest first; at most two.
  func runs(in reader: any StoreReader) throws -> [Int64] {
    guard let newest = try reader.newestRun(where: isComparable) else { return [] }
    return [newest.id] + (try complement(of: newest, in: reader).map { [$0] } ?? [])
  }

  /// Removes the recorded failures of the runs over the source with which no later run will be
  /// compared.
  ///
  /// Does nothing unless `newest`, which was compared with `baseline`, has read the source to its
  /// end.
  func prune(
    for newest: LedgerRun, comparedWith baseline: [Int64], in transaction: any StoreTransaction
  ) throws {
    guard isComparable(newest) else { return }
    let kept = try complement(of: newest, in: transaction)
    // The failures of runs before the baseline were removed when its runs ended.
    let limit = baseline.last.map { Int(newest.id - $0) + 1 }
    for run in try transaction.runs(limit: limit)
    where run.id < newest.id && run.id != kept && run.failedNew != nil && isOfSource(run) {
      try transaction.removeFailures(ofRun: run.id)
    }
  }

  /// The newest run that could read all of the source, if `run` could not; otherwise `nil`.
  private func complement(of run: LedgerRun, in reader: any StoreReader) throws -> Int64? {
    func couldReadAll(_ run: LedgerRun) -> Bool {
      run.issueCounts[.inputUnreadable, default: 0] == 0
    }
    if couldReadAll(run) { return nil }
    return try reader.newestRun { isComparable($0) && couldReadAll($0) }?.id
  }

  /// Whether a run read the source to its end, found something to read, and recorded its failures.
  ///
  /// An empty source may be a share that was not mounted: compared with such a run, every failure
  /// would be new.
  private func isComparable(_ run: LedgerRun) -> Bool {
    run.state == .completed && run.failedNew != nil && isOfSource(run)
      && (run.timings.filesRead > 0 || run.statistics.total.found > 0)
  }

  private func isOfSource(_ run: LedgerRun) -> Bool {
    run.isMigration && run.normalizedSource == source
  }

  /// Whether two paths name the same source directory, judging by the paths alone.
  static func isSame(_ source: String, _ other: String) -> Bool {
    LedgerRun.normalized(source: source) == LedgerRun.normalized(source: other)
  }
}

/// Computes the digest by which later runs recognize a failure: of the file's path, the key in a
/// dictionary, the bytes, and the reasons.
///
/// The bytes of an entity were digested when it was read. The bytes of something that is not an
/// entity, such as a file that is not JSON, are read again in constant memory; if there are more
/// than ``mostReadAgain``, the digest is of the first ones and the length.
final class FailureDigester {
  private static let bufferSize = 64 << 10
  /// The maximum number of bytes read again.
  private static let mostReadAgain = 64 << 20

  private let root: [UInt8]
  private let access: SourceAccess
  private let isCancelled: () -> Bool

  /// Creates a digester for the files of a source.
  init(root: String, access: SourceAccess, isCancelled: @escaping () -> Bool) {
    self.root = Array(root.utf8)
    self.access = access
    self.isCancelled = isCancelled
  }

  /// The digest of the entity at `index`, which failed with `issues`.
  func digest(
    of batch: SourceBatch, at index: Int, _ issues: some Sequence<Issue>
  ) -> Provenance.Digest {
    let entry = batch.records.entries[index]
    var content = Encoding()
    content.add(batch.records.kind.rawValue.utf8)
    content.add(batch.path(of: entry))
    let bytes = bytes(of: batch, at: index, Array(issues))?.bytes
    switch batch.records.locator(at: index) {
    case let locator? where bytes == nil: content.add(locator.text.utf8)
    case .key(let key)?: content.add(key.utf8)
    // A position changes when an entity is inserted before, as in a log with the newest first.
    case .index?, .line?, nil: content.add([])
    }
    content.add(bytes ?? [])
    for issue in issues where issue.severity == .error {
      content.add(issue.code.rawValue.utf8)
      content.add((issue.pointer ?? "").utf8)
      content.add((Self.dependsOnBytesAlone(issue.code) ? "" : issue.message).utf8)
    }
    return SHA256.hash(content.bytes)
  }

  /// Whether the bytes determine the reason, so that the message is left out of the digest.
  ///
  /// Messages also name lines, runs and other files, which may change while the reason stays the
  /// same.
  private static func dependsOnBytesAlone(_ code: IssueCode) -> Bool {
    code != .inputUnreadable && code != .storeRejected
  }

  /// The digest of the bytes that failed; `nil` if there are none, as in a file that cannot be
  /// read.
  private func bytes(
    of batch: SourceBatch, at index: Int, _ issues: [Issue]
  ) -> Provenance.Digest? {
    if batch.rejectedSpans[index] == nil { return batch.records.digest(at: index) }
    guard let copy = RejectCopy(of: batch, at: index, issues[...]) else { return nil }
    let path = batch.path(of: batch.records.entries[index])
    return try? digest(ofFile: path, from: copy.offset, to: copy.end)
  }

  private func digest(
    ofFile path: [UInt8], from start: Int, to end: Int?
  ) throws(SystemError) -> Provenance.Digest {
    let file = try FileByteSource(root + [UInt8(ascii: "/")] + path, access)
    defer { file.close() }
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
    var offset = start
    let end = end ?? file.size
    let limit = start + min(end - start, Self.mostReadAgain)
    if limit < end { hasher.update(Array("\(end - start)".utf8)) }
    while !isCancelled() {
      let wanted = min(buffer.count, limit - offset)
      if wanted <= 0 { break }
      let count = try unsafe buffer.withUnsafeMutableBufferPointer {
        buffer throws(SystemError) -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return try unsafe file.read(into: base, count: wanted, at: offset)
      }
      if count == 0 { break }
      unsafe buffer.withUnsafeBytes { bytes in
        unsafe hasher.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      }
      offset += count
    }
    return hasher.finalize()
  }

  /// Concatenated parts, each after its length, so that different parts never give the same bytes.
  private struct Encoding {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ part: some Collection<UInt8>) {
      let count = UInt64(part.count)
      bytes.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) })
      bytes.append(contentsOf: part)
    }
  }
}
