import RMOSModels
import RMOSStore

extension StoreConformance {
  static let ledger = [
    Declaration("a run begins with an id of its own and is replaced by updates") { store in
      var run = StoreSamples.run()
      run.id = 99
      let ids = try store.write { [try $0.beginRun(run), try $0.beginRun(run)] }
      try expect(ids[0] != ids[1])
      run.id = ids[0]
      try expect(try store.read { try $0.run(ids[0]) }, equals: run)
      run.state = .failed
      run.heartbeatAt = "2025-06-01T00:00:09Z"
      run.finishedAt = "2025-06-01T00:00:10Z"
      run.statistics[.patterns].migrated = 3
      run.statistics[.patterns].updated = 4
      run.statistics[.joblogs].failed = 5
      run.statistics[.stripFamilies].skipped = 6
      run.issueCounts = [
        .fieldMissing: 2, .jsonSyntax: 1, IssueCode(rawValue: "it's \"odd\".\u{1F3B8}\\"): 7,
      ]
      run.seconds = 1.5
      run.timings.kindSeconds = [.patterns: 0.25, .joblogs: 1]
      run.timings.bytesRead = 1234
      run.timings.filesRead = 5
      run.failure = "no space is left"
      run.user = "o'hara"
      run.host = "bench \u{1F3B8}"
      run.failedNew = 0
      run.failedKnown = 7
      run.knownSince = ids[1]
      try store.write { try $0.updateRun(run) }
      try store.read { reader in
        try expect(try reader.run(ids[0]), equals: run)
        let other = try reader.run(ids[1])
        try expect(other?.state, equals: .running)
        // A count that was not recorded is nil, not 0.
        try expect(other?.failedNew == nil && other?.failedKnown == nil)
        try expect(other?.knownSince == nil && other?.user == nil && other?.host == nil)
        try expect(try reader.run(12345) == nil)
      }
    },
    Declaration("runs come newest first") { store in
      let ids = try store.write { transaction in
        try ["one", "two", "three"].map { try transaction.beginRun(StoreSamples.run($0)) }
      }
      try store.read { reader in
        try expect(try reader.runs(limit: nil).map(\.id), equals: ids.reversed())
        try expect(try reader.runs(limit: 2).map(\.command), equals: ["three", "two"])
        try expect(try reader.runs(limit: 0), equals: [])
        try expect(try reader.runCount(), equals: 3)
        try expect(try reader.runs(limit: 1, offset: 1).map(\.command), equals: ["two"])
        try expect(try reader.runs(limit: nil, offset: 2).map(\.command), equals: ["one"])
        try expect(try reader.runs(limit: .max, offset: 1).count, equals: 2)
        try expect(try reader.runs(limit: 5, offset: 3), equals: [])
      }
    },
    Declaration("the runs that are marked as running are found among others") { store in
      let ids = try store.write { transaction in
        try [LedgerRun.State.running, .completed, .failed, .interrupted].flatMap { state in
          try (0..<2).map { _ in
            var run = StoreSamples.run()
            run.state = state
            return try transaction.beginRun(run)
          }
        }
      }
      try expect(
        try store.read { try $0.runningRuns().map(\.id) }, equals: ids.prefix(2).reversed())
      try store.write { transaction in
        for var run in try transaction.runningRuns() {
          run.state = .interrupted
          try transaction.updateRun(run)
        }
        try expect(try transaction.runningRuns(), equals: [])
      }
    },
    Declaration("issues are selected, counted and paged") { store in
      let run = try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        let other = try transaction.beginRun(StoreSamples.run())
        for number in 0..<60 {
          let kind: EntityKind? = [nil, .patterns, .joblogs][number % 3]
          let issue = Issue(
            severity: number % 5 == 0 ? .error : .warning,
            code: number % 2 == 0 ? .fieldMissing : IssueCode(rawValue: "odd'code"), kind: kind,
            message: "\(number)")
          try transaction.appendIssues([issue], run: run)
          if number == 7 { try transaction.appendIssues([issue], run: other) }
        }
        return run
      }
      try store.read { reader in
        let all = try reader.issues(ofRun: run)
        let counts = try reader.issueCounts(ofRun: run)
        try expect(counts.reduce(0) { $0 + $1.count }, equals: 60)
        try expect(
          counts.map { "\($0.severity) \($0.code) \($0.kind?.rawValue ?? "-") \($0.count)" },
          equals: ["error", "warning"].flatMap { severity in
            ["field.missing", "odd'code"].flatMap { code in
              ["-", "joblogs", "patterns"].map {
                "\(severity) \(code) \($0) \(severity == "error" ? 2 : 8)"
              }
            }
          })
        try expect(try reader.issueCounts(ofRun: 12345), equals: [])
        for severity in [nil, Severity.error, .warning, .info] {
          let odd = ["odd'code", "none"].map(IssueCode.init(rawValue:))
          for code in [nil, IssueCode.fieldMissing] + odd {
            for kind in [nil, EntityKind.patterns, .stripFamilies] {
              var query = IssueQuery(run: run)
              (query.severity, query.code, query.kind) = (severity, code, kind)
              let sought = all.filter(query.matches)
              try expect(try reader.issues(matching: query), equals: sought)
              try expect(counts.total(query), equals: sought.count)
              var pages: [Issue] = []
              query.limit = 7
              while pages.count == query.offset {
                pages += try reader.issues(matching: query)
                query.offset += 7
              }
              try expect(pages, equals: sought)
              query.limit = 0
              try expect(try reader.issues(matching: query), equals: [])
            }
          }
        }
      }
    },
    Declaration("issues are kept with every field, in order") { subject in
      let store = try subject.store()
      let end = subject.traits.contains(.keepsNUL) ? "\u{0}" : ""
      let issues = [
        Issue(severity: .error, code: .jsonSyntax, message: "bare"),
        Issue(
          severity: .warning, code: .fieldRange, kind: .patterns, id: "it's",
          source: "patterns/list.json", locator: .index(3), line: 4, column: 5, offset: 6,
          pointer: "/a~1b", message: "“quoted”\(end)", isNew: true),
        Issue(
          severity: .info, code: .idDerived, source: "joblogs/a.NDJSON", locator: .line(12),
          message: "line", isNew: false),
        Issue(
          severity: .error, code: .idMismatch, source: "b.jsonl", locator: .key("7"),
          message: "key"),
      ]
      let (first, second) = try store.write { transaction in
        let first = try transaction.beginRun(StoreSamples.run())
        let second = try transaction.beginRun(StoreSamples.run())
        try transaction.appendIssues(Array(issues[..<2]), run: first)
        try transaction.appendIssues([issues[3]], run: second)
        return (first, second)
      }
      try store.write { transaction in
        try transaction.appendIssues([], run: first)
        try transaction.appendIssues([issues[2], issues[3], issues[0]], run: first)
      }
      try store.read { reader in
        try expect(try reader.issues(ofRun: first, limit: nil), equals: issues + [issues[0]])
        try expect(try reader.issues(ofRun: first, limit: 1), equals: [issues[0]])
        try expect(try reader.issues(ofRun: second, limit: nil), equals: [issues[3]])
        try expect(try reader.issues(ofRun: 12345, limit: nil), equals: [])
        var streamed: [Issue] = []
        try reader.forEachIssue(ofRun: first) { streamed.append($0) }
        try expect(streamed, equals: issues + [issues[0]])
      }
    },
    Declaration("an issue that quotes NUL does not fail its run") { store in
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        let issue = Issue(severity: .error, code: .fieldRange, id: "\u{0}", message: "a\u{0}b")
        try transaction.appendIssues([issue], run: run)
        try expect(try transaction.issues(ofRun: run).map(\.code), equals: [.fieldRange])
      }
    },
    Declaration("the user and the host of a server are found among its options") { store in
      var run = StoreSamples.run(LedgerRun.serverCommand)
      run.optionsJSON = #"{"user":"luthier","host":"bench"}"#
      let id = try store.write { try $0.beginRun(run) }
      let read = try store.read { try $0.run(id) }
      try expect(read?.user ?? "luthier", equals: "luthier")
      try expect(read?.host ?? "bench", equals: "bench")
    },
    Declaration("what failed in a run is kept until it is removed") { store in
      let digests = (0..<700).map { number -> Provenance.Digest in
        var bytes = [UInt8](repeating: UInt8(number % 256), count: 31)
        bytes.append(UInt8(number / 256))
        return Provenance.Digest(bytes: bytes) ?? .zero
      }
      let (first, second) = try store.write { transaction in
        let first = try transaction.beginRun(StoreSamples.run())
        let second = try transaction.beginRun(StoreSamples.run())
        try transaction.keepFailures(Array(digests[..<600]), run: first)
        try transaction.keepFailures([digests[3], digests[650], digests[3]], run: second)
        try transaction.keepFailures([digests[3]], run: second)
        try transaction.keepFailures([], run: second)
        return (first, second)
      }
      struct GivenUp: Error {}
      do {
        try store.write { transaction in
          try transaction.removeFailures(ofRun: first)
          try transaction.keepFailures([digests[699]], run: second)
          throw GivenUp()
        }
      } catch is GivenUp {}
      try store.read { reader in
        try expect(
          try reader.failures(ofRun: first, among: digests), equals: Set(digests[..<600]))
        try expect(
          try reader.failures(ofRun: second, among: digests), equals: [digests[3], digests[650]])
        try expect(try reader.failures(ofRun: second, among: []), equals: [])
        try expect(try reader.failures(ofRun: 12345, among: digests), equals: [])
      }
      try store.write { transaction in
        try transaction.removeFailures(ofRun: first)
        try expect(try transaction.failures(ofRun: first, among: digests), equals: [])
        try expect(
          try transaction.failures(ofRun: second, among: digests),
          equals: [digests[3], digests[650]])
      }
    },
    Declaration("a run that never began is refused") { store in
      var run = StoreSamples.run()
      run.id = 12345
      try store.write { transaction in
        try expect(.other) { try transaction.updateRun(run) }
        try expect(.other) { try transaction.appendIssues([], run: 12345) }
      }
    },
    Declaration("provenance is kept with every field") { store in
      let places: [(String, Locator?)] = [
        ("patterns/a.json", nil), ("patterns/list.json", .index(0)),
        ("patterns/ü 'q'.JSONL", .line(2)), ("patterns/d.json", .key("it's")),
        ("patterns/d.json", .key("")), ("patterns/n.ndjson", .line(1)),
      ]
      let batch = StoreSamples.batch(
        .patterns,
        places.enumerated().map { index, place in
          var entity = StoreSamples.Entity(StoreSamples.record(.patterns, "p\(index)"))
          (entity.path, entity.locator) = place
          // The last entity is not inserted as part of the batch.
          entity.unknownMembers = index == 1 || index == 5 ? #"{"x":1.0}"# : ""
          return entity
        })
      let run = try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        for index in places.indices.dropLast() {
          try transaction.insert(batch, at: index, run: run)
        }
        let last = places.count - 1
        try transaction.insert(
          batch.record(at: last), provenance: batch.provenance(at: last, run: run))
        return run
      }
      try store.read { reader in
        for index in places.indices {
          try expect(
            try reader.provenance(.patterns, id: "p\(index)"),
            equals: batch.provenance(at: index, run: run))
          try expect(
            try reader.record(.patterns, id: "p\(index)"), equals: batch.record(at: index))
        }
      }
    },
    Declaration("a record inserted by hand has no provenance") { store in
      let record = StoreSamples.record(.patterns, "a")
      try store.write { transaction in
        try transaction.insert(StoreSamples.batch(.patterns, [.init(record)]), at: 0, run: 1)
        _ = try transaction.delete(.patterns, id: "a")
        try transaction.insert(record)
      }
      try expect(try store.read { try $0.provenance(.patterns, id: "a") } == nil)
    },
    Declaration("an update keeps the provenance") { store in
      let record = StoreSamples.record(.patterns, "a")
      let batch = StoreSamples.batch(.patterns, [.init(record)])
      try store.write { transaction in
        try transaction.insert(batch, at: 0, run: 1)
        _ = try transaction.update(record)
      }
      try expect(
        try store.read { try $0.provenance(.patterns, id: "a") },
        equals: batch.provenance(at: 0, run: 1))
    },
    Declaration("the schema version is one of ours") { store in
      try expect(try store.read { try $0.schemaVersion()?.version }, equals: 2)
    },
  ]
}
