import RMOS

/// Reads its own copy of the tables, which does not change.
class TableReader: StoreReader {
  let catalog: EntityCatalog
  /// `nil` once the closure has ended.
  var tables: Tables?
  private let cancellation = CancellationCheck()

  init(_ tables: Tables, _ catalog: EntityCatalog) {
    (self.tables, self.catalog) = (tables, catalog)
  }

  func current() throws -> Tables {
    guard let tables else { throw StoreError(.expiredHandle) }
    return tables
  }

  func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try cancellation.within(isCancelled, body)
  }

  // MARK: Entities

  func record(_ kind: EntityKind, id: String) throws -> Record? {
    try current()[kind, id]?.record
  }

  func records(_ query: RecordQuery) throws -> [Record] {
    let rows = try current().rows[query.kind] ?? [:]
    return try query.select(
      from: rows.values.sorted { $0.number < $1.number }.map(\.record), in: self)
  }

  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    for record in try records(RecordQuery(kind)) {
      try cancellation.poll()
      try body(record)
    }
  }

  // MARK: Migration

  var inspection: any SchemaInspecting { recordInspection }

  func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try current()[kind, id]?.provenance
  }

  func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    Array(try current().runs.reversed().dropFirst(offset).prefix(limit ?? .max))
  }

  func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    for issue in query.select(from: try current().issues[query.run] ?? []) { try body(issue) }
  }

  func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try current().failures[run]?.intersection(digests) ?? []
  }

  func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    for kind in catalog.kinds {
      let images = try current().images[run]?[kind] ?? [:]
      for (_, image) in images.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        try body(image)
      }
    }
  }

  func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    for kind in catalog.kinds {
      let changes = try current().changes[run]?[kind] ?? [:]
      for (_, change) in changes.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        try body(change)
      }
    }
  }
}
