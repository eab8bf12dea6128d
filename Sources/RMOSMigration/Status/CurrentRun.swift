package import RMOSStore

/// The run that was under way when something was read.
///
/// The ledger marks a run as running until it ends, even if its process died: only the writer lock
/// tells the two apart. There is one writer, so only the newest run can be under way. Servers,
/// which hold no lock while nobody writes, are recognized by their process.
package struct CurrentRun: Sendable {
  /// The run's number; `nil` if none is under way.
  package let id: Int64?

  package init(id: Int64?) { self.id = id }

  /// Reads something, and finds the run that was under way at that moment.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - newest: Returns, from what was read, the newest run that is not a server's.
  ///   - read: The closure that reads. It is called again if a run has just ended or died.
  /// - Returns: What the last call read, and the run.
  /// - Throws: What `read` throws.
  static func found<Answer>(
    in store: some RecordStore, newest: (Answer) -> LedgerRun?,
    whileReading read: (any StoreReader) throws -> Answer
  ) throws -> (answer: Answer, current: CurrentRun) {
    let answer = try store.read(read)
    guard let run = newest(answer), run.state == .running else {
      return (answer, CurrentRun(id: nil))
    }
    // If the store cannot tell whether there is a writer, trust the ledger.
    if store.hasWriter ?? true { return (answer, CurrentRun(id: run.id)) }
    // The process died, or the run has just ended, which reading again shows; another run may have
    // begun.
    let second = try store.read(read)
    let next = newest(second)
    let hasBegun = next?.state == .running && next?.id != run.id
    return (second, CurrentRun(id: hasBegun ? next?.id : nil))
  }

  /// Reads something, and finds the run that was under way at that moment.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - read: The closure that reads. It is called again if a run has just ended or died.
  /// - Returns: What the last call read, and the run.
  /// - Throws: `StoreError`, or what `read` throws.
  package static func found<Answer>(
    in store: some RecordStore, whileReading read: (any StoreReader) throws -> Answer
  ) throws -> (answer: Answer, current: CurrentRun) {
    let (found, current) = try found(in: store, newest: \.newest) { reader in
      (
        answer: try read(reader),
        newest: try reader.newestRun { $0.command != LedgerRun.serverCommand }
      )
    }
    return (found.answer, current)
  }

  /// Returns a run as users see it: interrupted if its process died.
  package func settled(_ run: LedgerRun) -> LedgerRun {
    guard run.state == .running, run.id != id, !run.isOfRunningServer else { return run }
    var run = run
    run.state = .interrupted
    return run
  }
}
