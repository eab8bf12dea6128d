import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// Some of the runs in a ledger, in an order.
struct RunSlice {
  let runs: [LedgerRun]
  /// The number of all runs.
  let total: Int

  /// Reads runs.
  ///
  /// The newest first are read alone; another order takes all of them.
  init(_ order: RunOrder, limit: Int, offset: Int, in store: any RecordStore) throws {
    (runs, total) = try LedgerRun.settling(in: store, \.0) { reader in
      if order == .newestFirst {
        return (try reader.runs(limit: limit, offset: offset), try reader.runCount())
      }
      let all = try reader.runs(limit: nil)
      return (Array(order.sorted(all).dropFirst(offset).prefix(limit)), all.count)
    } settled: {
      ($1, $0.1)
    }
  }

  /// The runs as CSV.
  var csv: [UInt8] {
    var csv = CSV(RunColumn.allCases.map(\.rawValue) + ["undone_by"])
    for run in runs {
      csv.append(
        RunColumn.allCases.map { run[$0] } + [run.undoneBy.map(Value.integer) ?? .null])
    }
    return csv.bytes
  }
}

/// What lists of runs show, and are sorted by.
enum RunColumn: String, CaseIterable {
  // What went wrong comes first, where a narrow screen shows it.
  case run, command, state, failed, new, known, found, migrated, updated, skipped
  case started, duration, source, who

  var heading: String {
    switch self {
    case .who: "By"
    default: rawValue.prefix(1).uppercased() + rawValue.dropFirst()
    }
  }

  /// Whether its cells are numbers, which are set flush right.
  var isNumber: Bool {
    switch self {
    case .duration, .found, .migrated, .updated, .skipped, .failed, .new, .known: true
    case .run, .command, .state, .started, .source, .who: false
    }
  }

  /// Whether it has something to say of any of some runs.
  func says(somethingOf runs: [LedgerRun]) -> Bool {
    switch self {
    case .updated: runs.contains { $0.statistics.total.updated > 0 }
    case .new, .known: runs.contains { $0.failedNew != nil }
    default: true
    }
  }

  /// The outcome that it counts.
  var outcome: Outcome? { Outcome(rawValue: rawValue) }
}

extension LedgerRun {
  /// The value of a column.
  subscript(column: RunColumn) -> Value {
    switch column {
    case .run: .integer(id)
    case .command: .text(command)
    case .state: .text(stateWord)
    case .started: .text(startedAt)
    case .duration: .real(seconds)
    case .source: .text(source)
    case .who: who.map(Value.text) ?? .null
    case .new: failedNew.map { .integer(Int64($0)) } ?? .null
    case .known: failedKnown.map { .integer(Int64($0)) } ?? .null
    case .found: .integer(Int64(statistics.total.found))
    case .migrated, .updated, .skipped, .failed:
      .integer(Int64(column.outcome.map { statistics.total[$0] } ?? 0))
    }
  }

  /// Who ran it, and on which machine; `nil` if that was not recorded.
  var who: String? {
    let parts = [user, host].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: "@")
  }

  /// The state as people read it.
  var stateWord: String {
    guard state == .completed else { return state.rawValue }
    if hasFoundNothing { return "completed, found nothing" }
    return statistics.total.failed > 0 ? "completed with failures" : state.rawValue
  }
}

/// The order of a list of runs: by a column, `-column` the other way around.
struct RunOrder: Hashable {
  let column: RunColumn
  let isDescending: Bool

  static let newestFirst = RunOrder(.run, descending: true)

  init(_ column: RunColumn, descending: Bool) {
    self.column = column
    isDescending = descending
  }

  /// The order that a parameter names; `nil` if there is none of that name.
  init?(_ text: String) {
    let isDescending = text.hasPrefix("-")
    guard let column = RunColumn(rawValue: isDescending ? String(text.dropFirst()) : text) else {
      return nil
    }
    self.init(column, descending: isDescending)
  }

  /// The order as a parameter.
  var text: String { (isDescending ? "-" : "") + column.rawValue }

  /// All orders as parameters.
  static let names =
    RunColumn.allCases.map(\.rawValue) + RunColumn.allCases.map { "-\($0.rawValue)" }

  /// The runs in this order: those without a value last, equal ones newest first.
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

// MARK: Runs whose process died

extension LedgerRun {
  /// A run; `nil` if there is none with that number.
  static func settled(_ id: Int64, in store: any RecordStore) throws -> LedgerRun? {
    try settling(in: store, { [$0].compactMap(\.self) }) {
      try $0.run(id)
    } settled: {
      $1.first
    }
  }

  /// Reads runs, and marks as interrupted those that the ledger calls running although no process
  /// writes.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - runs: The runs of what was read.
  ///   - read: Reads.
  ///   - settled: What was read, with other runs.
  /// - Returns: What was read.
  /// - Throws: What `read` throws.
  static func settling<Answer>(
    in store: any RecordStore, _ runs: (Answer) -> [LedgerRun],
    _ read: (any StoreReader) throws -> Answer, settled: (Answer, [LedgerRun]) -> Answer
  ) throws -> Answer {
    func isOpen(_ run: LedgerRun) -> Bool { run.state == .running && !run.isOfRunningServer }
    var answer = try store.read(read)
    guard runs(answer).contains(where: isOpen) else { return answer }
    let hasWriter = store.hasWriter
    // Without a writer, the process died, or the run ended just now, which a second look shows.
    if hasWriter == false { answer = try store.read(read) }
    return settled(
      answer,
      runs(answer).map { run in
        guard isOpen(run), hasWriter == false || run.command == serverCommand else { return run }
        var run = run
        run.state = .interrupted
        return run
      })
  }
}
