import RMOSModels

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
    }
  }
}
