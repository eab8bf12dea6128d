import RMOSModels

/// Reads what one document holds: an entity, a list, a dictionary, or one entity a line.
///
/// Entities are handed to the builder in order and in constant memory. Everything found becomes an
/// entry there, so that nothing is passed over: what cannot be parsed is an entry that failed.
final class DocumentReader {
  private let window: SourceWindow
  private let builder: SourceBatchBuilder
  private let isCancelled: () -> Bool
  /// The member of a dictionary that is being read: where it begins, in the text and in the file.
  private var member: (position: Int, offset: Int)?

  init(
    limits: SourceWindow.Limits = SourceWindow.Limits(), into builder: SourceBatchBuilder,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    window = SourceWindow(limits: limits, isCancelled: isCancelled)
    self.builder = builder
    self.isCancelled = isCancelled
  }

  /// How much of the document was read, bytes.
  var bytesRead: Int { window.bytesRead }

  /// Reads one document.
  ///
  /// - Parameters:
  ///   - source: Its bytes.
  ///   - format: How it is laid out.
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if nobody wants the rest.
  func read(_ source: any ByteSource, as format: SourcePath.Format) throws(ReadFailure) {
    member = nil
    do throws(ReadFailure) {
      try window.load(source)
      if let complaint = window.encodingComplaint {
        try builder.fail(
          .inputEncoding, complaint, at: window.place(at: window.start), span: .file)
      } else {
        switch format {
        case .lines: try readLines()
        case .json: try readDocument()
        }
      }
    } catch {
      guard case .notJSON(let error) = error else { throw error }
      // In a dictionary only a name can end it so; what stood before it is read.
      try fail(error, span: member.map { rest(from: $0.offset, at: $0.position, "{") } ?? .file)
    }
  }

  // MARK: Failures

  private static let badUTF16 = "is not well-formed UTF-16 from here on; save the file as UTF-8"

  private var tooLarge: String {
    "the entity is larger than \(window.limits.entity >> 20) MiB; split it, or cut it down"
  }

  /// Appends an entry that failed because its text is not JSON.
  private func fail(
    _ error: JSONScanError, locator: RecordBatch.EntryLocator = .none, span: RejectedSpan
  ) throws(ReadFailure) {
    let (code, message) = describe(error)
    try builder.fail(
      code, message, at: window.place(at: error.offset), locator: locator, span: span)
  }

  /// The code and message for a text that is not JSON.
  private func describe(_ error: JSONScanError) -> (code: IssueCode, message: String) {
    switch error.reason {
    case .unexpectedEnd where window.endsInBadEncoding:
      return (.inputEncoding, Self.badUTF16)
    case .invalidUTF8:
      return badUTF8(window.byte(at: error.offset) ?? 0)
    case .unexpected(let byte, _) where byte >= 0x80 && !window.isUTF8(at: error.offset):
      return badUTF8(byte)
    case .tooDeep:
      return (.jsonDepth, "nests deeper than \(JSONScanner.maximumDepth); flatten it")
    case .unexpected(UInt8(ascii: "{"), .end):
      return (
        .jsonSyntax,
        error.message + "; put several entities in a list, or one a line in a file ending in .jsonl"
      )
    default:
      return (.jsonSyntax, error.message)
    }
  }

  private func badUTF8(_ byte: UInt8) -> (code: IssueCode, message: String) {
    let byte = String(byte, radix: 16, uppercase: true)
    return (.inputEncoding, "the byte 0x\(byte) is not UTF-8 here; save the file as UTF-8")
  }

  /// The rest of a collection that broke off at `position`.
  ///
  /// Where there is nothing left but to close it, an empty list keeps the rest from passing for
  /// something.
  private func rest(from offset: Int, at position: Int, _ opening: String) -> RejectedSpan {
    let closes =
      window.has(UInt8(ascii: "]"), at: position)
      || window.has(UInt8(ascii: "}"), at: position)
    return .rest(offset: offset, opening: closes ? "[]" : opening)
  }

