/// A strict, one-pass scanner for JSON (RFC 8259) in UTF-8.
///
/// It checks every byte, builds no tree and never recurses. Values are spans of the input; a value
/// that is wanted as text is copied while it is scanned, without white space between its tokens.
package struct JSONScanner {
  /// The maximum depth of nested arrays and objects.
  package static let maximumDepth = 512

  /// The number of readable bytes that must follow the input; the first must be 0.
  package static let padding = 64

  /// The type of a value.
  package enum Kind: UInt8, Sendable {
    case string, escapedString, number, `true`, `false`, null, object, array
  }

  let end: UnsafePointer<UInt8>
  /// The scan position.
  package var cursor: UnsafePointer<UInt8>
  private let base: UnsafePointer<UInt8>
  /// The position of the input's first byte.
  private let origin: Int
  /// One flag per open container: whether it is an object.
  private let containers: UnsafeMutablePointer<Bool>

  /// Creates a scanner over `count` bytes.
  ///
  /// - Parameters:
  ///   - base: The input, followed by ``padding`` readable bytes of which the first is 0.
  ///   - count: Its length, bytes.
  ///   - origin: The position of its first byte, if it is part of a longer text. Positions and the
  ///     offsets of errors count from the beginning of that text.
  ///   - position: Where to begin, `origin` or later; `nil` for the beginning of the input.
  ///   - containers: Scratch memory for ``maximumDepth`` flags.
  package init(
    base: UnsafePointer<UInt8>, count: Int, origin: Int = 0, position: Int? = nil,
    containers: UnsafeMutablePointer<Bool>
  ) {
    self.base = base
    self.end = base + count
    self.origin = origin
    self.cursor = base + ((position ?? origin) - origin)
    self.containers = containers
  }

  /// The number of bytes left to scan.
  package var remaining: Int { end - cursor }

  /// The scan position, from the beginning of the text.
  package var position: Int { position(of: cursor) }

  @inline(__always)
  func position(of place: UnsafePointer<UInt8>) -> Int { place - base + origin }

  /// Whether the whole input has been scanned.
  package var isAtEnd: Bool { cursor == end }

  /// The byte at the position; 0 at the end.
  package var byte: UInt8 { cursor.pointee }

  /// Skips white space.
  @inline(__always)
  package mutating func skipWhiteSpace() {
    while JSONScanner.isWhiteSpace(cursor.pointee) { cursor += 1 }
  }

  /// Skips `byte` if it is next.
  @inline(__always)
  package mutating func skip(_ byte: UInt8) -> Bool {
    guard cursor.pointee == byte else { return false }
    cursor += 1
    return true
  }

  @inline(__always)
  static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  /// The error for the byte at the position.
  package func unexpected(_ expected: JSONScanError.Expected) -> JSONScanError {
    unexpected(at: cursor, expected)
  }

  @inline(never)
  func unexpected(
    at place: UnsafePointer<UInt8>, _ expected: JSONScanError.Expected
  ) -> JSONScanError {
    place >= end
      ? JSONScanError(.unexpectedEnd, position(of: end))
      : JSONScanError(.unexpected(byte: place.pointee, expected: expected), position(of: place))
  }

  /// Scans one value and moves past it.
  package mutating func skipValue(enclosingDepth: Int) throws(JSONScanError) -> Kind {
    var sink = DiscardingSink()
    return try scanValue(into: &sink, enclosingDepth: enclosingDepth)
  }

  /// Scans one value and copies its tokens to `output`, without white space between them.
  ///
  /// - Parameters:
  ///   - output: Room for the ``remaining`` bytes and ``padding`` more. Advanced past the copy.
  ///   - enclosingDepth: How many containers are open around the value.
  /// - Returns: The type of the value.
  /// - Throws: ``JSONScanError`` for the first error.
  package mutating func copyValue(
    to output: inout UnsafeMutablePointer<UInt8>, enclosingDepth: Int
  ) throws(JSONScanError) -> Kind {
    var sink = CopyingSink(output: output)
    let kind = try scanValue(into: &sink, enclosingDepth: enclosingDepth)
    output = sink.output
    return kind
  }

  /// Copies a value that this scanner has accepted, like ``copyValue(to:enclosingDepth:)``.
  package func copyValue(
    scannedAt place: UnsafePointer<UInt8>, to output: inout UnsafeMutablePointer<UInt8>
  ) {
    var scanner = self
    scanner.cursor = place
    // What was accepted once is accepted again.
    _ = try? scanner.copyValue(to: &output, enclosingDepth: 0)
  }

  /// The one loop: a value, with everything in it.
  @inline(__always)
  private mutating func scanValue<Sink: TokenSink>(
    into sink: inout Sink, enclosingDepth: Int
  ) throws(JSONScanError) -> Kind {
    var p = cursor
    var run = p
    var depth = enclosingDepth
    let kind = JSONScanner.kind(startingWith: p.pointee)
    var isEscaped = false

    value: while true {
      let first = p.pointee
      switch first {
      case UInt8(ascii: "\""):
        p = try scanString(from: p + 1, escaped: &isEscaped)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard depth < JSONScanner.maximumDepth else {
          throw JSONScanError(.tooDeep, position(of: p))
        }
        let isObject = first == UInt8(ascii: "{")
        containers[depth] = isObject
        depth += 1
        p += 1
        skipWhiteSpace(&p, &run, &sink)
        // "{" and "}", "[" and "]" are two apart.
        guard p.pointee == first &+ 2 else {
          if isObject { try scanName(&p, &run, &sink) }
          continue value
        }
        p += 1
        depth -= 1
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        p = try scanNumber(from: p)
      case UInt8(ascii: "t"): p = try scanLiteral(from: p, "true")
      case UInt8(ascii: "f"): p = try scanLiteral(from: p, "false")
      case UInt8(ascii: "n"): p = try scanLiteral(from: p, "null")
      default: throw unexpected(at: p, .value)
      }

      while depth > enclosingDepth {
        skipWhiteSpace(&p, &run, &sink)
        let byte = p.pointee
        if containers[depth - 1] {
          if byte == UInt8(ascii: ",") {
            p += 1
            skipWhiteSpace(&p, &run, &sink)
            try scanName(&p, &run, &sink)
            continue value
          }
          guard byte == UInt8(ascii: "}") else { throw unexpected(at: p, .commaOrBrace) }
        } else {
          if byte == UInt8(ascii: ",") {
            p += 1
            skipWhiteSpace(&p, &run, &sink)
            continue value
          }
          guard byte == UInt8(ascii: "]") else { throw unexpected(at: p, .commaOrBracket) }
        }
        p += 1
        depth -= 1
      }
      sink.copy(from: run, to: p)
      cursor = p
      return kind == .string && isEscaped ? .escapedString : kind
    }
  }

  @inline(__always)
  private func scanName<Sink: TokenSink>(
    _ p: inout UnsafePointer<UInt8>, _ run: inout UnsafePointer<UInt8>, _ sink: inout Sink
  ) throws(JSONScanError) {
    guard p.pointee == UInt8(ascii: "\"") else { throw unexpected(at: p, .name) }
    var isEscaped = false
    p = try scanString(from: p + 1, escaped: &isEscaped)
    skipWhiteSpace(&p, &run, &sink)
    guard p.pointee == UInt8(ascii: ":") else { throw unexpected(at: p, .colon) }
    p += 1
    skipWhiteSpace(&p, &run, &sink)
  }

  @inline(__always)
  private func skipWhiteSpace<Sink: TokenSink>(
    _ p: inout UnsafePointer<UInt8>, _ run: inout UnsafePointer<UInt8>, _ sink: inout Sink
  ) {
    guard p.pointee <= 0x20, JSONScanner.isWhiteSpace(p.pointee) else { return }
    sink.copy(from: run, to: p)
    repeat { p += 1 } while JSONScanner.isWhiteSpace(p.pointee)
    run = p
  }

  /// Scans a string and moves past it.
  ///
  /// - Returns: Whether it contains escapes.
  package mutating func skipString() throws(JSONScanError) -> Bool {
    guard cursor.pointee == UInt8(ascii: "\"") else { throw unexpected(at: cursor, .name) }
    var isEscaped = false
    cursor = try scanString(from: cursor + 1, escaped: &isEscaped)
    return isEscaped
  }

  /// The form of a value that begins with a byte, if it is JSON.
  @inline(__always)
  static func kind(startingWith byte: UInt8) -> Kind {
    switch byte {
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "t"): .true
    case UInt8(ascii: "f"): .false
    case UInt8(ascii: "n"): .null
    default: .number
    }
  }

  @inline(__always)
  private func scanLiteral(
    from start: UnsafePointer<UInt8>, _ literal: StaticString
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    for index in 1..<literal.utf8CodeUnitCount {
      guard start[index] == literal.utf8Start[index] else {
        throw start + index >= end
          ? unexpected(at: end, .value) : unexpected(at: start, .value)
      }
    }
    return start + literal.utf8CodeUnitCount
  }
}

