import RMOSModels

// Lists, dictionaries and JSON Lines: entity after entity, in constant memory.

extension SourceReader {
  func readList(from start: Int) throws(ReadFailure) {
    var position = try window.skipWhiteSpace(from: start + 1)
    var index = 0
    if window.has(UInt8(ascii: "]"), at: position) {
      _ = try readEnd(from: position + 1, locator: .index(index), isCollection: true)
      return
    }
    while true {
      window.mark(position)
      guard let end = try readElement(at: position, locator: .index(index), key: nil) else {
        return
      }
      index += 1
      position = try window.skipWhiteSpace(from: end)
      if window.has(UInt8(ascii: "]"), at: position) {
        _ = try readEnd(from: position + 1, locator: .index(index), isCollection: true)
        return
      }
      guard window.has(UInt8(ascii: ","), at: position) else {
        return try fail(
          window.scanner(at: position).unexpected(.commaOrBracket), locator: .index(index),
          leaving: rest(from: window.place(at: position).offset, at: position, "["))
      }
      position = try window.skipWhiteSpace(from: position + 1)
    }
  }

  /// Reads one element of a list or dictionary; `position` is marked.
  ///
  /// - Returns: The position after it; nil where the collection breaks off in it, which is then a
  ///   failure in the batch.
  private func readElement(
    at position: Int, locator: RecordBatch.EntryLocator, key: RecordBatch.TextSpan?
  ) throws(ReadFailure) -> Int? {
    let place = window.place(at: position)
    do throws(ReadFailure) {
      guard window.has(UInt8(ascii: "{"), at: position) else {
        let (end, kind) = try window.passOver(valueAt: position)
        guard let kind else { return try passOver(tooLargeAt: end, place, locator) }
        try fail(
          .shapeNotObject, at: place, locator: locator,
          leaving: .item(offset: place.offset, end: window.place(at: end).offset),
          "is \(kind.name); expected an entity, which is an object")
        return end
      }
      var context = EntityReader.Context(
        source: sourceNumber, path: pathText, place: place, encoding: window.encoding)
      context.locator = locator
      context.key = key
      let (end, result) = try readEntity(at: position, context)
      if result == .tooLarge { return try passOver(tooLargeAt: end, place, locator) }
      try deliverIfFull()
      return end
    } catch {
      guard case .notJSON(let syntaxError) = error else { throw error }
      guard syntaxError.reason == .tooDeep else {
        let remains =
          memberOffset.map { Remains.rest(offset: $0, opening: "{") }
          ?? rest(from: place.offset, at: window.beginning, "[")
        try fail(syntaxError, locator: locator, leaving: remains)
        return nil
      }
      // What is too deep is refused for that alone; what follows can still be read.
      let (code, message) = describe(syntaxError)
      let errorPlace = window.place(at: syntaxError.offset)
      return try passOver(
        from: window.beginning, place, locator, code, at: errorPlace, message)
    }
  }

  private func passOver(
    tooLargeAt position: Int, _ place: RecordBatch.SourcePlace, _ locator: RecordBatch.EntryLocator
  ) throws(ReadFailure) -> Int? {
    try passOver(from: position, place, locator, .inputTooLarge, at: place, tooLarge)
  }

  /// Passes over an element that is refused whatever is in it, and appends the failure.
  private func passOver(
    from position: Int, _ start: RecordBatch.SourcePlace, _ locator: RecordBatch.EntryLocator,
    _ code: IssueCode, at place: RecordBatch.SourcePlace, _ message: String
  ) throws(ReadFailure) -> Int? {
    let end = try window.resynchronize(after: position)
    try fail(
      code, at: place, locator: locator,
      leaving: .item(offset: start.offset, end: end.map { window.place(at: $0).offset }), message)
    return end
  }

