import RMOSSystem

/// A strict, one-pass scanner for JSON (RFC 8259) in UTF-8.
///
/// It checks every byte, builds no tree and does not recurse. Values are spans of the input; a
/// value can be copied while it is scanned, without the white space between its tokens.
@safe package struct JSONScanner {
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
  ///   - count: The length of the input, in bytes.
  ///   - origin: The position of the first byte, if the input is part of a longer text. Positions
  ///     and the offsets of errors count from the beginning of that text.
  ///   - position: Where to begin, `origin` or later; `nil` for the beginning of the input.
  ///   - containers: Scratch memory for ``maximumDepth`` flags.
  package init(
    base: UnsafePointer<UInt8>, count: Int, origin: Int = 0, position: Int? = nil,
    containers: UnsafeMutablePointer<Bool>
  ) {
    unsafe self.base = base
    unsafe self.end = base + count
    self.origin = origin
    unsafe self.cursor = base + ((position ?? origin) - origin)
    unsafe self.containers = containers
  }

  /// The number of bytes left to scan.
  package var remaining: Int { unsafe end - cursor }

  /// The scan position, from the beginning of the text.
  package var position: Int { unsafe position(of: cursor) }

  /// The position of a byte, from the beginning of the text.
  @inline(__always)
  func position(of place: UnsafePointer<UInt8>) -> Int { unsafe place - base + origin }

  /// Whether the whole input has been scanned.
  package var isAtEnd: Bool { unsafe cursor == end }

  /// The byte at the position; 0 at the end.
  package var byte: UInt8 { unsafe cursor.pointee }

  /// Skips white space.
  @inline(__always)
  package mutating func skipWhiteSpace() {
    while unsafe JSONScanner.isWhiteSpace(cursor.pointee) { unsafe cursor += 1 }
  }

  /// Skips `byte` if it is next, and returns whether it was.
  @inline(__always)
  package mutating func skip(_ byte: UInt8) -> Bool {
    guard unsafe cursor.pointee == byte else { return false }
    unsafe cursor += 1
    return true
  }

  @inline(__always)
  static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  /// The error for the byte at the scan position.
  package func unexpected(_ expected: JSONScanError.Expected) -> JSONScanError {
    unsafe unexpected(at: cursor, expected)
  }

  @inline(never)
  func unexpected(
    at place: UnsafePointer<UInt8>, _ expected: JSONScanError.Expected
  ) -> JSONScanError {
    unsafe place >= end
      ? JSONScanError(.unexpectedEnd, position(of: end))
      : JSONScanError(.unexpected(byte: place.pointee, expected: expected), position(of: place))
  }

  /// Scans one value and moves past it.
  ///
  /// - Parameter enclosingDepth: The number of containers that are open around the value.
  /// - Returns: The type of the value.
  /// - Throws: ``JSONScanError`` for the first error.
  package mutating func skipValue(enclosingDepth: Int) throws(JSONScanError) -> Kind {
    var sink = DiscardingSink()
    return try scanValue(into: &sink, enclosingDepth: enclosingDepth)
  }

  /// Scans one value, outside of any container, and moves past it.
  ///
  /// - Returns: The type of the value, and its length without the white space between its tokens.
  package mutating func measureValue() throws(JSONScanError) -> (kind: Kind, length: Int) {
    var sink = CountingSink()
    let kind = try scanValue(into: &sink, enclosingDepth: 0)
    return (kind, sink.count)
  }

  /// Scans one value and copies its tokens to `output`, without white space between them.
  ///
  /// - Parameters:
  ///   - output: Memory for the ``remaining`` bytes and ``padding`` more; advanced past the copy.
  ///   - enclosingDepth: The number of containers that are open around the value.
  /// - Returns: The type of the value.
  /// - Throws: ``JSONScanError`` for the first error.
  package mutating func copyValue(
    to output: inout UnsafeMutablePointer<UInt8>, enclosingDepth: Int
  ) throws(JSONScanError) -> Kind {
    var sink = unsafe CopyingSink(output: output)
    let kind = try scanValue(into: &sink, enclosingDepth: enclosingDepth)
    unsafe output = sink.output
    return kind
  }

  /// Copies a value that this scanner has accepted, like ``copyValue(to:enclosingDepth:)``.
  func copyValue(
    scannedAt place: UnsafePointer<UInt8>, to output: inout UnsafeMutablePointer<UInt8>
  ) {
    var scanner = self
    unsafe scanner.cursor = place
    // This does not throw, since the value was accepted before.
    _ = try? unsafe scanner.copyValue(to: &output, enclosingDepth: 0)
  }

  /// Scans one value with everything in it, and passes runs of tokens without white space between
  /// them to `sink`.
  @inline(__always)
  private mutating func scanValue<Sink: TokenSink>(
    into sink: inout Sink, enclosingDepth: Int
  ) throws(JSONScanError) -> Kind {
    var p = unsafe cursor
    var run = unsafe p
    var depth = enclosingDepth
    let kind = unsafe JSONScanner.kind(startingWith: p.pointee)
    var isEscaped = false
    while true {
      if try unsafe scanToken(&p, &run, &sink, &depth, &isEscaped),
        try unsafe scanSeparators(&p, &run, &sink, &depth, downTo: enclosingDepth)
      {
        unsafe sink.copy(from: run, to: p)
        unsafe cursor = p
        return kind == .string && isEscaped ? .escapedString : kind
      }
    }
  }

  /// Scans a scalar or an opening bracket, the latter with the name of the first member.
  ///
  /// - Returns: Whether a value is complete, as after a scalar or an empty container.
  @inline(__always)
  private func scanToken<Sink: TokenSink>(
    _ p: inout UnsafePointer<UInt8>, _ run: inout UnsafePointer<UInt8>, _ sink: inout Sink,
    _ depth: inout Int, _ isEscaped: inout Bool
  ) throws(JSONScanError) -> Bool {
    let first = unsafe p.pointee
    switch first {
    case UInt8(ascii: "\""):
      unsafe p = try unsafe scanString(from: p + 1, escaped: &isEscaped)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < JSONScanner.maximumDepth else {
        throw unsafe JSONScanError(.tooDeep, position(of: p))
      }
      let isObject = first == UInt8(ascii: "{")
      unsafe containers[depth] = isObject
      unsafe p += 1
      unsafe skipWhiteSpace(&p, &run, &sink)
      // In ASCII, a closing bracket is two after the opening one.
      guard unsafe p.pointee == first &+ 2 else {
        depth += 1
        if isObject { try unsafe scanName(&p, &run, &sink) }
        return false
      }
      unsafe p += 1
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      unsafe p = try unsafe scanNumber(from: p)
    case UInt8(ascii: "t"): unsafe p = try unsafe scanLiteral(from: p, "true")
    case UInt8(ascii: "f"): unsafe p = try unsafe scanLiteral(from: p, "false")
    case UInt8(ascii: "n"): unsafe p = try unsafe scanLiteral(from: p, "null")
    default: throw unsafe unexpected(at: p, .value)
    }
    return true
  }

  /// Scans the tokens after a value: closing brackets, then a comma and the name of the next
  /// member.
  ///
  /// - Returns: Whether all containers down to `enclosingDepth` are closed; if not, a value comes
  ///   next.
  @inline(__always)
  private func scanSeparators<Sink: TokenSink>(
    _ p: inout UnsafePointer<UInt8>, _ run: inout UnsafePointer<UInt8>, _ sink: inout Sink,
    _ depth: inout Int, downTo enclosingDepth: Int
  ) throws(JSONScanError) -> Bool {
    while depth > enclosingDepth {
      unsafe skipWhiteSpace(&p, &run, &sink)
      let byte = unsafe p.pointee
      // The branches repeat each other because that is faster than sharing code.
      if unsafe containers[depth - 1] {
        if byte == UInt8(ascii: ",") {
          unsafe p += 1
          unsafe skipWhiteSpace(&p, &run, &sink)
          try unsafe scanName(&p, &run, &sink)
          return false
        }
        guard byte == UInt8(ascii: "}") else { throw unsafe unexpected(at: p, .commaOrBrace) }
      } else {
        if byte == UInt8(ascii: ",") {
          unsafe p += 1
          unsafe skipWhiteSpace(&p, &run, &sink)
          return false
        }
        guard byte == UInt8(ascii: "]") else { throw unsafe unexpected(at: p, .commaOrBracket) }
      }
      unsafe p += 1
      depth -= 1
    }
    return true
  }

  /// Scans the name of a member and the colon after it.
  @inline(__always)
  private func scanName<Sink: TokenSink>(
    _ p: inout UnsafePointer<UInt8>, _ run: inout UnsafePointer<UInt8>, _ sink: inout Sink
  ) throws(JSONScanError) {
    guard unsafe p.pointee == UInt8(ascii: "\"") else { throw unsafe unexpected(at: p, .name) }
    var isEscaped = false
    unsafe p = try unsafe scanString(from: p + 1, escaped: &isEscaped)
    unsafe skipWhiteSpace(&p, &run, &sink)
    guard unsafe p.pointee == UInt8(ascii: ":") else { throw unsafe unexpected(at: p, .colon) }
    unsafe p += 1
    unsafe skipWhiteSpace(&p, &run, &sink)
  }

  @inline(__always)
  private func skipWhiteSpace<Sink: TokenSink>(
    _ p: inout UnsafePointer<UInt8>, _ run: inout UnsafePointer<UInt8>, _ sink: inout Sink
  ) {
    guard unsafe p.pointee <= 0x20, unsafe JSONScanner.isWhiteSpace(p.pointee) else { return }
    unsafe sink.copy(from: run, to: p)
    repeat { unsafe p += 1 } while unsafe JSONScanner.isWhiteSpace(p.pointee)
    unsafe run = p
  }

  /// Scans a string, which is the name of a member, and moves past it.
  ///
  /// - Returns: Whether the string contains escapes.
  package mutating func skipString() throws(JSONScanError) -> Bool {
    guard unsafe cursor.pointee == UInt8(ascii: "\"") else {
      throw unsafe unexpected(at: cursor, .name)
    }
    var isEscaped = false
    unsafe cursor = try unsafe scanString(from: cursor + 1, escaped: &isEscaped)
    return isEscaped
  }

  /// The type of a value that begins with a byte, provided that the value is valid.
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
      guard unsafe start[index] == literal.utf8Start[index] else {
        throw unsafe start + index >= end
          ? unexpected(at: end, .value) : unexpected(at: start, .value)
      }
    }
    return unsafe start + literal.utf8CodeUnitCount
  }
}

