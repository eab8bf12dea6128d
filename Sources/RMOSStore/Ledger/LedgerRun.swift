public import RMOSModels

/// A run as the ledger keeps it: live while it runs, final after.
public struct LedgerRun: Sendable, Hashable {
  /// Where a run stands.
  public enum State: String, Sendable, Hashable, Codable {
    /// Under way; or, where no process holds the writer lock, cut off and not yet noticed.
    case running
    /// Ended; failed entities may be among what it found.
    case completed
    /// Stopped by the store or by its limit of failures; what was committed stays.
    case failed
    /// Cancelled, or its process died.
    case interrupted
  }

  /// What a run took, beside its wall time.
  public struct Timings: Sendable, Hashable {
    /// Wall time of each kind so far, seconds.
    public var kindSeconds: [EntityKind: Double] = [:]
    /// Bytes of source read so far.
    public var bytesRead = 0
    /// Files read so far.
    public var filesRead = 0
    /// What a run has to tell of the source beside its entities, as a JSON object; `nil` if nothing.
    package var notesJSON: String?

    /// Nothing yet.
    public init() {}
  }

  /// The ledger's number for it.
  public var id: Int64
  /// What ran: `migrate` or `undo`.
  public var command: String
  /// Where it stands.
  public var state: State
  /// When it began, ISO 8601 in UTC.
  public var startedAt: String
  /// When it last committed, ISO 8601 in UTC.
  public var heartbeatAt: String
  /// When it ended, ISO 8601 in UTC.
  public var finishedAt: String?
  /// The source directory, as given.
  public var source: String
  /// The options, as a JSON object.
  public var optionsJSON: String
  /// The version of the tool.
  public var toolVersion: String
  /// The process.
  public var processID: Int32
  /// What became of the entities so far.
  public var statistics: MigrationStatistics
  /// How often each code was reported so far.
  public var issueCounts: [IssueCode: Int]
  /// Wall time, seconds.
  public var seconds: Double
  /// What it took kind by kind.
  public var timings: Timings
  /// Why it failed, where it did.
  public var failure: String?
  /// The run that undid it, where one did.
  public var undoneBy: Int64?

  /// A run that begins.
  public init(
    id: Int64 = 0, command: String, startedAt: String, source: String, optionsJSON: String,
    toolVersion: String, processID: Int32
  ) {
    self.id = id
    self.command = command
    self.state = .running
    self.startedAt = startedAt
    self.heartbeatAt = startedAt
    self.finishedAt = nil
    self.source = source
    self.optionsJSON = optionsJSON
    self.toolVersion = toolVersion
    self.processID = processID
    self.statistics = MigrationStatistics()
    self.issueCounts = [:]
    self.seconds = 0
    self.timings = Timings()
    self.failure = nil
    self.undoneBy = nil
  }
}

// The parts of a run that the ledger keeps as JSON. What someone else made of them counts as empty.

extension LedgerRun {
  /// ``statistics`` as stored.
  var statisticsJSON: String {
    var writer = JSONWriter()
    writer.statistics(statistics)
    return writer.text
  }

  /// ``issueCounts`` as stored.
  var issueCountsJSON: String {
    var writer = JSONWriter()
    writer.issueCounts(issueCounts)
    return writer.text
  }

  /// ``timings`` as stored.
  var timingsJSON: String {
    var writer = JSONWriter()
    writer.timings(timings)
    return writer.text
  }

  /// Reads the stored parts.
  mutating func read(statistics: String?, issueCounts: String?, timings: String?) {
    self.statistics = MigrationStatistics(json: LedgerRun.value(statistics))
    if case .object(let members)? = LedgerRun.value(issueCounts) {
      for member in members {
        self.issueCounts[IssueCode(rawValue: member.name)] = Int(member.value.int64 ?? 0)
      }
    }
    self.timings = Timings(json: LedgerRun.value(timings))
  }

  private static func value(_ text: String?) -> JSONValue? {
    text.flatMap { try? JSONValue(parsing: $0) }
  }
}

extension LedgerRun.Timings {
  fileprivate init(json: JSONValue?) {
    self.init()
    for kind in EntityKind.allCases { kindSeconds[kind] = json?[kind.rawValue]?.double }
    bytesRead = Int(json?["bytes_read"]?.int64 ?? 0)
    filesRead = Int(json?["files_read"]?.int64 ?? 0)
    notesJSON = json?["notes"]?.text
  }
}

extension JSONWriter {
  /// Writes the seconds of each kind, the bytes and the files read.
  package mutating func timings(_ timings: LedgerRun.Timings) {
    object { writer in
      for kind in EntityKind.allCases {
        if let seconds = timings.kindSeconds[kind] { writer.member(kind.rawValue, seconds) }
      }
      writer.member("bytes_read", timings.bytesRead)
      writer.member("files_read", timings.filesRead)
      if let notes = timings.notesJSON.flatMap({ try? JSONText(parsing: $0) }) {
        writer.member("notes") { $0.json(notes) }
      }
    }
  }
}
