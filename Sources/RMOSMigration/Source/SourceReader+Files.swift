import RMOSModels
import RMOSSystem

// What one file holds: an entity, a list, a dictionary, or one entity a line.

extension SourceReader {
  func readFile(_ format: SourcePath.Format) throws(ReadFailure) {
    do throws(ReadFailure) {
      try window.open(walker.absolute(path))
      if let complaint = window.encodingComplaint {
        try fail(
          .inputEncoding, at: window.place(at: window.beginning), leaving: .file, complaint)
      } else if format == .lines {
        try readLines()
      } else {
        try readDocument()
      }
    } catch {
      switch error {
      case .system(let error): try fail(error)
      case .notJSON(let error):
        // In a dictionary only a name can end it so; what stood before it is read.
        try fail(
          error, leaving: memberOffset.map { rest(from: $0, at: window.beginning, "{") } ?? .file)
      case .source, .stopped: throw error
      }
    }
  }

  private func readDocument() throws(ReadFailure) {
    let start = try window.skipWhiteSpace(from: window.beginning)
    window.mark(start)
    guard start < window.count else {
      let place = window.place(at: start)
      if window.endsInBadEncoding {
        return try fail(.inputEncoding, at: place, leaving: .file, SourceReader.badUTF16)
      }
      return try fail(
        .inputEmpty, at: place, leaving: .file,
        "the file is empty; expected an entity, a list or a dictionary")
    }
    switch window.base[start] {
    case UInt8(ascii: "["): try readList(from: start)
    case UInt8(ascii: "{"): try readObject(from: start)
    default:
      let place = window.place(at: start)
      let (end, kind) = try window.passOver(valueAt: start)
      guard let kind else {
        return try fail(.inputTooLarge, at: place, leaving: .file, tooLarge)
      }
      guard try readEnd(from: end) else { return }
      try fail(
        .shapeNotObject, at: place, leaving: .file,
        "the file holds \(kind.name); expected an entity, a list or a dictionary of entities")
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
  func readEnd(
    from position: Int, locator: RecordBatch.EntryLocator = .none, isCollection: Bool = false
  ) throws(ReadFailure) -> Bool {
    let end = try window.skipWhiteSpace(from: position)
    if end == window.count, !window.endsInBadEncoding { return true }
    try fail(
      window.scanner(at: end).unexpected(.end), locator: locator,
      leaving: isCollection ? .rest(offset: window.place(at: end).offset, opening: "[]") : .file)
    return false
  }

  /// The rest of a collection that broke off.
  ///
  /// Where there is nothing left but to close it, an empty list keeps the rest from passing for
  /// something.
  func rest(from offset: Int, at position: Int, _ opening: String) -> Remains {
    let closes =
      window.has(UInt8(ascii: "]"), at: position)
      || window.has(UInt8(ascii: "}"), at: position)
    return .rest(offset: offset, opening: closes ? "[]" : opening)
  }

  private func readObject(from start: Int) throws(ReadFailure) {
    var context = EntityReader.Context(
      source: sourceNumber, path: pathText, place: window.place(at: start),
      encoding: window.encoding)
    context.mayBeDictionary = true
    let before = current.batch.mark
    // Only until it is known what the object is: once a dictionary is being read, batches with its
    // entries may be delivered, and there is no way back.
    var dictionary = start
    do throws(ReadFailure) {
      let (end, result) = try readEntity(at: start, context)
      switch result {
      case .entity:
        // What follows the entity makes all of the file wrong.
        let rest = try window.skipWhiteSpace(from: end)
        if rest < window.count || window.endsInBadEncoding {
          throw .notJSON(window.scanner(at: rest).unexpected(.end))
        }
        return try deliverIfFull()
      case .tooLarge:
        return try fail(.inputTooLarge, at: context.place, leaving: .file, tooLarge)
      case .dictionary:
        dictionary = end
      }
    } catch {
      guard case .notJSON(let syntaxError) = error else { throw error }
      current.batch.rollBack(to: before)
      guard try isDictionary() else { return try fail(syntaxError, leaving: .file) }
      try window.open(walker.absolute(path))
      dictionary = try window.skipWhiteSpace(from: window.beginning)
      window.mark(dictionary)
    }
    try readDictionary(from: dictionary)
  }

  /// What became of an object.
  enum ObjectResult {
    case entity, dictionary, tooLarge
  }

  var tooLarge: String {
    "the entity is larger than \(window.limits.entity >> 20) MiB; split it, or cut it down"
  }

  /// Whether the document is a dictionary, by a look at its outline.
  private func isDictionary() throws(ReadFailure) -> Bool {
    try DictionaryProbe(
      schema: kind.schema, limits: window.limits, access: access, isCancelled: isCancelled
    )
    .isDictionary(walker.absolute(path))
  }

  /// Reads the object at `position`, which is marked, into the batch.
  ///
  /// - Returns: The position after it; for a dictionary that of its beginning.
  func readEntity(
    at position: Int, _ context: EntityReader.Context
  ) throws(ReadFailure) -> (end: Int, ObjectResult) {
    var position = position
    while true {
      do throws(JSONScanError) {
        var scanner = window.scanner(at: position)
        let before = current.batch.mark
        switch try entities.read(&scanner, context, into: &current.batch) {
        case .dictionary: return (position, .dictionary)
        case .entity:
          if scanner.position - position <= window.limits.entity {
            return (scanner.position, .entity)
          }
          current.batch.rollBack(to: before)
          return (position, .tooLarge)
        }
      } catch {
        guard error.reason == .unexpectedEnd, !window.isComplete else { throw .notJSON(error) }
      }
      // What is still open after half a chunk may be a dictionary, to be streamed.
      if context.mayBeDictionary, window.count - position > window.limits.chunk / 2,
        try isDictionary()
      {
        return (position, .dictionary)
      }
      guard window.count - position <= window.limits.entity else {
        return (position, .tooLarge)
      }
      position -= try window.refill()
    }
  }
}
