import RMOSSystem

/// Parses HTTP/1.1 requests (RFC 9112) incrementally, from pieces of any size.
///
/// It does no I/O. Ambiguous input is refused, so that no proxy in front can read two requests
/// where this parser reads one. After a refusal the rest of the input is meaningless.
///
/// Each byte is examined once or twice, wherever the pieces end.
struct RequestParser {
  /// The limits of a request.
  struct Limits: Hashable, Sendable {
    /// Bytes of the request line and header fields.
    var head = 16 << 10
    /// Bytes of the body.
    var body = 1 << 20
    /// Header fields.
    var fields = 128
  }

  /// A parsed part of the input.
  enum Event: Hashable {
    /// The bytes so far end within a request, or between two.
    case needsMore
    /// The head of a request; its body, empty or not, follows as the next event.
    case head(RequestHead)
    /// The end of the request, with its body.
    case end(body: [UInt8])
    /// The input is not a request that can be answered.
    case refused(HTTPRefusal)
  }

  private enum State: Hashable {
    case requestLine
    case fields
    case body(left: Int)
    case chunkSize
    case chunkData(left: Int)
    case chunkEnd
    case trailers
    case refused(HTTPRefusal)
  }

  private let limits: Limits
  private(set) var buffer: [UInt8] = []
  /// Where the unconsumed bytes begin.
  private(set) var start = 0
  /// How far the line at `start` has been searched for its end.
  private var scanned = 0
  private var state = State.requestLine
  /// The bytes of the current head, or of the framing of the current body, so far.
  private var spent = 0
  /// The bytes of empty lines before the request.
  private var ignored = 0
  private var head: RequestHead?
  private(set) var body: [UInt8] = []

  init(limits: Limits = Limits()) { self.limits = limits }