  /// Passes over an element that is refused whatever is in it, and appends the failure.
  ///
  /// - Returns: The position after it; `nil` if the text ends first.
  private func skipRefused(
    from position: Int, beginning start: RecordBatch.SourcePlace, isMember: Bool = false,
    _ code: IssueCode, _ message: String, at place: RecordBatch.SourcePlace,
    locator: RecordBatch.EntryLocator = .none
  ) throws(ReadFailure) -> Int? {
    let end = try window.resynchronize(after: position)
    let offset = end.map { window.place(at: $0).offset }
    try builder.fail(
      code, message, at: place, locator: locator,
      span: .item(offset: start.offset, end: offset, isMember: isMember))
    return end
  }

  // MARK: Documents

  private func readDocument() throws(ReadFailure) {
    let start = try window.skipWhiteSpace(from: window.start)
    let place = window.place(at: start)
    switch window.byte(at: start) {
    case nil where window.endsInBadEncoding:
      try builder.fail(.inputEncoding, Self.badUTF16, at: place, span: .file)
    case nil:
      try builder.fail(
        .inputEmpty, "the file is empty; expected an entity, a list or a dictionary", at: place,
        span: .file)
    case UInt8(ascii: "["): try readList(from: start)
    case UInt8(ascii: "{"): try readObject(from: start)
    default:
      guard let (end, kind) = try window.skipValue(at: start) else {
        return try builder.fail(.inputTooLarge, tooLarge, at: place, span: .file)
      }
      guard try readEnd(from: end) else { return }
      try builder.fail(
        .shapeNotObject,
        "the file holds \(kind.name); expected an entity, a list or a dictionary of entities",
        at: place, span: .file)
    }
  }

  /// Checks that nothing but white space follows; anything else is a failure.
  ///
  /// - Parameters:
  ///   - position: Where the document ended.
  ///   - locator: For the failure.
  ///   - isCollection: Whether what came before was read, so that only what follows is at fault.
  /// - Returns: Whether the document ends well.
  /// - Throws: ``ReadFailure``.
  @discardableResult private func readEnd(
    from position: Int, locator: RecordBatch.EntryLocator = .none, isCollection: Bool = false
  ) throws(ReadFailure) -> Bool {
    let end = try window.skipWhiteSpace(from: position)
    if end == window.end, !window.endsInBadEncoding { return true }
    try fail(
      window.scanner(at: end).unexpected(.end), locator: locator,
      span: isCollection ? .rest(offset: window.place(at: end).offset, opening: "[]") : .file)
    return false
  }

  /// Reads a document that is an object: an entity, or a dictionary of entities.
  private func readObject(from start: Int) throws(ReadFailure) {
    let place = window.place(at: start)
    let before = builder.mark
    do throws(ReadFailure) {
      switch try readEntity(at: start, place, mayBeDictionary: true) {
      case .entity(let end):
        // What follows the entity makes all of the file wrong.
        let rest = try window.skipWhiteSpace(from: end)
        if rest < window.end || window.endsInBadEncoding {
          throw .notJSON(window.scanner(at: rest).unexpected(.end))
        }
        return try builder.emitIfFull()
      case .tooLarge:
        return try builder.fail(.inputTooLarge, tooLarge, at: place, span: .file)
      case .dictionary: break
      }
    } catch {
      guard case .notJSON(let syntaxError) = error else { throw error }
      // Only until it is known what the object is: once a dictionary is being read, batches with
      // its entries may be handed on, and there is no way back.
      builder.rollBack(to: before)
      guard try isDictionary(), let source = window.source else {
        return try fail(syntaxError, span: .file)
      }
      try window.load(source)
      return try readDictionary(from: window.skipWhiteSpace(from: window.start))
    }
    try readDictionary(from: start)
  }

  /// Whether the document is a dictionary, by a look at its outline.
  private func isDictionary() throws(ReadFailure) -> Bool {
    guard let source = window.source else { return false }
    return try DictionaryProbe(
      schema: builder.kind.schema, limits: window.limits, isCancelled: isCancelled
    ).isDictionary(source)
  }

