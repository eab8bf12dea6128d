// One entity that stands for itself, not in a file.

extension EntityReader {
  /// Reads a text that holds one entity and nothing else.
  ///
  /// Appends nothing where the text is JSON, but no object.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - key: The id it must have, in the batch's arena; nil where it must name one.
  ///   - source: Position of its source in the batch.
  ///   - batch: Of the reader's kind.
  /// - Throws: Where the text is not JSON, or more than one value.
  package func read(
    _ text: [UInt8], key: RecordBatch.TextSpan?, source: Int, into batch: inout RecordBatch
  ) throws(JSONScanError) {
    let outcome: Swift.Result<Void, JSONScanError> = text.withUnsafeBytes { bytes in
      do throws(JSONScanError) {
        // Before anything is appended.
        try JSONScanner.validate(bytes)
      } catch {
        return .failure(error)
      }
      return JSONScanner.withPaddedCopy(of: bytes) { scanner in
        scanner.skipWhiteSpace()
        guard scanner.cursor.pointee == UInt8(ascii: "{") else { return .success(()) }
        let place = RecordBatch.SourcePlace(offset: scanner.position, line: 1, column: 1)
        var context = Context(source: source, path: "", place: place, encoding: .utf8)
        context.key = key
        do throws(JSONScanError) {
          _ = try read(&scanner, context, into: &batch)
          return .success(())
        } catch {
          return .failure(error)
        }
      }
    }
    try outcome.get()
  }
}