  /// Adds bytes.
  mutating func append(_ bytes: some Collection<UInt8>) {
    if start == buffer.count {
      // Releases the memory of a large request.
      buffer.removeAll(keepingCapacity: buffer.capacity <= 16 << 10)
      scanned = 0
      start = 0
    } else if start > 64 << 10 {
      buffer.removeFirst(start)
      scanned -= start
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Whether no byte of the next request has arrived.
  var isBetweenRequests: Bool { state == .requestLine && start == buffer.count && spent == 0 }

  /// Whether bytes of the body, or of what follows it, have already arrived.
  var hasPendingBytes: Bool { start < buffer.count }

  /// Whether a head is complete and its body is not.
  var isInBody: Bool {
    switch state {
    case .requestLine, .fields, .refused: false
    case .body, .chunkSize, .chunkData, .chunkEnd, .trailers: true
    }
  }

  /// The method and target if they are known, for the log.
  var requestLine: (method: String, target: String)? { head.map { ($0.method, $0.target) } }

  /// Returns the next event.
  mutating func next() -> Event {
    if case .refused(let refusal) = state { return .refused(refusal) }
    do throws(HTTPRefusal) {
      while true {
        if let event = try step() { return event }
      }
    } catch {
      state = .refused(error)
      return .refused(error)
    }
  }

  /// Advances to the next state.
  ///
  /// - Returns: An event, if there is one to report.
  private mutating func step() throws(HTTPRefusal) -> Event? {
    switch state {
    case .requestLine: try readRequestLine()
    case .fields: try readField()
    case .body(let left): readBody(left)
    case .chunkSize: try readChunkSize()
    case .chunkData(let left): readChunkData(left)
    case .chunkEnd: try readChunkEnd()
    case .trailers: try readTrailer()
    case .refused(let refusal): throw refusal
    }
  }

  private mutating func readRequestLine() throws(HTTPRefusal) -> Event? {
    let tooLong = HTTPRefusal(414, "the request line is longer than \(limits.head) bytes")
    guard let line = try line(isRequestLine: true, tooLong: tooLong) else { return .needsMore }
    // RFC 9112, 2.2: an empty line before a request is ignored.
    if line.isEmpty {
      ignored += spent
      spent = 0
      guard ignored <= limits.head else { throw tooLong }
      return nil
    }
    ignored = 0
    head = try RequestHead(requestLine: buffer[line])
    state = .fields
    return nil
  }

  private mutating func readField() throws(HTTPRefusal) -> Event? {
    let tooLong = HTTPRefusal(431, "the header fields are longer than \(limits.head) bytes")
    guard let line = try line(isRequestLine: false, tooLong: tooLong) else { return .needsMore }
    guard var head else { throw .malformed("there is no request line") }
    guard line.isEmpty else {
      if head.fields.count == limits.fields {
        throw HTTPRefusal(431, "there are more than \(limits.fields) header fields")
      }
      let field = try HeaderField(line: buffer[line])
      self.head?.fields.append(field)
      return nil
    }
    try head.interpretFields(bodyLimit: limits.body)
    spent = 0
    switch head.framing {
    case .length(let length): state = .body(left: length)
    case .chunked: state = .chunkSize
    }
    self.head = head
    return .head(head)
  }

  /// Consumes the next line, without its end; `nil` if it is not complete.
  private mutating func line(
    isRequestLine: Bool, tooLong: HTTPRefusal
  ) throws(HTTPRefusal) -> Range<Int>? {
    var index = scanned
    while index < buffer.count {
      // Checked before the byte is examined, so that the refusal does not depend on where the
      // pieces end.
      guard spent + index + 1 - start <= limits.head else { throw tooLong }
      let byte = buffer[index]
      if index > start, buffer[index - 1] == UInt8(ascii: "\r") {
        guard byte == UInt8(ascii: "\n") else {
          throw .malformed("a carriage return is not followed by a line feed; lines end in CR LF")
        }
        let line = start..<index - 1
        spent += index + 1 - start
        start = index + 1
        scanned = start
        return line
      }
      switch byte {
      case UInt8(ascii: "\r"), 0x20..<0x7f: break
      case UInt8(ascii: "\n"):
        throw .malformed("a line feed does not follow a carriage return; lines end in CR LF")
      case UInt8(ascii: "\t") where !isRequestLine: break
      case 0x80... where !isRequestLine: break
      default:
        throw .malformed(
          isRequestLine
            ? "the request line has a byte that is not printable ASCII"
            : "a header field has a control character")
      }
      index += 1
    }
    scanned = index
    return nil
  }

  // MARK: The body, of a known length or in chunks

  private mutating func readBody(_ left: Int) -> Event? {
    let count = take(left)
    guard count == left else {
      state = .body(left: left - count)
      return .needsMore
    }
    return finish()
  }

  private mutating func readChunkSize() throws(HTTPRefusal) -> Event? {
    guard let line = try framingLine() else { return .needsMore }
    var size = 0
    var index = line.lowerBound
    while index < line.upperBound, let digit = buffer[index].hexadecimalValue {
      // Leading zeros are bounded by the limit of framing bytes.
      size = size * 16 + Int(digit)
      guard size <= limits.body - body.count else { throw .bodyTooLarge(limits.body) }
      index += 1
    }
    guard index > line.lowerBound else {
      throw .malformed("a chunk does not begin with its size in hexadecimal")
    }
    // White space before an extension must be accepted; extensions are ignored.
    let rest = buffer[index..<line.upperBound].drop { $0 == 0x20 || $0 == 0x09 }
    let isExtension = rest.first == UInt8(ascii: ";")
    guard isExtension || rest.isEmpty && index == line.upperBound else {
      throw .malformed("the size of a chunk is not hexadecimal")
    }
    state = size == 0 ? .trailers : .chunkData(left: size)
    return nil
  }

  private mutating func readChunkData(_ left: Int) -> Event? {
    let count = take(left)
    guard count == left else {
      state = .chunkData(left: left - count)
      return .needsMore
    }
    state = .chunkEnd
    return nil
  }

  private mutating func readChunkEnd() throws(HTTPRefusal) -> Event? {
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

  /// Checks and discards a field after the body.
  private mutating func readTrailer() throws(HTTPRefusal) -> Event? {
    guard let line = try framingLine() else { return .needsMore }
    if line.isEmpty { return finish() }
    _ = try HeaderField(line: buffer[line])
    return nil
  }

  /// Consumes the next line of the framing of a chunked body; `nil` if it is not complete.
  ///
  /// The size of the framing is limited, since extensions and trailers could be endless.
  private mutating func framingLine() throws(HTTPRefusal) -> Range<Int>? {
    let before = spent
    let line = try line(
      isRequestLine: false,
      tooLong: HTTPRefusal(
        431, "chunk extensions and trailers are longer than \(limits.head) bytes"))
    // A chunk size without an extension does not count: its chunk counts towards the body.
    if let line, state == .chunkSize, line.count <= 8 { spent = before }
    return line
  }

  /// Moves up to `limit` bytes into the body, and returns how many were moved.
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

extension HTTPRefusal {
  static func bodyTooLarge(_ limit: Int) -> HTTPRefusal {
    HTTPRefusal(413, "the body is longer than \(limit) bytes")
  }
}
