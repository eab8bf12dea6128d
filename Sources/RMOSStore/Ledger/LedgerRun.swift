public import RMOSModels
import RMOSSystem

/// A run as the ledger keeps it, updated with each commit while the run is in progress.
public struct LedgerRun: Sendable, Hashable {
  /// The state of a run.
  public enum State: String, Sendable, Hashable {
    /// In progress; or, if no process holds the writer lock, killed and not yet marked as
    /// interrupted.
    case running
    /// Ended; some entities may have failed.
    case completed
    /// Stopped by an error of the store or by the limit of failures; what was committed stays.
    case failed
    /// Cancelled, or its process died.
    case interrupted
  }

  /// How much a run read, and how long each kind took.
  package struct Timings: Sendable, Hashable {
    /// The wall time of each kind so far, in seconds; any number if another program wrote it.
    package var kindSeconds: [EntityKind: Double] = [:]
    /// The number of bytes of source read so far.
    package var bytesRead = 0
    /// The number of files read so far.
    package var filesRead = 0
    /// Notes of the run about other parts of the source than its entities, as a JSON object; `nil`
    /// if there are none.
    package var notesJSON: String?

    /// Creates timings of a run that has not read anything.
    package init() {}
  }

  /// The number of the run in the ledger.
  public var id: Int64
  /// The command that ran: `migrate`, `undo`, or `serve` for changes through a server.
  public var command: String
  /// The state.
  public var state: State
  /// When it began, ISO 8601 in UTC.
  public var startedAt: String
  /// When it last committed, ISO 8601 in UTC.
  public var heartbeatAt: String
  /// When it ended, ISO 8601 in UTC; `nil` if it has not.
  public var finishedAt: String?
  /// The source directory, as given.
  public var source: String
  /// The options, as a JSON object.
  public var optionsJSON: String
  /// The version of the tool.
  public var toolVersion: String
  /// The process id.
  public var processID: Int32
  /// The name of the user who ran it; `nil` if that was not recorded.
  public var user: String?
  /// The name of the machine that it ran on; `nil` if that was not recorded.
  public var host: String?
  /// The outcomes of the entities so far.
  public var statistics: MigrationStatistics
  /// The names of kinds that the run wrote and that the store's catalog does not have.
  package private(set) var unknownKinds: [String] = []
  /// The number of entities that failed so far and had not failed the same way in ``knownSince``;
  /// `nil` if that was not recorded.
  ///
  /// A number that is not a plausible count is replaced by the nearest one.
  public var failedNew: Int? {
    didSet { failedNew = failedNew.map(MigrationStatistics.bounded) }
  }
  /// The number of entities that failed so far and had failed the same way in ``knownSince``, or
  /// are in the store now; `nil` if that was not recorded.
  ///
  /// It is bounded like ``failedNew``.
  public var failedKnown: Int? {
    didSet { failedKnown = failedKnown.map(MigrationStatistics.bounded) }
  }
  /// The earlier run of the same source with which the failures were compared; `nil` if there was
  /// none, or if that was not recorded.
  public var knownSince: Int64?
  /// The number of issues of each code so far.
  public var issueCounts: [IssueCode: Int]
  /// The wall time, in seconds; any number if another program wrote it.
  public var seconds: Double
  /// How much the run read, and how long each kind took.
  package var timings: Timings
  /// Why it failed; `nil` if it did not.
  public var failure: String?
  /// The run that undid it; `nil` if none did.
  public var undoneBy: Int64?

  /// Creates a run that is in progress.
  public init(
    id: Int64 = 0, command: String, startedAt: String, source: String, optionsJSON: String,
    toolVersion: String, processID: Int32, catalog: EntityCatalog = .rmos
  ) {
    self.id = id
    self.command = command
    self.state = .running
    self.startedAt = startedAt
    self.heartbeatAt = startedAt
    self.source = source
    self.optionsJSON = optionsJSON
    self.toolVersion = toolVersion
    self.processID = processID
    self.statistics = MigrationStatistics(catalog)
    self.issueCounts = [:]
    self.seconds = 0
    self.timings = Timings()
  }

  /// Creates a run that this process begins, with the process, user, machine and version filled in.
  package init(
    command: String, startedAt: String, source: String, optionsJSON: String,
    catalog: EntityCatalog
  ) {
    self.init(
      command: command, startedAt: startedAt, source: source, optionsJSON: optionsJSON,
      toolVersion: RMOSVersion.current, processID: ProcessEnvironment.processID, catalog: catalog)
    user = ProcessEnvironment.userName(ProcessEnvironment.user)
    host = ProcessEnvironment.hostName
  }
}

// MARK: Parts stored as JSON

extension LedgerRun {
  /// The parts that are stored as JSON: ``statistics``, ``issueCounts``, and the timings with the
  /// amounts read.
  ///
  /// If a part to be set is `nil` or cannot be read, it becomes empty. Set ``user`` and ``host``
  /// first: earlier versions kept the user and host of a server in its options.
  public var storedParts: (statistics: String?, issueCounts: String?, timings: String?) {
    get {
      var (statistics, issueCounts, timings) = (JSONWriter(), JSONWriter(), JSONWriter())
      statistics.statistics(self.statistics)
      issueCounts.issueCounts(self.issueCounts)
      timings.timings(self.timings, self.statistics.catalog, withNotes: true)
      return (statistics.text, issueCounts.text, timings.text)
    }
    set { read(newValue.statistics, newValue.issueCounts, newValue.timings) }
  }

