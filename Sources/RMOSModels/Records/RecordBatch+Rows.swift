extension RecordBatch {
  /// The digest of the row that the entity at `index` becomes.
  package func rowDigest(at index: Int) -> RowDigest {
    arena.withUnsafeBytes { arena in
      var hasher = RowHasher()
      for position in index * fieldCount..<(index + 1) * fieldCount {
        switch cells[position] {
        case .null: hasher.combineNull()
        case .integer(let number): hasher.combine(number)
        case .real(let number): hasher.combine(number)
        case .text(let span):
          hasher.combine(text: UnsafeRawBufferPointer(rebasing: arena[span.range]))
        }
      }
      return hasher.digest
    }
  }

  /// The row that rewriting `stored` with the entity at `index` gives.
  ///
  /// Where the source does not say when the entity was created, the stored time stays; where it
  /// does not say when it was changed, that is `startedAt`, the start of the run that rewrites it.
  package func row(at index: Int, rewriting stored: Record, startedAt: String) -> Record {
    var row = record(at: index)
    for (position, field) in kind.schema.fields.enumerated()
    where entries[index].given & 1 << UInt32(position) == 0 {
      switch field.absent {
      case .runStart where stored.values[position] != .null:
        row.values[position] = stored.values[position]
      case .runStart, .sameAs: row.values[position] = .text(startedAt)
      case .null, .text: break
      }
    }
    return row
  }
}
