public import RMOSModels

extension MigrationStatistics {
  /// The statistics as a JSON object, one member per kind:
  /// `{"patterns":{"found":1,"migrated":1,"updated":0,"skipped":0,"failed":0},…}`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.statistics(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes the counts per kind, in the order of migration.
  package mutating func statistics(_ statistics: MigrationStatistics) {
    beginObject()
    for kind in EntityKind.allCases {
      let counts = statistics[kind]
      key(kind.rawValue)
      beginObject()
      member("found", counts.found)
      member("migrated", counts.migrated)
      member("updated", counts.updated)
      member("skipped", counts.skipped)
      member("failed", counts.failed)
      endObject()
    }
    endObject()
  }

  /// Writes how often each code was reported, sorted by code.
  package mutating func issueCounts(_ counts: [IssueCode: Int]) {
    beginObject()
    for (code, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      member(code.rawValue, count)
    }
    endObject()
  }

  /// Writes an issue; what is not known is null.
  package mutating func issue(_ issue: Issue) {
    beginObject()
    member("severity", issue.severity.rawValue)
    member("code", issue.code.rawValue)
    member("kind", issue.kind?.rawValue)
    member("id", issue.id)
    member("source", issue.source)
    key("locator")
    switch issue.locator {
    case nil: null()
    case .index(let number), .line(let number): value(number)
    case .key(let text): value(text)
    }
    member("line", issue.line)
    member("column", issue.column)
    member("offset", issue.offset)
    member("pointer", issue.pointer)
    member("message", issue.message)
    endObject()
  }
}
