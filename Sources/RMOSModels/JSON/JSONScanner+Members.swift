extension JSONScanner {
  /// A member of an object that was scanned before.
  @safe package struct AcceptedMember {
    /// The text between the name's quotes.
    package let name: UnsafeBufferPointer<UInt8>
    /// Whether the name has escapes.
    package let isEscaped: Bool
    /// The value's text.
    package let token: UnsafeBufferPointer<UInt8>
    package let kind: Kind
    /// A scanner at the value.
    package let scanner: JSONScanner

    /// The name without its escapes.
    package var decodedName: [UInt8] {
      unsafe isEscaped ? JSONScanner.decoded(name) ?? Array(name) : Array(name)
    }
  }

  /// Calls `body` with each member of the object at the position, until it returns `false`.
  ///
  /// - Precondition: The object was scanned before: what was accepted once is accepted again.
  package func forEachMember(_ body: (AcceptedMember) -> Bool) {
    var scanner = self
    _ = scanner.skip(UInt8(ascii: "{"))
    scanner.skipWhiteSpace()
    while !scanner.skip(UInt8(ascii: "}")) {
      let start = unsafe scanner.cursor + 1
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
        name: name, isEscaped: isEscaped, token: token, kind: kind, scanner: value)
      guard body(member) else { return }
      scanner.skipWhiteSpace()
      if scanner.skip(UInt8(ascii: ",")) { scanner.skipWhiteSpace() }
    }
  }
}
