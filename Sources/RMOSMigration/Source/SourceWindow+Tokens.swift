import RMOSModels

// Tokens that may reach beyond the view: read on and scan again.

extension SourceWindow {
  /// Whether the byte at `position` is `byte`.
  func has(_ byte: UInt8, at position: Int) -> Bool { position < count && base[position] == byte }

  /// The position of the next byte that is no white space, reading on as needed; everything before
  /// it may be given up.
  ///
  /// The position is the end of the text where there is none.
  func skipWhiteSpace(from position: Int) throws(ReadFailure) -> Int {
    var position = position
    while true {
      var scanner = scanner(at: position)
      scanner.skipWhiteSpace()
      position = scanner.position
      if position < count || isComplete { return position }
      mark(position)
      position -= try refill()
    }
  }

  /// Passes over any value at `position`, which is marked, with all checks.
  ///
  /// - Returns: The position after it and its form; where it is larger than an entity may be, the
  ///   position of its beginning and nil.
  func passOver(
    valueAt position: Int
  ) throws(ReadFailure) -> (end: Int, kind: JSONScanner.Kind?) {
    var position = position
    while true {
      var scanner = scanner(at: position)
      var failure: JSONScanError
      do throws(JSONScanError) {
        let kind = try scanner.skipValue(enclosingDepth: 0)
        // A number at the edge of the view may go on.
        if !scanner.isAtEnd || isComplete { return (scanner.position, kind) }
        failure = scanner.unexpected(.end)
      } catch {
        failure = error
      }
      guard failure.reason == .unexpectedEnd, !isComplete else { throw .notJSON(failure) }
      guard count - position <= limits.entity else { return (position, nil) }
      position -= try refill()
    }
  }

  /// Whether reading on may mend a scan that began at `position`.
  func canGoOn(after failure: JSONScanError, from position: Int) -> Bool {
    failure.reason == .unexpectedEnd && !isComplete
      && count - position <= limits.entity
  }

  /// Reads the member name at `position`, which is marked, and its colon.
  ///
  /// - Returns: The position after the colon, and the name; nil where it is no text.
  func readName(at position: Int) throws(ReadFailure) -> (end: Int, text: [UInt8]?) {
    var position = position
    while true {
      var scanner = scanner(at: position)
      do throws(JSONScanError) {
        let isEscaped = try scanner.skipString()
        let inside = UnsafeBufferPointer(
          start: base + position + 1, count: scanner.position - position - 2)
        scanner.skipWhiteSpace()
        guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.unexpected(.colon) }
        return (scanner.position, isEscaped ? decoded(inside) : Array(inside))
      } catch {
        guard canGoOn(after: error, from: position) else { throw .notJSON(error) }
      }
      position -= try refill()
    }
  }

  private func decoded(_ string: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var isText = true
    let bytes = [UInt8](unsafeUninitializedCapacity: string.count) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      var output = base
      isText = JSONScanner.decode(string, to: &output) == nil
      count = output - base
    }
    return isText ? bytes : nil
  }

  /// Passes over a value by its brackets and quotes alone, in constant memory.
  ///
  /// For values that are refused whatever is in them, so that what follows can be read.
  /// - Returns: The position after it; nil where the text ends first.
  func resynchronize(after position: Int) throws(ReadFailure) -> Int? {
    var position = position
    var depth = 0
    var inString = false
    var isEscaped = false
    while true {
      while position < count {
        let byte = base[position]
        position += 1
        if isEscaped {
          isEscaped = false
          continue
        }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = inString
        case UInt8(ascii: "\""): inString.toggle()
        case UInt8(ascii: "{"), UInt8(ascii: "["): if !inString { depth += 1 }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): if !inString { depth -= 1 }
        // A number or a literal ends before what follows it.
        case UInt8(ascii: ","): if depth == 0, !inString { return position - 1 }
        default: continue
        }
        if depth == 0, !inString { return position }
        if depth < 0 { return position - 1 }
      }
      guard !isComplete else { return nil }
      mark(position)
      position -= try refill()
    }
  }

  /// The end of the line that begins at `position`, which is marked: its line feed or the end of
  /// the text.
  ///
  /// - Returns: The line and whether it is longer than an entity and some white space may be; its
  ///   beginning is then given up.
  func line(at position: Int) throws(ReadFailure) -> (range: Range<Int>, isTooLong: Bool) {
    var (start, end) = (position, position)
    var isTooLong = false
    while true {
      while end < count, base[end] != UInt8(ascii: "\n") { end += 1 }
      if end < count || isComplete { return (start..<end, isTooLong) }
      if end - start > limits.entity + limits.chunk { isTooLong = true }
      if isTooLong {
        mark(end)
        start = end
      }
      let moved = try refill()
      start -= moved
      end -= moved
    }
  }
}
