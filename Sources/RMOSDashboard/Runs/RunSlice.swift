import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// A page of the runs in a ledger, in an order.
struct RunSlice {
  let runs: [LedgerRun]
  /// The number of all runs.
  let total: Int

  /// Reads a page of runs; all runs, unless the newest come first.
  init(_ order: RunOrder, limit: Int, offset: Int, in store: any RecordStore) throws {
    let (found, current) = try CurrentRun.found(in: store) { reader in
      if order == .newestFirst {
        return (
          runs: try reader.runs(limit: limit, offset: offset), total: try reader.runCount()
        )
      }
      let all = try reader.runs(limit: nil)
      return (Array(order.sorted(all).dropFirst(offset).prefix(limit)), all.count)
    }
    runs = found.runs.map(current.settled)
    total = found.total
  }

  /// The runs as CSV.
  var csv: [UInt8] {
    var csv = CSV(RunListColumn.allCases.map(\.rawValue) + ["undone_by"])
    for run in runs {
      csv.append(
        RunListColumn.allCases.map { run[$0] } + [run.undoneBy.map(Value.integer) ?? .null])
    }
    return csv.bytes
  }
}

/// A column of the lists of runs, by which they can be sorted.
enum RunListColumn: String, CaseIterable {
  // Failures come early, where a narrow screen shows them.
  case run, command, state, failed, new, known, found, migrated, updated, skipped
  case started, duration, source, who

  var heading: String {
    switch self {
    case .who: "By"
    default: PageText.capitalized(rawValue)
    }
  }

  /// Whether the cells are numbers, which are aligned to the right.
  var isNumber: Bool {
    switch self {
    case .duration, .found, .migrated, .updated, .skipped, .failed, .new, .known: true
    case .run, .command, .state, .started, .source, .who: false
    }
  }

  /// Whether the column is worth showing in a list of runs.
  func isUseful(for runs: [LedgerRun]) -> Bool {
    switch self {
    case .updated: runs.contains { $0.statistics.total.updated > 0 }
    case .new, .known: runs.contains { $0.failedNew != nil }
    default: true
    }
  }

  /// The figure that the column shows; `nil` if it shows none.
  var figure: RunFigure? { RunFigure(rawValue: rawValue) }
}

extension LedgerRun {
  /// The value of a column.
  subscript(column: RunListColumn) -> Value {
    switch column {
    case .run: .integer(id)
    case .command: .text(command)
    case .state: .text(stateText)
    case .started: .text(startedAt)
    case .duration: .real(seconds)
    case .source: .text(source)
    case .who: who.map(Value.text) ?? .null
    case .new: failedNew.map { .integer(Int64($0)) } ?? .null
    case .known: failedKnown.map { .integer(Int64($0)) } ?? .null
    case .found, .migrated, .updated, .skipped, .failed:
      .integer(Int64(column.figure.map { statistics.total[$0] } ?? 0))
    }
  }
}

/// The order of a list of runs: by a column, or descending with `-column`.
struct RunOrder: Hashable {
  let column: RunListColumn
  let isDescending: Bool

  static let newestFirst = RunOrder(.run, descending: true)

  init(_ column: RunListColumn, descending: Bool) {
    self.column = column
    isDescending = descending
  }

  /// Creates the order that a parameter names; `nil` if there is none of that name.
  init?(_ text: String) {
    let isDescending = text.hasPrefix("-")
    guard let column = RunListColumn(rawValue: isDescending ? String(text.dropFirst()) : text)
    else {
      return nil
    }
    self.init(column, descending: isDescending)
  }

  /// The order as a parameter.
  var text: String { (isDescending ? "-" : "") + column.rawValue }

  /// All orders as parameters.
  static let names =
    RunListColumn.allCases.map(\.rawValue) + RunListColumn.allCases.map { "-\($0.rawValue)" }

  /// Returns the runs in this order: those without a value last, equal ones newest first.
  func sorted(_ runs: [LedgerRun]) -> [LedgerRun] {
    let keys = runs.map { run in (run: run, value: run[column]) }
    return keys.sorted { left, right in
      switch (left.value, right.value) {
      case (.null, .null): break
      case (.null, _): return false
      case (_, .null): return true
      default:
        if left.value.precedes(right.value) { return !isDescending }
        if right.value.precedes(left.value) { return isDescending }
      }
      return left.run.id > right.run.id
    }.map(\.run)
  }
}

extension LedgerRun {
  /// A run as pages show it; `nil` if there is no run with that number.
  static func settled(_ id: Int64, in store: any RecordStore) throws -> LedgerRun? {
    let (run, current) = try CurrentRun.found(in: store) { try $0.run(id) }
    return run.map(current.settled)
  }
}
