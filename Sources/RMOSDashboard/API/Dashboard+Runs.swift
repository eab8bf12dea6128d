import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

extension Dashboard {
  /// Responds with runs of the ledger, the newest first unless the request names another order.
  func runs(_ target: RequestTarget, _ request: ServerRequest) throws -> ServerResponse {
    let isCSV = try isCSV(target)
    // CSV has all runs unless the request sets a limit.
    let limit = try target.integer(
      "limit", in: 1...(isCSV ? .max : Self.largestPage), default: isCSV ? .max : Self.pageSize)
    let offset = try target.integer("offset", in: 0...Int.max, default: 0)
    let order = try target.choice("sort", of: RunOrder.names) { RunOrder($0) }
    let slice = try RunSlice(order ?? .newestFirst, limit: limit, offset: offset, in: store)
    if isCSV { return .csv(slice.csv, name: "runs") }
    // A run whose process has died counts as interrupted although no data changed, so the tag is
    // that of the content.
    return answer(request, nil) {
      $0.member("runs", each: slice.runs) { $0.ledgerRun($1) }
      $0.member("total", slice.total)
    }
  }

  /// Responds with a run.
  func run(_ id: String, _ request: ServerRequest) throws -> ServerResponse {
    guard let number = id.wholeNumber, let run = try LedgerRun.settled(number, in: store) else {
      throw HTTPRefusal.absentRun(id)
    }
    return answer(request, nil) {
      $0.member("run") { $0.ledgerRun(run) }
    }
  }

  /// Responds with issues of a run, in order.
  func issues(
    ofRun id: String, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    guard let number = id.wholeNumber else { throw HTTPRefusal.absentRun(id) }
    var query = IssueQuery(run: number)
    let isCSV = try isCSV(target)
    // CSV has all issues unless the request sets a limit.
    query.limit = try target.integer(
      "limit", in: 1...(isCSV ? .max : Self.largestPage), default: isCSV ? .max : Self.pageSize)
    query.offset = try target.integer("offset", in: 0...Int.max, default: 0)
    query.severity = try target.choice(
      "severity", of: Severity.allCases.reversed().map(\.rawValue)
    ) { Severity(rawValue: $0) }
    query.code = try target.parameter("code").map(IssueCode.init(rawValue:))
    query.kind = try target.choice("kind", of: store.catalog.kinds.map(\.rawValue)) {
      store.catalog.kind(named: $0)
    }
    query.isNew = try target.parameter("new", "true or false") {
      ["true": true, "false": false][$0]
    }
    if isCSV {
      guard let table = try CSV.issues(query, in: store, for: request) else {
        throw HTTPRefusal.absentRun(id)
      }
      return table
    }
    return try unlessCurrent(request) { _ in
      let (issues, total) = try store.read { reader in
        guard try reader.run(number) != nil else { throw HTTPRefusal.absentRun(id) }
        return (
          try reader.issues(matching: query),
          try reader.issueCounts(ofRun: number).total(query)
        )
      }
      return {
        $0.member("issues", each: issues) { $0.issue($1) }
        $0.member("total", total)
      }
    }
  }
}

extension HTTPRefusal {
  /// Creates the refusal of a request for a run that does not exist.
  fileprivate static func absentRun(_ id: String) -> HTTPRefusal {
    HTTPRefusal(404, "the ledger has no run \"\(id.shortened)\"")
  }
}

extension JSONWriter {
  /// Writes a run with the members that it has in lists of runs and in reports.
  fileprivate mutating func ledgerRun(_ run: LedgerRun) {
    self.run(run) { writer in
      writer.member("ending", MigrationSummary.Ending(run)?.rawValue ?? "running")
      writer.member("summary") { $0.totals(run.statistics.total) }
    }
  }
}
