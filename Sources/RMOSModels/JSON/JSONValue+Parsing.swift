extension JSONValue {
  /// Parses a JSON text.
  ///
  /// Parsing is strict (RFC 8259): one value, surrounded by nothing but white space, nested at most
  /// 512 levels deep. An unpaired surrogate escape is rejected, because no string can hold it.
  ///
  /// - Throws: ``ParsingError`` for the first error.
  /// - Complexity: O(n).
  public init(parsing text: String) throws(ParsingError) {
    self = try JSONValue(parsing: text, replacingLoneSurrogates: false)
  }

  /// Parses a JSON text; an unpaired surrogate escape may become U+FFFD.
  init(parsing text: String, replacingLoneSurrogates: Bool) throws(ParsingError) {
    var text = text
    let result = text.withUTF8 { bytes in
      unsafe JSONTreeBuilder.value(of: bytes, replacingLoneSurrogates: replacingLoneSurrogates)
    }
    self = try result.get()
  }

  /// Parses a JSON text from its UTF-8 bytes, without a byte-order mark.
  package init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(ParsingError) {
    self = try unsafe JSONTreeBuilder.value(of: bytes, replacingLoneSurrogates: false).get()
  }
}

/// Builds a tree from what the scanner has accepted, without recursion.
@safe private struct JSONTreeBuilder {
  /// An array or object whose end has not been reached.
  private struct Container {
    let isObject: Bool
    var elements: [JSONValue] = []
    var members: [JSONValue.Member] = []
    /// The name of the member whose value comes next.
    var name: String?

    var value: JSONValue { isObject ? .object(members) : .array(elements) }

    mutating func append(_ value: JSONValue) {
      if let name {
        members.append(JSONValue.Member(name: name, value: value))
        self.name = nil
      } else {
        elements.append(value)
      }
    }
  }

  private let text: UnsafeBufferPointer<UInt8>
  private let replacesLoneSurrogates: Bool

  static func value(
    of text: UnsafeBufferPointer<UInt8>, replacingLoneSurrogates: Bool
  ) -> Result<JSONValue, ParsingError> {
    unsafe JSONScanner.withPaddedCopy(of: UnsafeRawBufferPointer(text)) { scanner in
      do throws(JSONScanError) {
        var check = scanner
        check.skipWhiteSpace()
        _ = try check.skipValue(enclosingDepth: 0)
        try check.skipToEnd()
        let builder = unsafe JSONTreeBuilder(
          text: text, replacesLoneSurrogates: replacingLoneSurrogates)
        return .success(try builder.value(&scanner))
      } catch {
        return unsafe .failure(ParsingError(error, in: text))
      }
    }
  }

  private func value(_ scanner: inout JSONScanner) throws(JSONScanError) -> JSONValue {
    var open: [Container] = []
    while true {
      scanner.skipWhiteSpace()
      let value: JSONValue
      switch scanner.byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(Container(isObject: scanner.byte == UInt8(ascii: "{")))
        _ = scanner.skip(scanner.byte)
        continue
      case UInt8(ascii: ","):
        _ = scanner.skip(UInt8(ascii: ","))
        continue
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = scanner.skip(scanner.byte)
        value = open.removeLast().value
      case UInt8(ascii: "\""):
        let string = try string(&scanner)
        if let last = open.indices.last, open[last].isObject, open[last].name == nil {
          open[last].name = string
          scanner.skipWhiteSpace()
          _ = scanner.skip(UInt8(ascii: ":"))
          continue
        }
        value = .string(string)
      default:
        value = try scalar(&scanner)
      }
      guard let last = open.indices.last else { return value }
      open[last].append(value)
    }
  }

  private func scalar(_ scanner: inout JSONScanner) throws(JSONScanError) -> JSONValue {
    let start = scanner.position
    return switch try scanner.skipValue(enclosingDepth: 0) {
    case .true: .bool(true)
    case .false: .bool(false)
    case .null: .null
    default:
      unsafe .number(
        JSONNumber(
          unchecked: String(decoding: text[start..<scanner.position], as: UTF8.self)))
    }
  }

  private func string(_ scanner: inout JSONScanner) throws(JSONScanError) -> String {
    let start = scanner.position + 1
    let isEscaped = try scanner.skipString()
    var rest = unsafe text[start..<scanner.position - 1]
    guard isEscaped else { return unsafe String(decoding: rest, as: UTF8.self) }
    var decoded: [UInt8] = []
    while true {
      var loneSurrogate: Int?
      unsafe decoded += [UInt8](unsafeUninitializedCapacity: rest.count + 4) { buffer, count in
        guard var output = buffer.baseAddress else { return }
        loneSurrogate = unsafe JSONScanner.decode(UnsafeBufferPointer(rebasing: rest), to: &output)
        count = unsafe (buffer.baseAddress ?? output).distance(to: output)
      }
      guard let loneSurrogate else { return String(decoding: decoded, as: UTF8.self) }
      let place = unsafe rest.startIndex + loneSurrogate
      guard replacesLoneSurrogates else { throw JSONScanError(.loneSurrogate, place) }
      decoded += "\u{FFFD}".utf8
      // An escape by number, such as \u00E9, is six bytes long.
      unsafe rest = rest[(place + 6)...]
    }
  }
}
