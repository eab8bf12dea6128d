package import RMOSStore

/// The run that a process is writing, as it was found out together with something else.
///
/// The ledger calls a run running until it ends, also if its process died. Only the writer lock
/// tells the two apart; and there is one writer, so that only the newest run can be under way. Runs
/// of servers, which hold no lock while nobody writes, are known by their process.
package struct CurrentRun: Sendable {
  /// The run's number; `nil` if none is under way.
  package let id: Int64?

  package init(id: Int64?) { self.id = id }

  /// Reads something, and finds out which run was under way then.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - newest: The newest run that is not of a server, as `read` has found it.
  ///   - read: Reads. It is called again where a run has just ended or died.
  /// - Returns: What was read last, and the run.
  /// - Throws: What `read` throws.
  static func found<Answer>(
    in store: some RecordStore, newest: (Answer) -> LedgerRun?,
    whileReading read: (any StoreReader) throws -> Answer
  ) throws -> (answer: Answer, current: CurrentRun) {
    let answer = try store.read(read)
    guard let run = newest(answer), run.state == .running else {
      return (answer, CurrentRun(id: nil))
    }
    // Where that is not known, the ledger is believed.
    if store.hasWriter ?? true { return (answer, CurrentRun(id: run.id)) }
    // The process died, or the run ended just now, which a second look shows; another may have
    // begun.
    let second = try store.read(read)
    let next = newest(second)
    let hasBegun = next?.state == .running && next?.id != run.id
    return (second, CurrentRun(id: hasBegun ? next?.id : nil))
  }

  /// Reads something, and finds out which run was under way then.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - read: Reads. It is called again where a run has just ended or died.
  /// - Returns: What was read last, and the run.
  /// - Throws: What `read` throws, or reading the ledger.
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

  /// A run as pages and commands show it: a run whose process died is interrupted.
  package func settled(_ run: LedgerRun) -> LedgerRun {
    guard run.state == .running, run.id != id, !run.isOfRunningServer else { return run }
    var run = run
    run.state = .interrupted
    return run
  }
}
