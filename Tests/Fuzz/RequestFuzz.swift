// A libFuzzer target over the HTTP request parser; see Scripts/fuzz.sh. It is compiled together
// with the parser's own sources and is no target of the package.

/// Reads one input as requests and stops where a property does not hold.
///
/// - Parameters:
///   - start: The input. Its first byte chooses how large the pieces are.
///   - count: Its length, bytes.
/// - Returns: Always 0: take the next input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  let limits = RequestParser.Limits(head: 512, body: 1024, fields: 8)
  let whole = events(in: bytes, pieces: bytes.count, limits)
  let pieces = events(in: bytes, pieces: Int(start.pointee % 16) + 1, limits)
  precondition(whole == pieces, "where the pieces end makes a difference")
  var head: RequestHead?
  for event in whole {
    switch event {
    case .head(let next): head = next
    case .end(let body):
      guard let complete = head else { preconditionFailure("a body without a head") }
      check(complete, body)
      head = nil
    case .refused(let refusal): precondition(400...599 ~= refusal.status, "no status of an error")
    case .needsMore: preconditionFailure("not an event to keep")
    }
  }
  return 0
}

/// What the parser makes of the bytes, given to it in pieces; within its limits all the while.
private func events(
  in bytes: [UInt8], pieces: Int, _ limits: RequestParser.Limits
) -> [RequestParser.Event] {
  var parser = RequestParser(limits: limits)
  var events: [RequestParser.Event] = []
  var rest = bytes[...]
  while !rest.isEmpty {
    parser.append(rest.prefix(pieces))
    rest = rest.dropFirst(pieces)
    feeding: while true {
      let event = parser.next()
      switch event {
      case .needsMore: break feeding
      case .refused:
        precondition(parser.next() == event, "a refusal is final")
        return events + [event]
      case .head, .end: events.append(event)
      }
    }
    precondition(parser.body.count <= limits.body, "the body is too long")
    precondition(parser.buffer.count - parser.start <= limits.head, "too much is held back")
  }
  return events
}

/// A request says the same when it is written in the plainest way: no server behind this one could
/// see another.
private func check(_ head: RequestHead, _ body: [UInt8]) {
  if head.target.utf8.first == UInt8(ascii: "/") { _ = try? RequestTarget(head.target) }
  if case .length(let length) = head.framing {
    precondition(body.count == length, "the body is not as long as its head says")
  }
  let framing = ["content-length", "transfer-encoding"]
  let fields = head.fields.filter { !framing.contains($0.name.lowercased()) }
  var text = "\(head.method) \(head.target) HTTP/1.\(head.minorVersion)\r\n"
  for field in fields { text += "\(field.name): \(field.value)\r\n" }
  text += "Content-Length: \(body.count)\r\n\r\n"
  var parser = RequestParser()
  parser.append(Array(text.utf8) + body)
  guard case .head(let again) = parser.next(), parser.next() == .end(body: body) else {
    preconditionFailure("what was accepted is refused when it is written plainly")
  }
  precondition(parser.isBetweenRequests, "something is left over")
  precondition(again.method == head.method && again.target == head.target, "another target")
  precondition(again.minorVersion == head.minorVersion, "another version")
  precondition(again.fields.dropLast() == fields[...], "other fields")
  precondition(again.keepsAlive == head.keepsAlive, "another end of the connection")
}