// Numbers are checked against the grammar, but not converted.
extension JSONScanner {
  @inline(__always)
  private func scanNumber(
    from start: UnsafePointer<UInt8>
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    var p = unsafe start
    if unsafe p.pointee == UInt8(ascii: "-") { unsafe p += 1 }
    if unsafe p.pointee == UInt8(ascii: "0") {
      unsafe p += 1
    } else {
      try unsafe scanDigits(&p)
    }
    if unsafe p.pointee == UInt8(ascii: ".") {
      unsafe p += 1
      try unsafe scanDigits(&p)
    }
    if unsafe p.pointee | 0x20 == UInt8(ascii: "e") {
      unsafe p += 1
      if unsafe p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { unsafe p += 1 }
      try unsafe scanDigits(&p)
    }
    return unsafe p
  }

  @inline(__always)
  private func scanDigits(_ p: inout UnsafePointer<UInt8>) throws(JSONScanError) {
    guard unsafe p.pointee &- UInt8(ascii: "0") < 10 else { throw unsafe unexpected(at: p, .digit) }
    repeat { unsafe p += 1 } while unsafe p.pointee &- UInt8(ascii: "0") < 10
  }
}

/// The destination of the tokens of a value.
private protocol TokenSink {
  mutating func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>)
}

private struct DiscardingSink: TokenSink {
  @inline(__always)
  func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) {}
}

