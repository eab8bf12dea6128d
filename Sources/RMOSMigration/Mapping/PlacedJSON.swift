import RMOSModels

/// A JSON value with its place in the text.
struct PlacedJSON {
  struct Member {
    let name: String
    /// Where the name begins.
    let offset: Int
    let value: PlacedJSON
  }

  enum Form {
    case string(String)
    case array([PlacedJSON])
    case object([Member])
    /// A number, `true`, `false` or `null`.
    case other(JSONScanner.Kind)
  }

  let form: Form
  /// The value's range in the text's bytes.
  let range: Range<Int>

  /// Parses a text.
  ///
  /// - Throws: `ParsingError`.
  init(parsing text: String) throws(ParsingError) {
    // Refuses what is not expected below, such as lone surrogates and excessive depth.
    _ = try JSONValue(parsing: text)
    var copy = text
    self = copy.withUTF8 { bytes in
      unsafe JSONScanner.withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
        scanner.skipWhiteSpace()
        return PlacedJSON(at: scanner)
      }
    }
  }

  /// Creates the value at the position of a scanner, which has accepted it.
  private init(at scanner: JSONScanner) {
    var end = scanner
    let kind = (try? end.skipValue(enclosingDepth: 0)) ?? .null
    range = scanner.position..<end.position
    switch kind {
    case .string, .escapedString:
      let token = unsafe UnsafeBufferPointer(
        start: scanner.cursor, count: end.cursor - scanner.cursor)
      form = unsafe .string(
        String(decoding: JSONScanner.text(of: token, kind) ?? [], as: UTF8.self))
    case .array:
      var elements: [PlacedJSON] = []
      scanner.forEachElement { elements.append(PlacedJSON(at: $0)) }
      form = .array(elements)
    case .object:
      var members: [Member] = []
      scanner.forEachMember { member in
        members.append(
          Member(
            name: String(decoding: member.decodedName, as: UTF8.self), offset: member.position,
            value: PlacedJSON(at: member.scanner)))
        return true
      }
      form = .object(members)
    case .number, .true, .false, .null: form = .other(kind)
    }
  }

  /// The value as a message calls it.
  var name: String {
    switch form {
    case .string(let text): Violation.quoted(text)
    case .array: "a list"
    case .object: "an object"
    case .other(let kind): kind.name
    }
  }
}
