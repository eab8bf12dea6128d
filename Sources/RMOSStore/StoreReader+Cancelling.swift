extension StoreReader {
  /// Runs `body` and gives up what it asks of the store, however long that takes, once
  /// `isCancelled` says so.
  ///
  /// Where `body` writes, the transaction is lost then.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what `body` throws.
  package func run<Result>(
    whileNot isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    let result: Result?
    if isCancelled() {
      result = nil
    } else if let reader = self as? SQLiteReader {
      result = try reader.session().connection.run(until: isCancelled, body)
    } else {
      result = try body()
    }
    guard let result, !isCancelled() else {
      throw StoreError(.cancelled, "it was given up, and nothing was changed")
    }
    return result
  }
}