private struct CountingSink: TokenSink {
  var count = 0

  @inline(__always)
  mutating func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) {
    count += unsafe end - start
  }
}

@safe private struct CopyingSink: TokenSink {
  var output: UnsafeMutablePointer<UInt8>

  /// Copies 16 bytes at a time, which may exceed `end`: input and output are padded.
  @inline(__always)
  mutating func copy(from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) {
    let count = unsafe end - start
    var done = 0
    while done < count {
      let chunk = unsafe UnsafeRawPointer(start + done).loadUnaligned(as: SIMD16<UInt8>.self)
      unsafe UnsafeMutableRawPointer(output + done).storeBytes(of: chunk, as: SIMD16<UInt8>.self)
      done += 16
    }
    unsafe output += count
  }
}

extension JSONScanner {
  /// Checks that `bytes` are exactly one JSON value in UTF-8, perhaps with white space around it.
  ///
  /// - Throws: ``JSONScanError`` for the first error.
  /// - Complexity: O(n), and a copy of the bytes.
  package static func validate(_ bytes: UnsafeRawBufferPointer) throws(JSONScanError) {
    let result: Result<Void, JSONScanError> = unsafe withPaddedCopy(of: bytes) { $0.validateAll() }
    try result.get()
  }

  /// Whether bytes are exactly one JSON value, as ``validate(_:)`` checks.
  package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(JSONScanError) {
      try unsafe validate(bytes)
      return true
    } catch {
      return false
    }
  }

  /// Whether bytes are exactly one JSON number.
  package static func isNumber(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = unsafe bytes.first, unsafe bytes.last?.isASCIIDigit == true else {
      return false
    }
    return unsafe (first == UInt8(ascii: "-") || first.isASCIIDigit) && isValid(bytes)
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

  /// Skips white space, and checks that nothing else follows.
  package mutating func skipToEnd() throws(JSONScanError) {
    skipWhiteSpace()
    guard isAtEnd else { throw unexpected(.end) }
  }

  /// Removes the white space between the tokens of a JSON text.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - depth: The number of containers that the value will be in, which limits its nesting.
  /// - Returns: The JSON value.
  /// - Throws: ``JSONScanError`` if the text is not exactly one JSON value, or nests too deep.
  package static func compacted(
    _ text: String, enclosingDepth depth: Int = 0
  ) throws(JSONScanError) -> String {
    var text = text
    let result: Result<String, JSONScanError> = text.withUTF8 { bytes in
      unsafe withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
        var failure: JSONScanError?
        let capacity = bytes.count + padding
        let compact = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
          guard var output = buffer.baseAddress else { return }
          do throws(JSONScanError) {
            scanner.skipWhiteSpace()
            _ = try unsafe scanner.copyValue(to: &output, enclosingDepth: depth)
            try scanner.skipToEnd()
            count = unsafe (buffer.baseAddress ?? output).distance(to: output)
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
    defer { unsafe copy.deallocate() }
    unsafe UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: bytes)
    unsafe (copy + bytes.count).initialize(repeating: 0, count: padding)
    return unsafe withScanner(over: copy, bytes.count, body)
  }

  /// Runs `body` with a scanner over bytes that are padded.
  private static func withScanner<Result>(
    over base: UnsafePointer<UInt8>, _ count: Int, _ body: (inout JSONScanner) -> Result
  ) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: Bool.self, capacity: maximumDepth) { containers in
      unsafe containers.initialize(repeating: false)
      // An allocation whose size is not zero has an address.
      guard let flags = containers.baseAddress else { preconditionFailure("no scratch") }
      var scanner = unsafe JSONScanner(base: base, count: count, containers: flags)
      return body(&scanner)
    }
  }
}

