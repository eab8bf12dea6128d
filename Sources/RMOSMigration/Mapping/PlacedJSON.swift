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
    // Refuses what the second pass does not expect, such as lone surrogates and excessive depth.
    _ = try JSONValue(parsing: text)
    var copy = text
    let result: Result<PlacedJSON, JSONScanError> = copy.withUTF8 { bytes in
      unsafe JSONScanner.withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
        do throws(JSONScanError) {
          return unsafe .success(try PlacedJSON(&scanner, bytes))
        } catch {
          return .failure(error)
        }
      }
    }
    guard case .success(let value) = result else {
      preconditionFailure("JSON that was parsed cannot be parsed again")
    }
    self = value
  }

  private init(
    _ scanner: inout JSONScanner, _ text: UnsafeBufferPointer<UInt8>
  ) throws(JSONScanError) {
    scanner.skipWhiteSpace()
    let start = scanner.position
    switch scanner.byte {
    case UInt8(ascii: "\""):
      form = unsafe .string(try Self.string(&scanner, text))
    case UInt8(ascii: "["):
      form = unsafe .array(try Self.elements(&scanner, text))
    case UInt8(ascii: "{"):
      form = unsafe .object(try Self.members(&scanner, text))
    default:
      form = .other(try scanner.skipValue(enclosingDepth: 0))
    }
    range = start..<scanner.position
  }

  private static func string(
    _ scanner: inout JSONScanner, _ text: UnsafeBufferPointer<UInt8>
  ) throws(JSONScanError) -> String {
    let start = scanner.position + 1
    let isEscaped = try scanner.skipString()
    let inside = unsafe UnsafeBufferPointer(rebasing: text[start..<scanner.position - 1])
    return unsafe String(
      decoding: isEscaped ? JSONScanner.decoded(inside) ?? [] : Array(inside), as: UTF8.self)
  }

  private static func elements(
    _ scanner: inout JSONScanner, _ text: UnsafeBufferPointer<UInt8>
  ) throws(JSONScanError) -> [PlacedJSON] {
    _ = scanner.skip(UInt8(ascii: "["))
    scanner.skipWhiteSpace()
    var elements: [PlacedJSON] = []
    while !scanner.skip(UInt8(ascii: "]")) {
      unsafe elements.append(try PlacedJSON(&scanner, text))
      scanner.skipWhiteSpace()
      _ = scanner.skip(UInt8(ascii: ","))
    }
    return elements
  }

  private static func members(
    _ scanner: inout JSONScanner, _ text: UnsafeBufferPointer<UInt8>
  ) throws(JSONScanError) -> [Member] {
    _ = scanner.skip(UInt8(ascii: "{"))
    scanner.skipWhiteSpace()
    var members: [Member] = []
    while !scanner.skip(UInt8(ascii: "}")) {
      scanner.skipWhiteSpace()
      let offset = scanner.position
      let name = try unsafe string(&scanner, text)
      scanner.skipWhiteSpace()
      _ = scanner.skip(UInt8(ascii: ":"))
      unsafe members.append(
        Member(name: name, offset: offset, value: try PlacedJSON(&scanner, text)))
      scanner.skipWhiteSpace()
      _ = scanner.skip(UInt8(ascii: ","))
    }
    return members
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
