import RMOSModels

/// The writing side of an ``InMemoryStore``, valid within one closure.
final class InMemoryTransaction: InMemoryReader, StoreTransaction {
  func insert(_ record: Record) throws { try insert(record, provenance: nil) }

  func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws {
    try insert(batch.record(at: index), provenance: batch.provenance(at: index, run: run))
  }

  private func insert(_ record: Record, provenance: Provenance?) throws {
    try change { state in
      let key = InMemoryState.Key(try record.requiredID())
      guard state[record.kind][key] == nil else {
        throw StoreError(.duplicateID, "").explained(record.kind, id: key.text)
      }
      let stored = try state.stored(record)
      state.add(stored, provenance, as: key)
    }
  }

  func update(_ record: Record) throws -> Bool {
    try change { state in
      let key = InMemoryState.Key(try record.requiredID())
      guard let old = state[record.kind][key]?.record else { return false }
      let stored = try state.stored(record, changing: old)
      state[record.kind][key]?.record = stored
      return true
    }
  }

  func update(
    _ batch: RecordBatch, at index: Int, run: Int64, startedAt: String
  ) throws {
    try change { state in
      let (kind, id) = (batch.kind, batch.text(batch.entries[index].id))
      let key = InMemoryState.Key(id)
      guard let before = state[kind][key] else { throw StoreError.nothingToUpdate(kind, id) }
      let record = try state.stored(
        batch.row(at: index, rewriting: before.record, startedAt: startedAt))
      var provenance = batch.provenance(at: index, run: run)
      provenance.rowDigest = RowDigest(of: record)
      state[kind][key] = InMemoryState.Row(
        record: record, provenance: provenance, number: before.number)
      state.images[run, default: [:]][kind, default: [:]][key] =
        BeforeImage(record: before.record, provenance: before.provenance)
    }
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    try change { state in
      let key = InMemoryState.Key(id)
      guard state[kind][key] != nil else { return false }
      guard !state.isReferenced(kind, id: id) else {
        throw StoreError.stillReferenced(kind, id: id)
      }
      state[kind][key] = nil
      return true
    }
  }

  func beginRun(_ run: LedgerRun) throws -> Int64 {
    try change { state in
      var run = run
      run.id = Int64(state.runs.count + 1)
      state.runs.append(run)
      return run.id
    }
  }

  func updateRun(_ run: LedgerRun) throws {
    try change { state in
      guard let index = state.runs.firstIndex(where: { $0.id == run.id }) else {
        throw StoreError.noSuchRun(run.id)
      }
      state.runs[index] = run
    }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try change { state in
      guard state.runs.contains(where: { $0.id == run }) else { throw StoreError.noSuchRun(run) }
      state.issues[run, default: []] += issues
    }
  }

  func undo(run: Int64) throws -> UndoCounts { try change { $0.undo(run: run) } }
}
