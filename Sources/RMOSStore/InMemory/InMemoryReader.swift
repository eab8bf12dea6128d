import RMOSModels
import RMOSSystem

/// The reading side of an ``InMemoryStore``, valid within one closure.
class InMemoryReader: StoreReader {
  private var current: InMemoryState?

  init(_ state: InMemoryState) { current = state }

  /// Ends the validity and gives the state back.
  final func expire() -> InMemoryState? {
    defer { current = nil }
    return current
  }

  /// The state; throws once the closure has ended.
  final func state() throws(StoreError) -> InMemoryState {
    guard let current else { throw StoreError.expiredHandle }
    return current
  }

  /// Changes the state in place.
  final func change<Result>(_ body: (inout InMemoryState) throws -> Result) throws -> Result {
    // Taken out, so that there is no second owner that would make it a copy.
    guard var state = expire() else { throw StoreError.expiredHandle }
    defer { current = state }
    return try body(&state)
  }

  final func schemaVersion() throws -> SchemaVersion? {
    _ = try state()
    return SchemaVersion(version: 2, appliedAt: nil)
  }

  final func record(_ kind: EntityKind, id: String) throws -> Record? {
    try state()[kind][InMemoryState.Key(id)]?.record
  }

  final func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    let id = id.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    return try state()[kind][InMemoryState.Key(id)] != nil
  }

  final func records(_ query: RecordQuery) throws -> [Record] {
    var matches = try matches(query)
    if query.order == .newestFirst,
      let position = query.kind.schema.position(ofMember: "created_at")
    {
      // Stable: what is equally old stays in the order in which it was added.
      matches.sort { $1.values[position].precedes($0.values[position]) }
    }
    let rest = matches.dropFirst(max(0, query.offset))
    return Array(rest.prefix(query.limit.map { max(0, $0) } ?? rest.count))
  }

  final func count(_ query: RecordQuery) throws -> Int { try matches(query).count }

  private func matches(_ query: RecordQuery) throws -> [Record] {
    let tests = try query.conditions.map { try query.test($0) }
    let state = try state()
    let records =
      query.order == .id ? state.sorted(query.kind) : state.inOrderAdded(query.kind)
    return records.filter { record in tests.allSatisfy { $0(record) } }
  }

  final func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    for record in try state().sorted(kind) { try body(record) }
  }

  final func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try state()[kind][InMemoryState.Key(id)]?.provenance
  }

  final func runs(limit: Int?) throws -> [LedgerRun] {
    let runs = try state().runs.reversed()
    return Array(runs.prefix(limit.map { max(0, $0) } ?? runs.count))
  }

  final func run(_ id: Int64) throws -> LedgerRun? { try state().runs.first { $0.id == id } }

  final func issues(ofRun run: Int64, limit: Int?) throws -> [Issue] {
    let issues = try state().issues[run] ?? []
    return Array(issues.prefix(limit.map { max(0, $0) } ?? issues.count))
  }

  final func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    for kind in EntityKind.allCases {
      let images = try state().images(ofRun: run, kind)
      for (_, image) in images.sorted(by: { $0.key < $1.key }) { try body(image) }
    }
  }

  final func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    for obstacle in try state().undoObstacles(ofRun: run) { try body(obstacle) }
  }

  final func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    try state().undoCounts(ofRun: run)
  }
}

extension RecordQuery {
  fileprivate func test(_ condition: Condition) throws -> (Record) -> Bool {
    switch condition {
    case .equals(let member, let value):
      let position = try position(of: member)
      let sought = kind.schema.fields[position].type.affinity.stored(value)
      return { $0.values[position].isSame(as: sought) }
    case .contains(let member, let text):
      let position = try position(of: member)
      let sought = Array(text.lowercasedASCII.utf8)
      return { record in
        guard case .text(let text) = record.values[position] else { return false }
        return Array(text.lowercasedASCII.utf8).containsSubsequence(sought)
      }
    }
  }
}

extension [UInt8] {
  fileprivate func containsSubsequence(_ sought: [UInt8]) -> Bool {
    guard !sought.isEmpty else { return true }
    guard count >= sought.count else { return false }
    return (0...count - sought.count).contains { start in
      self[start..<start + sought.count].elementsEqual(sought)
    }
  }
}
