import RMOSSystem

// The body: of a known length, or in chunks.
extension RequestParser {
  mutating func readBody(_ left: Int) -> Event? {
    let count = take(left)
    guard count == left else {
      state = .body(left: left - count)
      return .needsMore
    }
    return finish()
  }

  mutating func readChunkSize() throws(RequestRefusal) -> Event? {
    guard let line = try framingLine() else { return .needsMore }
    var size = 0
    var index = line.lowerBound
    while index < line.upperBound, let digit = buffer[index].hexadecimalValue {
      // Leading zeros bring no value but length; the limit of framing bytes ends them.
      size = size * 16 + Int(digit)
      guard size <= limits.body - body.count else { throw .bodyTooLarge(limits.body) }
      index += 1
    }
    guard index > line.lowerBound else {
      throw .malformed("a chunk does not begin with its size in hexadecimal")
    }
    // White space before an extension is bad but must be taken; extensions mean nothing here.
    let rest = buffer[index..<line.upperBound].drop { $0 == 0x20 || $0 == 0x09 }
    let isExtension = rest.first == UInt8(ascii: ";")
    guard isExtension || rest.isEmpty && index == line.upperBound else {
      throw .malformed("the size of a chunk is not hexadecimal")
    }
    state = size == 0 ? .trailers : .chunkData(left: size)
    return nil
  }

  mutating func readChunkData(_ left: Int) -> Event? {
    let count = take(left)
    guard count == left else {
      state = .chunkData(left: left - count)
      return .needsMore
    }
    state = .chunkEnd
    return nil
  }

  mutating func readChunkEnd() throws(RequestRefusal) -> Event? {
    let ending: [UInt8] = [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    for (index, byte) in buffer[start...].prefix(2).enumerated() where byte != ending[index] {
      throw .malformed("a chunk is longer than its size says")
    }
    guard buffer.count - start >= 2 else { return .needsMore }
    start += 2
    scanned = start
    state = .chunkSize
    return nil
  }

  /// Fields after the body are checked and dropped: nothing here has a use for them.
  mutating func readTrailer() throws(RequestRefusal) -> Event? {
    guard let line = try framingLine() else { return .needsMore }
    if line.isEmpty { return finish() }
    _ = try HTTPField(line: buffer[line])
    return nil
  }

  /// A line of the framing, of which there may be a bounded number of bytes a body: the lines of one
  /// chunk for every byte of the largest body would be six times the body.
  private mutating func framingLine() throws(RequestRefusal) -> Range<Int>? {
    let before = spent
    let line = try line(
      isRequestLine: false,
      tooLong: RequestRefusal(
        431, "chunk extensions and trailers are longer than \(limits.head) bytes"))
    // Chunk sizes without extensions are as many as the body needs.
    if let line, state == .chunkSize, line.count <= 8 { spent = before }
    return line
  }

  /// Moves up to `limit` bytes into the body.
  private mutating func take(_ limit: Int) -> Int {
    let count = min(limit, buffer.count - start)
    body.append(contentsOf: buffer[start..<start + count])
    start += count
    scanned = start
    return count
  }

  private mutating func finish() -> Event {
    let complete = body
    body = []
    head = nil
    spent = 0
    state = .requestLine
    return .end(body: complete)
  }
}

extension RequestRefusal {
  static func bodyTooLarge(_ limit: Int) -> RequestRefusal {
    RequestRefusal(413, "the body is longer than \(limit) bytes")
  }
}
