/// A store that can show one state to several threads at the same time.
package protocol ConcurrentReading: RecordStore {
  /// Runs each part on one and the same state, several at a time if that is possible.
  ///
  /// They are begun in order. Once one throws, no further one is begun.
  /// - Throws: ``StoreError``, or what the first part that failed throws.
  func readConcurrently(_ parts: [@Sendable (any StoreReader) throws -> Void]) throws
}

extension RecordStore {
  /// Runs each part on one and the same state, several at a time if the store can.
  ///
  /// - Throws: ``StoreError``, or what the first part that failed throws.
  package func readOnOneState(_ parts: [@Sendable (any StoreReader) throws -> Void]) throws {
    if let store = self as? any ConcurrentReading { return try store.readConcurrently(parts) }
    try read { reader in
      for part in parts { try part(reader) }
    }
  }
}
