package import RMOSModels
package import RMOSStore

extension JSONWriter {
  /// Writes a count per kind, and their sum.
  mutating func counts(_ counts: [EntityKind: Int], _ catalog: EntityCatalog) {
    object {
      for kind in catalog.kinds { $0.member(kind.rawValue, counts[kind] ?? 0) }
      $0.member("total", counts.values.reduce(0, +))
    }
  }

  /// Writes a run, or null; `more` writes members after its own.
  package mutating func run(
    _ run: LedgerRun?, _ more: (inout JSONWriter) -> Void = { _ in }
  ) {
    guard let run else { return null() }
    object {
      $0.member("id", run.id)
      $0.member("command", run.command)
      $0.member("state", run.state.rawValue)
      $0.member("started_at", run.startedAt)
      $0.member("heartbeat_at", run.heartbeatAt)
      $0.member("finished_at", run.finishedAt)
      $0.member("source", run.source)
      $0.member("options") { $0.storedJSON(run.optionsJSON) }
      $0.member("tool_version", run.toolVersion)
      $0.member("process_id", run.processID)
      $0.member("user", run.user)
      $0.member("host", run.host)
      $0.member("seconds", run.seconds)
      $0.member("timings") { $0.timings(run.timings, run.statistics.catalog) }
      let notes = SourceNotes.read(run.timings.notesJSON, run.statistics.catalog)
      $0.member("not_read") { $0.filesNotRead(notes.notRead) }
      $0.member("kept_aside") { $0.keptMembers(notes.keptMembers) }
      $0.member("entities") { $0.statistics(run.statistics) }
      $0.member("failed_new", run.failedNew)
      $0.member("failed_known", run.failedKnown)
      $0.member("known_since", run.knownSince)
      $0.member("issue_counts") { $0.issueCounts(run.issueCounts) }
      $0.member("failure", run.failure)
      $0.member("undone_by", run.undoneBy)
      more(&$0)
    }
  }

  /// Writes JSON text from a store, or null if it is not valid JSON.
  mutating func storedJSON(_ text: String) {
    if let json = try? JSONText(parsing: text) { self.json(json) } else { null() }
  }
}

extension LedgerRun {
  /// Whether the source had no file to read, and that was an error.
  ///
  /// See ``Migration/Options/allowsEmptySource``.
  package var hasFoundNothing: Bool { issueCounts[.inputNothingFound, default: 0] > 0 }

  /// The state as shown to users: "completed", "completed with failures", "completed, found
  /// nothing".
  package var stateText: String {
    if hasFoundNothing { return state.rawValue + ", found nothing" }
    let hasFailures = state == .completed && statistics.total.failed > 0
    return state.rawValue + (hasFailures ? " with failures" : "")
  }

  /// Who ran it, and on which machine: "anna on workshop"; `nil` if neither was recorded.
  package var who: String? { Self.who(user, host) }

  static func who(_ user: String?, _ host: String?) -> String? {
    user.map { $0 + (host.map { " on \($0)" } ?? "") } ?? host
  }

  /// Whether it read the same source directory as another run, judging by the paths alone.
  package func hasSameSource(as other: LedgerRun) -> Bool {
    FailureBaseline.isSame(source, other.source)
  }
}

extension LedgerRun {
  /// The effect of an undo in the ledger.
  package struct UndoneRun: Sendable {
    /// The run that was undone.
    package var run: Int64
    /// The number of rows removed.
    package var removed: Int
    /// The number of rows restored.
    package var restored: Int
    /// The numbers of each kind.
    package var byKind: [(kind: EntityKind, removed: Int, restored: Int)]
  }

  /// The effect of the run if it is an undo; otherwise `nil`.
  package var undo: UndoneRun? {
    guard isUndo, let options = try? JSONValue(parsing: optionsJSON),
      let run = options["run"]?.int64
    else { return nil }
    func count(_ member: String, _ name: String) -> Int {
      Int(options[member]?[name]?.int64 ?? 0)
    }
    return UndoneRun(
      run: run, removed: count("removed", "total"), restored: count("restored", "total"),
      byKind: statistics.catalog.kinds.map {
        ($0, count("removed", $0.rawValue), count("restored", $0.rawValue))
      })
  }
}

extension StoreTransaction {
  /// Marks as interrupted the runs that the ledger still calls running.
  ///
  /// Call it only as the writer: while it holds the lock, no other run can be under way, except
  /// that of a server.
  package func markInterruptedRuns(now: String) throws {
    for var run in try runningRuns() where !run.isOfRunningServer {
      run.state = .interrupted
      run.finishedAt = now
      run.failure = run.failure ?? "the process ended without closing the run"
      try updateRun(run)
    }
  }
}
