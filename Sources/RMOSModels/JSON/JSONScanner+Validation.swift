extension JSONScanner {
  /// Checks that `bytes` are one JSON value in UTF-8, and nothing else but white space.
  ///
  /// O(n) time, and a copy of the bytes.
  /// - Throws: ``JSONScanError`` with the first offence.
  public static func validate(_ bytes: UnsafeRawBufferPointer) throws(JSONScanError) {
    let result: Result<Void, JSONScanError> = withPaddedCopy(of: bytes) { scanner in
      do throws(JSONScanError) {
        scanner.skipWhiteSpace()
        _ = try scanner.skipValue(enclosingDepth: 0)
        scanner.skipWhiteSpace()
        guard scanner.isAtEnd else { throw scanner.unexpected(.end) }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Runs `body` with a scanner over a padded copy of `bytes`.
  package static func withPaddedCopy<Result>(
    of bytes: UnsafeRawBufferPointer, _ body: (inout JSONScanner) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: Bool.self, capacity: maximumDepth) { containers in
      containers.initialize(repeating: false)
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + padding)
      defer { copy.deallocate() }
      UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: bytes)
      (copy + bytes.count).initialize(repeating: 0, count: padding)
      // An allocation of fixed, positive size has an address.
      guard let flags = containers.baseAddress else { preconditionFailure("no scratch") }
      var scanner = JSONScanner(base: copy, count: bytes.count, containers: flags)
      return body(&scanner)
    }
  }
}
