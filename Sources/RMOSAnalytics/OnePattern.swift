import RMOSModels
import RMOSStore

extension Analytics {
  /// Computes the figures of one pattern, its strip families and its jobs, on the current thread.
  ///
  /// - Parameters:
  ///   - id: The pattern's id.
  ///   - isCancelled: Polled while the store is read.
  /// - Returns: A report as if there were nothing else in the store; `nil` if there is no such
  ///   pattern.
  /// - Throws: As ``run()``.
  /// - Complexity: O(n) in the pattern's jobs, which an index finds.
  package func runSynchronously(
    pattern id: String, isCancelled: @escaping () -> Bool = { false }
  ) throws -> AnalyticsReport? {
    try store.read { reader in
      try reader.run(whileNot: isCancelled) {
        guard let pattern = try reader.record(.patterns, id: id) else { return nil }
        let rows = RowReader(of: try PatternRows(of: pattern, reader), isCancelled: isCancelled)
        return try Shop(reading: rows).report(options, whileNot: isCancelled)
      }
    }
  }
}

/// The rows of a pattern, of its jobs, and of the strip families that these name.
struct PatternRows: RowSource {
  private let reader: any StoreReader
  private let pattern: Record
  private let families: [Record]

  /// How many jobs are read at a time.
  private static let page = 2000

  init(of pattern: Record, _ reader: any StoreReader) throws {
    self.reader = reader
    self.pattern = pattern
    var ids: Set<[UInt8]> = []
    var families: [Record] = []
    func add(_ value: Value?) throws {
      guard let id = value?.text, ids.insert(Array(id.utf8)).inserted,
        let family = try reader.record(.stripFamilies, id: id)
      else { return }
      families.append(family)
    }
    try add(pattern["strip_family_id"])
    try Self.forEachJob(of: pattern, reader) { try add($0["strip_family_id"]) }
    self.families = families
  }

  private static func forEachJob(
    of pattern: Record, _ reader: any StoreReader, _ body: (Record) throws -> Void
  ) throws {
    let query = RecordQuery(.joblogs).filter("pattern_id", is: .text(pattern.id)).order(.id)
    var offset = 0
    while true {
      let jobs = try reader.records(query.limit(page, offset: offset))
      for job in jobs { try body(job) }
      guard jobs.count == page else { return }
      offset += page
    }
  }

  func count(_ kind: EntityKind) throws -> Int {
    switch kind {
    case .patterns: 1
    case .stripFamilies: families.count
    default: 0
    }
  }

  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    func row(_ record: Record) throws { try body(members.map { record[$0] ?? .null }) }
    switch kind {
    case .patterns: try row(pattern)
    case .stripFamilies: for family in families { try row(family) }
    case .joblogs: try Self.forEachJob(of: pattern, reader, row)
    default: break
    }
  }
}