  private mutating func read(_ statistics: String?, _ issueCounts: String?, _ timings: String?) {
    let statistics = LedgerRun.value(statistics)
    self.statistics = MigrationStatistics(json: statistics, self.statistics.catalog)
    unknownKinds = MigrationStatistics.writtenKinds(json: statistics).filter { name in
      !self.statistics.catalog.kinds.contains { $0.rawValue == name }
    }
    self.issueCounts = [:]
    if case .object(let members)? = LedgerRun.value(issueCounts) {
      for member in members {
        self.issueCounts[IssueCode(rawValue: member.name)] =
          MigrationStatistics.bounded(Int(member.value.int64 ?? 0))
      }
    }
    self.timings = Timings(json: LedgerRun.value(timings), self.statistics.catalog)
    if command == Self.serverCommand, user == nil, host == nil {
      let options = LedgerRun.value(optionsJSON)
      user = options?["user"]?.string
      host = options?["host"]?.string
    }
  }

  private static func value(_ text: String?) -> JSONValue? {
    text.flatMap { try? JSONValue(parsing: $0) }
  }
}

extension LedgerRun.Timings {
  fileprivate init(json: JSONValue?, _ catalog: EntityCatalog) {
    self.init()
    for kind in catalog.kinds { kindSeconds[kind] = json?[kind.rawValue]?.double }
    bytesRead = Int(json?["bytes_read"]?.int64 ?? 0)
    filesRead = Int(json?["files_read"]?.int64 ?? 0)
    notesJSON = json?["notes"]?.text
  }
}

extension JSONWriter {
  /// Writes an object with the seconds of each kind, the numbers of bytes and files read and,
  /// optionally, the notes.
  package mutating func timings(
    _ timings: LedgerRun.Timings, _ catalog: EntityCatalog, withNotes: Bool = false
  ) {
    object { writer in
      for kind in catalog.kinds {
        if let seconds = timings.kindSeconds[kind] { writer.member(kind.rawValue, seconds) }
      }
      writer.member("bytes_read", timings.bytesRead)
      writer.member("files_read", timings.filesRead)
      if withNotes, let notes = timings.notesJSON.flatMap({ try? JSONText(parsing: $0) }) {
        writer.member("notes") { $0.json(notes) }
      }
    }
  }
}

extension Locator {
  /// Creates a locator from a stored number, which is a line in a JSON Lines file, and an index in
  /// any other.
  public init(number: Int, path: String?) {
    let path = path?.lowercasedASCII ?? ""
    self = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") ? .line(number) : .index(number)
  }
}

extension LedgerRun {
  /// The ``source`` in normalized form.
  package var normalizedSource: String { Self.normalized(source: source) }

  /// The path of a source in normalized form: without a slash at its end, doubled slashes, and `.`.
  ///
  /// `..` stays, because it depends on symbolic links where it leads.
  package static func normalized(source path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    return (isAbsolute ? "/" : "")
      + (parts.isEmpty && !isAbsolute ? "." : parts.joined(separator: "/"))
  }
}

extension StoreReader {
  /// The newest run that satisfies a condition; `nil` if there is none.
  ///
  /// Runs are read in growing pages, because a ledger may have thousands, and the one sought is
  /// usually among the newest.
  package func newestRun(where isSought: (LedgerRun) throws -> Bool) throws -> LedgerRun? {
    var limit = 8
    while true {
      let runs = try runs(limit: limit)
      if let run = try runs.first(where: isSought) { return run }
      if runs.count < limit { return nil }
      limit *= 8
    }
  }

  /// The runs that began after another one, newest first.
  package func runs(after id: Int64) throws -> [LedgerRun] {
    var found: [LedgerRun] = []
    while true {
      let limit = max(8, found.count)
      let page = try runs(limit: limit, offset: found.count)
      let later = page.prefix { $0.id > id }
      found += later
      if later.count < limit { return found }
    }
  }
}

// MARK: Commands

extension LedgerRun {
  /// The ``command`` of a run that migrates.
  package static let migrateCommand = "migrate"
  /// The ``command`` of a run that undoes another.
  package static let undoCommand = "undo"
  /// The ``command`` of a run that comprises the changes through a server.
  package static let serverCommand = "serve"

  /// Whether the run migrates.
  package var isMigration: Bool { command == Self.migrateCommand }
  /// Whether the run undoes another.
  package var isUndo: Bool { command == Self.undoCommand }

  /// Whether the run belongs to a server that is still running, as far as this machine can tell.
  ///
  /// The writer lock does not show that, because a server holds it only while it writes.
  package var isOfRunningServer: Bool {
    guard command == Self.serverCommand, state == .running, undoneBy == nil else { return false }
    guard host == nil || host == ProcessEnvironment.hostName else { return true }
    return ProcessEnvironment.isRunning(process: processID)
  }
}
