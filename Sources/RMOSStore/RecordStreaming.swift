package import RMOSModels

/// A reader that can go through the records of a query one by one.
protocol RecordStreaming: StoreReader {
  /// Calls `body` with the records that match `query`, in its order, within its limit and offset.
  ///
  /// Memory is for eight bytes a record at most.
  /// - Returns: Whether it could; if not, `body` was not called.
  func streamRecords(_ query: RecordQuery, _ body: (Record) throws -> Void) throws -> Bool
}

extension StoreReader {
  /// Calls `body` with the records that match `query`, in its order, within its limit and offset.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - size: How many records are in memory at once, if the store can only return a page of them.
  ///   - body: Takes a record; what it throws ends the stream.
  /// - Throws: `StoreError`, or what `body` throws.
  package func forEachRecord(
    matching query: RecordQuery, pageSize size: Int = 1_000, _ body: (Record) throws -> Void
  ) throws {
    if let reader = self as? any RecordStreaming, try reader.streamRecords(query, body) { return }
    var (offset, rest) = (query.offset, query.limit ?? .max)
    while rest > 0 {
      let size = min(rest, size)
      let records = try records(query.limit(size, offset: offset))
      for record in records { try body(record) }
      let (next, overflows) = offset.addingReportingOverflow(size)
      if records.count < size || overflows { return }
      (offset, rest) = (next, rest - size)
    }
  }
}
