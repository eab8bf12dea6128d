extension JSONScanner {
  /// Checks that `bytes` are one JSON value in UTF-8, and nothing else but white space.
  ///
  /// O(n) time, and a copy of the bytes.
  /// - Throws: ``JSONScanError`` with the first offence.
  public static func validate(_ bytes: UnsafeRawBufferPointer) throws(JSONScanError) {
    let result: Result<Void, JSONScanError> = withPaddedCopy(of: bytes) { $0.validateAll() }
    try result.get()
  }

  /// Checks like ``validate(_:)``, without a copy: O(n) time, no memory.
  ///
  /// - Parameters:
  ///   - base: The bytes, followed by ``padding`` readable bytes of which the first is 0.
  ///   - count: How many bytes there are, without the padding.
  /// - Throws: ``JSONScanError`` with the first offence.
  public static func validate(
    padded base: UnsafePointer<UInt8>, count: Int
  ) throws(JSONScanError) {
    precondition(base[count] == 0, "the byte after the input must be 0")
    let result: Result<Void, JSONScanError> = withScanner(over: base, count) { $0.validateAll() }
    try result.get()
  }

  private mutating func validateAll() -> Result<Void, JSONScanError> {
    do throws(JSONScanError) {
      skipWhiteSpace()
      _ = try skipValue(enclosingDepth: 0)
      try skipToEnd()
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  /// Passes over white space, after which nothing may follow.
  package mutating func skipToEnd() throws(JSONScanError) {
    skipWhiteSpace()
    guard isAtEnd else { throw unexpected(.end) }
  }

  /// The one JSON value in `text`, without the white space between its tokens.
  package static func compacted(_ text: String) throws(JSONScanError) -> String {
    var text = text
    let result: Result<String, JSONScanError> = text.withUTF8 { bytes in
      withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
        var failure: JSONScanError?
        let capacity = bytes.count + padding
        let compact = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
          guard var output = buffer.baseAddress else { return }
          do throws(JSONScanError) {
            scanner.skipWhiteSpace()
            _ = try scanner.copyValue(to: &output, enclosingDepth: 0)
            try scanner.skipToEnd()
            count = (buffer.baseAddress ?? output).distance(to: output)
          } catch {
            failure = error
          }
        }
        return failure.map { .failure($0) } ?? .success(String(decoding: compact, as: UTF8.self))
      }
    }
    return try result.get()
  }

  /// Runs `body` with a scanner over a padded copy of `bytes`.
  package static func withPaddedCopy<Result>(
    of bytes: UnsafeRawBufferPointer, _ body: (inout JSONScanner) -> Result
  ) -> Result {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + padding)
    defer { copy.deallocate() }
    UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: bytes)
    (copy + bytes.count).initialize(repeating: 0, count: padding)
    return withScanner(over: copy, bytes.count, body)
  }

  /// Runs `body` with a scanner over bytes that are padded.
  private static func withScanner<Result>(
    over base: UnsafePointer<UInt8>, _ count: Int, _ body: (inout JSONScanner) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: Bool.self, capacity: maximumDepth) { containers in
      containers.initialize(repeating: false)
      // An allocation of fixed, positive size has an address.
      guard let flags = containers.baseAddress else { preconditionFailure("no scratch") }
      var scanner = JSONScanner(base: base, count: count, containers: flags)
      return body(&scanner)
    }
  }
}
