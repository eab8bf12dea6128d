extension MigrationStatistics {
  /// The statistics as a JSON object, one member per kind:
  /// `{"patterns":{"found":1,"migrated":1,"updated":0,"skipped":0,"failed":0},…}`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.statistics(self)
    return writer.text
  }

  /// The largest count that is read; far beyond any shop.
  package static let largestCount = 1_000_000_000_000

  /// Reads ``json``; what is not as expected counts as 0.
  package init(json: JSONValue?) {
    self.init()
    for kind in EntityKind.allCases {
      let counts = json?[kind.rawValue]
      // Within bounds, so that no sum of what someone else wrote there overflows.
      func count(_ outcome: Outcome) -> Int {
        min(max(0, Int(counts?[outcome.rawValue]?.int64 ?? 0)), Self.largestCount)
      }
      self[kind].migrated = count(.migrated)
      self[kind].updated = count(.updated)
      self[kind].skipped = count(.skipped)
      self[kind].failed = count(.failed)
    }
  }
}

extension JSONWriter {
  /// Writes the counts per kind, in the order of migration.
  package mutating func statistics(_ statistics: MigrationStatistics) {
    object {
      for kind in EntityKind.allCases {
        let counts = statistics[kind]
        $0.member(kind.rawValue) {
          $0.object {
            $0.member("found", counts.found)
            $0.member("migrated", counts.migrated)
            $0.member("updated", counts.updated)
            $0.member("skipped", counts.skipped)
            $0.member("failed", counts.failed)
          }
        }
      }
    }
  }

  /// Writes how often each code was reported, sorted by code.
  package mutating func issueCounts(_ counts: [IssueCode: Int]) {
    object {
      for (code, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        $0.member(code.rawValue, count)
      }
    }
  }

  /// Writes an issue; what is not known is null.
  package mutating func issue(_ issue: Issue) {
    object {
      $0.member("severity", issue.severity.rawValue)
      $0.member("code", issue.code.rawValue)
      $0.member("kind", issue.kind?.rawValue)
      $0.member("id", issue.id)
      $0.member("source", issue.source)
      $0.member("locator") { writer in
        switch issue.locator {
        case nil: writer.null()
        case .index(let number), .line(let number): writer.integer(number)
        case .key(let text): writer.string(text)
        }
      }
      $0.member("line", issue.line)
      $0.member("column", issue.column)
      $0.member("offset", issue.offset)
      $0.member("pointer", issue.pointer)
      $0.member("message", issue.message)
    }
  }
}