  /// Reads the dictionary whose `{` is at `start`.
  func readDictionary(from start: Int) throws(ReadFailure) {
    var position = try window.skipWhiteSpace(from: start + 1)
    while true {
      window.mark(position)
      let namePlace = window.place(at: position)
      memberOffset = namePlace.offset
      let name = try window.readName(at: position)
      position = try window.skipWhiteSpace(from: name.end)
      window.mark(position)
      if let text = name.text {
        let key = current.batch.intern(text)
        guard let end = try readElement(at: position, locator: .key(key), key: key) else { return }
        position = end
      } else {
        let end = try window.resynchronize(after: position)
        try fail(
          .jsonSyntax, at: namePlace,
          leaving: .item(
            offset: namePlace.offset, end: end.map { window.place(at: $0).offset },
            isMember: true),
          "the key holds an escaped surrogate without its partner, which is no text; "
            + "write the character itself")
        guard let end else { return }
        position = end
      }
      position = try window.skipWhiteSpace(from: position)
      if window.has(UInt8(ascii: "}"), at: position) {
        _ = try readEnd(from: position + 1, isCollection: true)
        return
      }
      guard window.has(UInt8(ascii: ","), at: position) else {
        return try fail(
          window.scanner(at: position).unexpected(.commaOrBrace),
          leaving: rest(from: window.place(at: position).offset, at: position, "{"))
      }
      position = try window.skipWhiteSpace(from: position + 1)
    }
  }

  func readLines() throws(ReadFailure) {
    var position = window.beginning
    var number = 0
    while true {
      window.mark(position)
      number += 1
      let place = window.place(at: position)
      let (line, isTooLong) = try window.line(at: position)
      let isLast = line.upperBound == window.count
      if isTooLong {
        try fail(
          .inputTooLarge, at: place, locator: .line(number),
          leaving: .item(offset: place.offset, end: window.place(at: line.upperBound).offset),
          tooLarge)
      } else if isLast, window.endsInBadEncoding {
        try fail(
          .inputEncoding, at: window.place(at: line.upperBound), locator: .line(number),
          leaving: .item(offset: place.offset, end: nil), SourceReader.badUTF16)
      } else {
        try readLine(line, locator: .line(number))
      }
      if isLast { return }
      position = line.upperBound + 1
    }
  }

  private func readLine(
    _ line: Range<Int>, locator: RecordBatch.EntryLocator
  ) throws(ReadFailure) {
    // The scanner needs a 0 after its input; the line feed lends its place.
    let terminator = window.base[line.upperBound]
    window.base[line.upperBound] = 0
    defer { window.base[line.upperBound] = terminator }
    var scanner = window.scanner(at: line.lowerBound, upTo: line.upperBound)
    scanner.skipWhiteSpace()
    if scanner.isAtEnd { return }
    let place = window.place(at: scanner.position)
    let before = current.batch.mark
    let kind: JSONScanner.Kind
    var isTooLarge = false
    do throws(JSONScanError) {
      if scanner.byte == UInt8(ascii: "{") {
        var context = EntityReader.Context(
          source: sourceNumber, path: pathText, place: place, encoding: window.encoding)
        context.locator = locator
        let start = scanner.position
        _ = try entities.read(&scanner, context, into: &current.batch)
        kind = .object
        isTooLarge = scanner.position - start > window.limits.entity
      } else {
        kind = try scanner.skipValue(enclosingDepth: 0)
      }
      scanner.skipWhiteSpace()
      guard scanner.isAtEnd else { throw scanner.unexpected(.end) }
    } catch {
      current.batch.rollBack(to: before)
      return try fail(error, locator: locator, leaving: remains(of: line))
    }
    if isTooLarge {
      current.batch.rollBack(to: before)
      return try fail(
        .inputTooLarge, at: place, locator: locator, leaving: remains(of: line), tooLarge)
    }
    if kind == .object { return try deliverIfFull() }
    try fail(
      .shapeNotObject, at: place, locator: locator, leaving: remains(of: line),
      "is \(kind.name); expected an entity, which is an object")
  }

  private func remains(of line: Range<Int>) -> Remains {
    .item(
      offset: window.place(at: line.lowerBound).offset,
      end: window.place(at: line.upperBound).offset)
  }
}
