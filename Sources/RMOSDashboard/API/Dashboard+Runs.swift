import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore

extension Dashboard {
  /// Responds with runs of the ledger, the newest first unless they are to be sorted otherwise.
  func runs(_ target: RequestTarget, _ request: ServerRequest) throws -> ServerResponse {
    let isCSV = try isCSV(target)
    // A table is of all runs unless fewer are asked for.
    let limit = try target.integer(
      "limit", in: 1...(isCSV ? .max : Self.largestPage), default: isCSV ? .max : Self.pageSize)
    let offset = try target.integer("offset", in: 0...Int.max, default: 0)
    let order = try target.parameter("sort").map { text in
      guard let order = RunOrder(text) else {
        throw HTTPRefusal(
          422,
          "\"sort\" must be one of \(RunOrder.names.joined(separator: ", ")), found "
            + "\"\(text.shortened)\"")
      }
      return order
    }
    let slice = try RunSlice(order ?? .newestFirst, limit: limit, offset: offset, in: store)
    if isCSV { return .csv(slice.csv, name: "runs") }
    // When a run's process dies, no data changes, so the tag is computed from the content.
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
    // A table is of all issues unless fewer are asked for.
    query.limit = try target.integer(
      "limit", in: 1...(isCSV ? .max : Self.largestPage), default: isCSV ? .max : Self.pageSize)
    query.offset = try target.integer("offset", in: 0...Int.max, default: 0)
    if let text = try target.parameter("severity") {
      guard let severity = Severity(rawValue: text) else {
        let known = Severity.allCases.reversed().map(\.rawValue).joined(separator: ", ")
        throw HTTPRefusal(
          422, "\"severity\" must be one of \(known), found \"\(text.shortened)\"")
      }
      query.severity = severity
    }
    query.code = try target.parameter("code").map(IssueCode.init(rawValue:))
    query.kind = try target.parameter("kind").map { text in
      guard let kind = store.catalog.kind(named: text) else {
        let known = store.catalog.kinds.map(\.rawValue).joined(separator: ", ")
        throw HTTPRefusal(422, "\"kind\" must be one of \(known), found \"\(text.shortened)\"")
      }
      return kind
    }
    query.isNew = try target.parameter("new").map { text in
      switch text {
      case "true": true
      case "false": false
      default:
        throw HTTPRefusal(422, "\"new\" must be true or false, found \"\(text.shortened)\"")
      }
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
  /// There is no such run.
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
