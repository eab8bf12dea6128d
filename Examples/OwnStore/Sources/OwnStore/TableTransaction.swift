import RMOS

/// Changes its own copy of the tables, which becomes the store's content if the transaction
/// succeeds.
final class TableTransaction: TableReader, StoreTransaction {
  private func change<Result>(_ body: (inout Tables) throws -> Result) throws -> Result {
    var changed = try current()
    tables = nil
    defer { tables = changed }
    return try body(&changed)
  }

  // MARK: Entities

  func insert(_ record: Record, provenance: Provenance?) throws {
    try change { tables in
      let id = try record.requiredID()
      guard tables[record.kind, id] == nil else {
        throw StoreError(.duplicateID(record.kind, id: id))
      }
      let stored = try tables.checked(record)
      tables.lastNumber += 1
      tables[record.kind, id] = Tables.Row(
        record: stored, provenance: provenance?.written(stored), number: tables.lastNumber)
    }
  }

  func update(_ record: Record) throws -> Bool {
    try change { tables in
      let id = try record.requiredID()
      guard let old = tables[record.kind, id] else { return false }
      let stored = try tables.checked(record, replacing: old.record)
      tables[record.kind, id]?.record = stored
      return true
    }
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    try change { tables in
      guard tables[kind, id] != nil else { return false }
      guard !tables.isReferenced(kind, id) else {
        throw StoreError(.stillReferenced(kind, id: id, catalog))
      }
      tables[kind, id] = nil
      return true
    }
  }

  // MARK: Migration

  func rewrite(_ record: Record, provenance: Provenance) throws {
    try change { tables in
      let (kind, id) = (record.kind, try record.requiredID())
      guard let old = tables[kind, id] else { throw StoreError(.nothingToUpdate(kind, id: id)) }
      guard tables.images[provenance.run]?[kind]?[Array(id.utf8)] == nil else {
        throw StoreError(.rewrittenTwice(kind, id: id, run: provenance.run))
      }
      let stored = try tables.checked(record)
      tables.images[provenance.run, default: [:]][kind, default: [:]][Array(id.utf8)] =
        BeforeImage(record: old.record, provenance: old.provenance)
      tables[kind, id] = Tables.Row(
        record: stored, provenance: provenance.written(stored), number: old.number)
    }
  }

  func keep(_ change: RowChange) throws {
    try self.change { tables in
      tables.changes[change.run, default: [:]][change.kind, default: [:]][Array(change.id.utf8)] =
        change
    }
  }

  func removeChanges(ofRun run: Int64) throws { try change { $0.changes[run] = nil } }

  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    try change { tables in
      let (kind, id) = (image.record.kind, image.record.id)
      tables.images[run]?[kind]?[Array(id.utf8)] = nil
      guard let row = tables[kind, id] else { return false }
      tables[kind, id] = Tables.Row(
        record: image.record, provenance: image.provenance, number: row.number)
      return true
    }
  }

  func beginRun(_ run: LedgerRun) throws -> Int64 {
    try change { tables in
      var run = run
      run.id = Int64(tables.runs.count + 1)
      tables.runs.append(run)
      return run.id
    }
  }

  func updateRun(_ run: LedgerRun) throws {
    try change { tables in
      guard let index = tables.runs.firstIndex(where: { $0.id == run.id }) else {
        throw StoreError(.noSuchRun(run.id))
      }
      tables.runs[index] = run
    }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try change { tables in
      guard tables.runs.contains(where: { $0.id == run }) else { throw StoreError(.noSuchRun(run)) }
      tables.issues[run, default: []] += issues
    }
  }

  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    try change { $0.failures[run, default: []].formUnion(digests) }
  }

  func removeFailures(ofRun run: Int64) throws { try change { $0.failures[run] = nil } }
}

extension Provenance {
  /// Returns the provenance with the digest of a stored row.
  fileprivate func written(_ row: Record) -> Provenance {
    var provenance = self
    provenance.rowDigest = RowDigest(of: row)
    return provenance
  }
}