  /// What became of an object.
  private enum ObjectResult {
    /// It is an entity of the batch and ends before the position.
    case entity(end: Int)
    case dictionary, tooLarge
  }

  /// Reads an object into the batch.
  private func readEntity(
    at position: Int, _ place: RecordBatch.SourcePlace,
    locator: RecordBatch.EntryLocator = .none, key: RecordBatch.TextSpan? = nil,
    mayBeDictionary: Bool = false
  ) throws(ReadFailure) -> ObjectResult {
    while true {
      let failure: JSONScanError
      do throws(JSONScanError) {
        var scanner = window.scanner(at: position)
        let before = builder.mark
        let form = try builder.append(
          &scanner, locator: locator, key: key, place: place, encoding: window.encoding,
          mayBeDictionary: mayBeDictionary)
        if form == .dictionary { return .dictionary }
        let end = scanner.position
        if end - position <= window.limits.entity { return .entity(end: end) }
        builder.rollBack(to: before)
        return .tooLarge
      } catch {
        failure = error
      }
      guard failure.reason == .unexpectedEnd, !window.isComplete else { throw .notJSON(failure) }
      // What is still open after half a chunk may be a dictionary, to be streamed.
      if mayBeDictionary, window.end - position > window.limits.chunk / 2, try isDictionary() {
        return .dictionary
      }
      guard try window.readsOn(after: failure, from: position) else { return .tooLarge }
    }
  }

  // MARK: Collections

  private func readList(from start: Int) throws(ReadFailure) {
    var position = try window.skipWhiteSpace(from: start + 1)
    var index = 0
    if window.has(UInt8(ascii: "]"), at: position) {
      try readEnd(from: position + 1, locator: .index(index), isCollection: true)
      return
    }
    while true {
      guard let end = try readElement(at: position, locator: .index(index), key: nil) else {
        return
      }
      index += 1
      position = try window.skipWhiteSpace(from: end)
      if window.has(UInt8(ascii: "]"), at: position) {
        try readEnd(from: position + 1, locator: .index(index), isCollection: true)
        return
      }
      guard window.has(UInt8(ascii: ","), at: position) else {
        return try fail(
          window.scanner(at: position).unexpected(.commaOrBracket), locator: .index(index),
          span: rest(from: window.place(at: position).offset, at: position, "["))
      }
      position = try window.skipWhiteSpace(from: position + 1)
    }
  }

  /// Reads the dictionary whose `{` is at `start`.
  private func readDictionary(from start: Int) throws(ReadFailure) {
    var position = try window.skipWhiteSpace(from: start + 1)
    while true {
      let place = window.place(at: position)
      member = (position, place.offset)
      let name = try window.readName(at: position)
      let valueStart = try window.skipWhiteSpace(from: name.end)
      let end: Int?
      if let text = name.text {
        let key = builder.intern(text)
        end = try readElement(at: valueStart, locator: .key(key), key: key)
      } else {
        end = try skipRefused(
          from: valueStart, beginning: place, isMember: true, .jsonSyntax,
          "the key holds an escaped surrogate without its partner, which is no text; "
            + "write the character itself", at: place)
      }
      guard let end else { return }
      position = try window.skipWhiteSpace(from: end)
      if window.has(UInt8(ascii: "}"), at: position) {
        try readEnd(from: position + 1, isCollection: true)
        return
      }
      guard window.has(UInt8(ascii: ","), at: position) else {
        return try fail(
          window.scanner(at: position).unexpected(.commaOrBrace),
          span: rest(from: window.place(at: position).offset, at: position, "{"))
      }
      position = try window.skipWhiteSpace(from: position + 1)
    }
  }