extension JSONScanner {
  /// A member of an object that a scanner has accepted.
  @safe package struct AcceptedMember {
    /// The position of the name's first quote.
    package let position: Int
    /// The text between the name's quotes.
    package let name: UnsafeBufferPointer<UInt8>
    /// Whether the name has escapes.
    package let isEscaped: Bool
    /// The text of the value.
    package let token: UnsafeBufferPointer<UInt8>
    /// The type of the value.
    package let kind: Kind
    /// A scanner at the value.
    package let scanner: JSONScanner

    /// The name with its escapes decoded; as written if it has an unpaired surrogate escape.
    package var decodedName: [UInt8] {
      unsafe JSONScanner.content(of: name, isEscaped: isEscaped)
    }
  }

  /// Calls `body` with each member of the object at the position, until it returns `false`.
  ///
  /// - Precondition: A scanner has accepted the object.
  package func forEachMember(_ body: (AcceptedMember) -> Bool) {
    var scanner = self
    _ = scanner.skip(UInt8(ascii: "{"))
    scanner.skipWhiteSpace()
    while !scanner.skip(UInt8(ascii: "}")) {
      let (position, start) = unsafe (scanner.position, scanner.cursor + 1)
      guard let isEscaped = try? scanner.skipString() else { return }
      let name = unsafe UnsafeBufferPointer(start: start, count: scanner.cursor - 1 - start)
      scanner.skipWhiteSpace()
      _ = scanner.skip(UInt8(ascii: ":"))
      scanner.skipWhiteSpace()
      let value = scanner
      guard let kind = try? scanner.skipValue(enclosingDepth: 1) else { return }
      let token = unsafe UnsafeBufferPointer(
        start: value.cursor, count: scanner.cursor - value.cursor)
      let member = unsafe AcceptedMember(
        position: position, name: name, isEscaped: isEscaped, token: token, kind: kind,
        scanner: value)
      guard body(member) else { return }
      scanner.skipWhiteSpace()
      if scanner.skip(UInt8(ascii: ",")) { scanner.skipWhiteSpace() }
    }
  }
  /// Calls `body` with a scanner at each element of the array at the position.
  ///
  /// - Precondition: A scanner has accepted the array.
  package func forEachElement(_ body: (JSONScanner) -> Void) {
    var scanner = self
    _ = scanner.skip(UInt8(ascii: "["))
    scanner.skipWhiteSpace()
    while !scanner.skip(UInt8(ascii: "]")) {
      body(scanner)
      guard (try? scanner.skipValue(enclosingDepth: 1)) != nil else { return }
      scanner.skipWhiteSpace()
      if scanner.skip(UInt8(ascii: ",")) { scanner.skipWhiteSpace() }
    }
  }
}
