import RMOSModels

/// Reads the entities of one document in JSON Lines, which has one per line.
struct LinesReader {
  private let window: SourceWindow
  private let builder: SourceBatchBuilder
  /// The position of the document's first token, once known.
  private var firstToken: Int?

  private struct Line {
    var range: Range<Int>
    let locator: RecordBatch.EntryLocator
    /// Whether no other line follows.
    let isLast: Bool
  }

  /// Creates a reader of the document that a window shows from its beginning.
  init(_ window: SourceWindow, into builder: SourceBatchBuilder) {
    self.window = window
    self.builder = builder
  }

  /// Reads the document.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if the consumer wants no more.
  mutating func read() throws(ReadFailure) {
    var position = window.start
    var number = 0
    while true {
      number += 1
      let place = window.place(at: position)
      let (range, isTooLong) = try window.line(at: position)
      let line = Line(range: range, locator: .line(number), isLast: range.upperBound == window.end)
      if isTooLong {
        firstToken = firstToken ?? range.lowerBound
        try builder.failItem(
          .inputTooLarge, window.tooLarge, at: place, locator: line.locator,
          span: .item(offset: place.offset, end: window.place(at: range.upperBound).offset))
      } else if line.isLast, window.endsInBadEncoding {
        try builder.failItem(
          .inputEncoding, SourceWindow.badUTF16, at: window.place(at: range.upperBound),
          locator: line.locator, span: .item(offset: place.offset, end: nil))
      } else {
        guard let next = try read(withoutMark(line)) else { return }
        if next > range.upperBound {
          position = next
          number = window.place(at: next).line - 1
          continue
        }
      }
      if line.isLast { return }
      position = range.upperBound + 1
    }
  }

  /// Returns a line without a byte-order mark at its beginning, which joined files leave.
  private func withoutMark(_ line: Line) -> Line {
    guard unsafe window.bytes(line.range).prefix(3).elementsEqual([0xEF, 0xBB, 0xBF]) else {
      return line
    }
    var line = line
    line.range = line.range.lowerBound + 3..<line.range.upperBound
    return line
  }

  /// The content of a line.
  private enum Content {
    case nothing, entity, tooLarge
    case value(JSONScanner.Kind)
  }

  /// Reads a line.
  ///
  /// - Returns: Where to continue: the end of the line, or of an entity that begins on the line and
  ///   spans several; `nil` if the document as a whole does not hold one entity per line, which is
  ///   then its only failure.
  private mutating func read(_ line: Line) throws(ReadFailure) -> Int? {
    let before = builder.mark
    var start = line.range.lowerBound
    var place = window.place(at: start)
    let content: Result<Content, JSONScanError> = window.withScanner(over: line.range) { scanner in
      do throws(JSONScanError) {
        scanner.skipWhiteSpace()
        if scanner.isAtEnd { return .success(.nothing) }
        start = scanner.position
        if firstToken == nil { firstToken = start }
        place = window.place(at: start)
        let content: Content
        if scanner.byte == UInt8(ascii: "{") {
          _ = try builder.append(
            &scanner, locator: line.locator, place: place, encoding: window.encoding)
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
    switch content {
    case .success(.nothing): break
    case .success(.entity): try builder.emitIfFull()
    case .success(.tooLarge):
      builder.rollBack(to: before)
      try builder.failItem(
        .inputTooLarge, window.tooLarge, at: place, locator: line.locator, span: span(of: line))
    case .success(.value(let kind)):
      let hint =
        kind == .array
        ? "; if the file is one document, let its name end in .json"
        : try window.adviceIfQuotedJSON(at: start)
      try builder.failItem(
        .shapeNotObject, "is \(kind.name); expected an entity, which is an object\(hint)",
        at: place, locator: line.locator, span: span(of: line))
    case .failure(let error):
      builder.rollBack(to: before)
      return try fail(line, error, at: place)
    }
    return line.range.upperBound
  }

  // MARK: Lines that are not JSON

  private func span(of line: Line) -> RejectedSpan {
    .item(
      offset: window.place(at: line.range.lowerBound).offset,
      end: window.place(at: line.range.upperBound).offset)
  }

  /// Appends the failure of a line that is not JSON, of the entity that spans several lines, or of
  /// the whole document if it does not hold one entity per line.
  ///
  /// - Returns: Where to continue, as ``read(_:)`` does.
  private func fail(
    _ line: Line, _ error: JSONScanError, at place: RecordBatch.SourcePlace
  ) throws(ReadFailure) -> Int? {
    let isFirst = firstToken.map { line.range.contains($0) } ?? false
    if error.reason == .unexpectedEnd, !line.isLast, try continues(line, isFirst: isFirst) {
      return try failSpread(line, isFirst: isFirst, at: place)
    }
    let span = span(of: line)
    let (code, message, isAboutWholeText) = try window.describe(
      error, in: .line, from: firstToken)
    let isWhole = isFirst && isAboutWholeText
    if isWhole, !builder.answersForDocument { return nil }
    let isCutOff = code == .jsonSyntax && line.isLast && error.reason == .unexpectedEnd
    try builder.failItem(
      code, message + (isCutOff ? ", or run again if a program is still writing it" : ""),
      at: window.place(at: error.offset),
      locator: isWhole ? .none : line.locator, span: isWhole ? .file : span)
    return isWhole ? nil : line.range.upperBound
  }

  /// The maximum white space between the lines of an entity, in bytes.
  private static let maximumGap = 4096

  /// Whether a value that begins on a line continues on the next, as in pretty-printed JSON.
  ///
  /// After a line that was cut off, the next one is an entity of its own.
  private func continues(_ line: Line, isFirst: Bool) throws(ReadFailure) -> Bool {
    // A document that begins with a list is the list.
    if isFirst, let firstToken, window.isList(at: firstToken) { return true }
    let last = unsafe window.bytes(line.range).last { !JSONDiagnosis.isWhiteSpace($0) }
    let (next, _) = try window.excerpt(
      around: line.range.upperBound, before: 0, after: Self.maximumGap)
    guard let first = next.first(where: { !JSONDiagnosis.isWhiteSpace($0) }) else { return false }
    switch last {
    case UInt8(ascii: "["): return true
    case UInt8(ascii: "{"), UInt8(ascii: ","): return first == UInt8(ascii: "\"")
    default: return false
    }
  }

  /// Appends the failure of a value that begins on a line and spans several.
  private func failSpread(
    _ line: Line, isFirst: Bool, at place: RecordBatch.SourcePlace
  ) throws(ReadFailure) -> Int? {
    if isFirst {
      guard builder.answersForDocument else { return nil }
      let isList = firstToken.map { window.isList(at: $0) } ?? false
      let what = isList ? "a list" : "an entity on several lines"
      let end = try window.resynchronize(after: line.range.lowerBound)
      let isOne = try end.map { end throws(ReadFailure) in
        try window.skipWhiteSpace(from: end) == window.end
      }
      try builder.fail(
        .jsonSyntax,
        "the file begins with \(what), but must hold one entity per line; write each on a line of "
          + "its own or, "
          + (isOne == false
            ? "separated by commas, all of them in [ ] in a file that ends in .json"
            : "if the file is one document, change its extension to .json"),
        at: place, span: .file)
      return nil
    }
    let start = window.place(at: line.range.lowerBound).offset
    let end = try window.resynchronize(after: line.range.lowerBound)
    try builder.failItem(
      .jsonSyntax, "the entity is on several lines; write each on a line of its own", at: place,
      locator: line.locator,
      span: .item(offset: start, end: end.map { window.place(at: $0).offset }))
    return end
  }
}
