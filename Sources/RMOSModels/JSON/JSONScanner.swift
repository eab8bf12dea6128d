/// A strict, one-pass scanner for JSON (RFC 8259) in UTF-8.
///
/// It checks every byte, builds no tree and never recurses: values are spans of the input, and a
/// value wanted as text is copied without the white space between its tokens on the way past.
public struct JSONScanner {
  /// How deep arrays and objects may nest.
  public static let maximumDepth = 512

  /// How many readable bytes must follow the input; the first must be 0.
  public static let padding = 64

  /// The outermost form of a value.
  package enum Kind: UInt8, Sendable {
    case string, escapedString, number, `true`, `false`, null, object, array
  }

  let base: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  /// The scan position.
  var cursor: UnsafePointer<UInt8>
  /// One flag per open container: whether it is an object.
  private let containers: UnsafeMutablePointer<Bool>

  /// A scanner over `count` bytes.
  ///
  /// - Parameters:
  ///   - base: The input, followed by ``padding`` readable bytes of which the first is 0.
  ///   - count: Its length, bytes.
  ///   - position: Where to begin.
  ///   - containers: Scratch for ``maximumDepth`` flags.
  package init(
    base: UnsafePointer<UInt8>, count: Int, position: Int = 0,
    containers: UnsafeMutablePointer<Bool>
  ) {
    self.base = base
    self.end = base + count
    self.cursor = base + position
    self.containers = containers
  }

  /// The input's length, bytes.
  package var count: Int { end - base }

  /// Where the scan stands, as an offset in the input.
  package var position: Int { cursor - base }

  /// Whether the whole input is scanned.
  package var isAtEnd: Bool { cursor == end }

  /// The byte at the position; 0 at the end.
  package var byte: UInt8 { cursor.pointee }

  /// Passes over white space.
  @inline(__always)
  package mutating func skipWhiteSpace() {
    while JSONScanner.isWhiteSpace(cursor.pointee) { cursor += 1 }
  }

  /// Passes over `byte` if it is next.
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
      ? JSONScanError(.unexpectedEnd, end - base)
      : JSONScanError(.unexpected(byte: place.pointee, expected: expected), place - base)
  }

  /// Scans one value and passes over it.
  package mutating func skipValue(enclosingDepth: Int) throws(JSONScanError) -> Kind {
    var sink = DiscardingSink()
    return try scanValue(into: &sink, enclosingDepth: enclosingDepth)
  }

  /// Scans one value and copies its tokens, without white space between them, to `output`.
  ///
  /// - Parameters:
  ///   - output: Room for as many bytes as the input has left, and ``padding`` more. Advanced.
  ///   - enclosingDepth: How many containers are open around the value.
  /// - Returns: The value's outermost form.
  /// - Throws: ``JSONScanError`` with the first offence.
  package mutating func copyValue(
    to output: inout UnsafeMutablePointer<UInt8>, enclosingDepth: Int
  ) throws(JSONScanError) -> Kind {
    var sink = CopyingSink(output: output)
    let kind = try scanValue(into: &sink, enclosingDepth: enclosingDepth)
    output = sink.output
    return kind
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
          throw JSONScanError(.tooDeep, p - base)
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

  /// Scans a string at the position and passes over it.
  ///
  /// - Returns: Whether it holds escapes.
  package mutating func skipString() throws(JSONScanError) -> Bool {
    guard cursor.pointee == UInt8(ascii: "\"") else { throw unexpected(at: cursor, .name) }
    var isEscaped = false
    cursor = try scanString(from: cursor + 1, escaped: &isEscaped)
    return isEscaped
  }

  @inline(__always)
  private static func kind(startingWith byte: UInt8) -> Kind {
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