  /// Reads one element of a list or dictionary.
  ///
  /// - Returns: The position after it; `nil` if the collection breaks off in it, which is then a
  ///   failure in the batch.
  private func readElement(
    at position: Int, locator: RecordBatch.EntryLocator, key: RecordBatch.TextSpan?
  ) throws(ReadFailure) -> Int? {
    let place = window.place(at: position)
    do throws(ReadFailure) {
      if window.has(UInt8(ascii: "{"), at: position) {
        if case .entity(let end) = try readEntity(
          at: position, place, locator: locator, key: key)
        {
          try builder.emitIfFull()
          return end
        }
      } else if let (end, kind) = try window.skipValue(at: position) {
        try builder.fail(
          .shapeNotObject, "is \(kind.name); expected an entity, which is an object", at: place,
          locator: locator,
          span: .item(offset: place.offset, end: window.place(at: end).offset))
        return end
      }
      return try skipRefused(
        from: position, beginning: place, .inputTooLarge, tooLarge, at: place, locator: locator)
    } catch {
      guard case .notJSON(let syntaxError) = error else { throw error }
      guard syntaxError.reason == .tooDeep else {
        let span =
          member.map { RejectedSpan.rest(offset: $0.offset, opening: "{") }
          ?? rest(from: place.offset, at: position, "[")
        try fail(syntaxError, locator: locator, span: span)
        return nil
      }
      // What is too deep is refused for that alone; what follows can still be read.
      let (code, message) = describe(syntaxError)
      return try skipRefused(
        from: position, beginning: place, code, message,
        at: window.place(at: syntaxError.offset), locator: locator)
    }
  }

  // MARK: JSON Lines

  private func readLines() throws(ReadFailure) {
    var position = window.start
    var number = 0
    while true {
      number += 1
      let locator = RecordBatch.EntryLocator.line(number)
      let place = window.place(at: position)
      let (line, isTooLong) = try window.line(at: position)
      let isLast = line.upperBound == window.end
      if isTooLong {
        try builder.fail(
          .inputTooLarge, tooLarge, at: place, locator: locator,
          span: .item(offset: place.offset, end: window.place(at: line.upperBound).offset))
      } else if isLast, window.endsInBadEncoding {
        try builder.fail(
          .inputEncoding, Self.badUTF16, at: window.place(at: line.upperBound), locator: locator,
          span: .item(offset: place.offset, end: nil))
      } else {
        try readLine(line, locator: locator)
      }
      if isLast { return }
      position = line.upperBound + 1
    }
  }

  /// What a line holds.
  private enum LineContent {
    case nothing, entity, tooLarge
    case value(JSONScanner.Kind)
  }

  private func readLine(
    _ line: Range<Int>, locator: RecordBatch.EntryLocator
  ) throws(ReadFailure) {
    let before = builder.mark
    var place = window.place(at: line.lowerBound)
    let content: Result<LineContent, JSONScanError> = window.withScanner(over: line) { scanner in
      do throws(JSONScanError) {
        scanner.skipWhiteSpace()
        if scanner.isAtEnd { return .success(.nothing) }
        let start = scanner.position
        place = window.place(at: start)
        let content: LineContent
        if scanner.byte == UInt8(ascii: "{") {
          _ = try builder.append(
            &scanner, locator: locator, place: place, encoding: window.encoding)
          content = scanner.position - start > window.limits.entity ? .tooLarge : .entity
        } else {
          content = .value(try scanner.skipValue(enclosingDepth: 0))
        }
        try scanner.skipToEnd()
        return .success(content)
      } catch {
        return .failure(error)
      }
    }
    var span: RejectedSpan {
      .item(
        offset: window.place(at: line.lowerBound).offset,
        end: window.place(at: line.upperBound).offset)
    }
    switch content {
    case .success(.nothing): return
    case .success(.entity): try builder.emitIfFull()
    case .success(.tooLarge):
      builder.rollBack(to: before)
      try builder.fail(.inputTooLarge, tooLarge, at: place, locator: locator, span: span)
    case .success(.value(let kind)):
      try builder.fail(
        .shapeNotObject, "is \(kind.name); expected an entity, which is an object", at: place,
        locator: locator, span: span)
    case .failure(let error):
      builder.rollBack(to: before)
      try fail(error, locator: locator, span: span)
    }
  }
}