// Numbers: checked against the grammar, never converted here.
extension JSONScanner {
  @inline(__always)
  private func scanNumber(
    from start: UnsafePointer<UInt8>
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    var p = start
    if p.pointee == UInt8(ascii: "-") { p += 1 }
    if p.pointee == UInt8(ascii: "0") {
      p += 1
    } else {
      try scanDigits(&p)
    }
    if p.pointee == UInt8(ascii: ".") {
      p += 1
      try scanDigits(&p)
    }
    if p.pointee | 0x20 == UInt8(ascii: "e") {
      p += 1
      if p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { p += 1 }
      try scanDigits(&p)
    }
    return p
  }

  @inline(__always)
  private func scanDigits(_ p: inout UnsafePointer<UInt8>) throws(JSONScanError) {
    guard p.pointee &- UInt8(ascii: "0") < 10 else { throw unexpected(at: p, .digit) }
    repeat { p += 1 } while p.pointee &- UInt8(ascii: "0") < 10
  }
}

/// Where the tokens of a value go.
private protocol TokenSink {
  mutating func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>)
}

private struct DiscardingSink: TokenSink {
  @inline(__always)
  func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) {}
}

private struct CopyingSink: TokenSink {
  var output: UnsafeMutablePointer<UInt8>

  /// Copies 16 bytes at a time; input and output are padded, so running over the end is fine.
  @inline(__always)
  mutating func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) {
    let count = end - start
    var done = 0
    while done < count {
      let chunk = UnsafeRawPointer(start + done).loadUnaligned(as: SIMD16<UInt8>.self)
      UnsafeMutableRawPointer(output + done).storeBytes(of: chunk, as: SIMD16<UInt8>.self)
      done += 16
    }
    output += count
  }
}

extension JSONScanner {
  /// Checks that `bytes` are one JSON value in UTF-8, surrounded by nothing but white space.
  ///
  /// - Throws: ``JSONScanError`` for the first error.
  /// - Complexity: O(n), and a copy of the bytes.
  package static func validate(_ bytes: UnsafeRawBufferPointer) throws(JSONScanError) {
    let result: Result<Void, JSONScanError> = withPaddedCopy(of: bytes) { $0.validateAll() }
    try result.get()
  }

  /// Checks bytes like ``validate(_:)``, without a copy.
  ///
  /// - Parameters:
  ///   - base: The bytes, followed by ``padding`` readable bytes of which the first is 0.
  ///   - count: The number of bytes, without the padding.
  /// - Throws: ``JSONScanError`` for the first error.
  /// - Complexity: O(n), without allocation.
  package static func validate(
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

  /// Skips white space, after which nothing may follow.
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
