import Foundation
@testable import RMOSDashboard
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Synchronization

/// A store of either backend with its dashboard, and clocks that the test advances.
final class DashboardFixture: Sendable {
  /// The backends.
  enum Backend: String, CaseIterable, Sendable {
    case inMemory, sqlite
  }

  /// The time of the wall clock.
  static let now = "2026-03-01T12:00:00Z"

  let directory: TemporaryDirectory
  let store: any RecordStore
  let dashboard: Dashboard
  let uptime: Uptime
  /// The audits in the background, which tests run one by one.
  let audit: BackgroundAudit?

  /// An uptime that passes only when a test calls `pass`.
  final class Uptime: Sendable {
    private let seconds = Mutex(1000.0)
    var now: Double { seconds.withLock { $0 } }
    func pass(_ more: Double) { seconds.withLock { $0 += more } }
  }

  init(
    _ backend: Backend, allowsWrites: Bool = false, health: HealthCheck = .standard,
    auditing: BackgroundAudit.Auditing? = nil, patience: Duration = .seconds(600)
  ) throws {
    directory = try TemporaryDirectory()
    let store: any RecordStore =
      backend == .inMemory ? InMemoryStore() : try SQLiteStore(path: directory.file("rmos.db"))
    self.store = store
    let uptime = Uptime()
    self.uptime = uptime
    var options = Dashboard.Options()
    options.allowsWrites = allowsWrites
    var clock = MigrationClock.fixed(Self.now)
    clock.uptime = { .seconds(uptime.now) }
    audit = auditing.map {
      BackgroundAudit(
        store, BackgroundAudit.Settings(interval: .seconds(600), clock: clock, audit: $0))
    }
    dashboard = Dashboard(
      store: store, options: options, health: health, audit: audit, clock: clock,
      patience: patience)
  }

  /// Inserts records into the store.
  func insert(_ records: Record...) throws {
    try store.write { transaction in
      for record in records { try transaction.insert(record) }
    }
  }

  /// Inserts records into the store as part of a run.
  func migrate(_ records: Record..., startedAt: String) throws {
    try store.write { transaction in
      var run = StoreSamples.run()
      run.startedAt = startedAt
      run.id = try transaction.beginRun(run)
      for record in records {
        let batch = StoreSamples.batch(record.kind, [StoreSamples.Entity(record)])
        try transaction.insert(batch, at: 0, run: run.id)
      }
      run.state = .completed
      run.finishedAt = startedAt.replacingOccurrences(of: ":00Z", with: ":30Z")
      try transaction.updateRun(run)
    }
  }

  /// Sends a request below `/api/rmos/stores`.
  func send(
    _ method: String, _ path: String, _ fields: [String: String] = [:], _ body: String = ""
  ) -> ServerResponse {
    dashboard.response(
      to: ServerRequest(
        method: method, target: "/api/rmos/stores" + path,
        fields: fields.sorted { $0.key < $1.key }.map { HeaderField($0.key, $0.value) },
        body: Array(body.utf8)))
  }

  func get(_ path: String, _ fields: [String: String] = [:]) -> ServerResponse {
    send("GET", path, fields)
  }

  /// Sends a request with a JSON body.
  func send(
    _ method: String, _ path: String, json: String, _ fields: [String: String] = [:]
  ) -> ServerResponse {
    send(
      method, path, fields.merging(["Content-Type": "application/json"]) { given, _ in given },
      json)
  }
}

extension ServerResponse {
  var text: String { String(decoding: body, as: UTF8.self) }

  /// The body with all of its parts.
  var wholeBody: [UInt8] {
    get throws {
      var whole = body
      while let part = try rest?.next() { whole += part }
      return whole
    }
  }

  /// The body, parsed.
  var json: JSONValue {
    get throws { try JSONValue(parsing: text) }
  }

  var detail: String { (try? json["detail"]?.string ?? "") ?? "" }
}

/// A valid record with all columns set.
func sample(_ kind: EntityKind, _ id: String, _ changes: [String: Value] = [:]) -> Record {
  StoreSamples.record(kind, id, changes)
}

/// A store whose every operation fails with the same error.
struct UnreadableStore: RecordStore {
  let code: StoreError.Code
  var location: String { "nowhere" }
  var catalog: EntityCatalog { .rmos }

  func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    throw StoreError(code, "it cannot be read")
  }
  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    throw StoreError(code, "it cannot be written")
  }
  var sizeOnDisk: Int? { nil }
  var hasWriter: Bool? { nil }
  func changeToken() -> String? { nil }
  func databaseMark() -> String? { nil }
  func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result { try body() }
  func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    try body { nil }
  }
  func checkWriting() throws -> [Issue] { [] }
  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }
  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result { try body() }
}

/// Runs a shell command with arguments.
func shell(_ command: String, _ arguments: String...) throws {
  struct Failure: Error { var text: String }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["bash", "-o", "pipefail", "-c", command, "-"] + arguments
  let errors = Pipe()
  process.standardError = errors
  try process.run()
  let text = String(
    decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw Failure(text: text) }
}
