import RMOSModels
import RMOSSystem

/// An entity as compact JSON text that a migration reads.
struct EntityText {
  /// The text: members in schema order, then the unknown ones in their order.
  let utf8: [UInt8]
  /// What the text cannot represent exactly.
  let remarks: [(member: String?, text: String)]

  init(_ record: Record, unknownMembers: String?) {
    var remarks: [(member: String?, text: String)] = []
    // A file is not a terminal: what the source had comes back byte for byte.
    var writer = JSONWriter(escaping: .minimal)
    writer.object { writer in
      for (field, value) in zip(record.kind.schema.fields, record.values) {
        if let remark = writer.member(field, value) { remarks.append((field.member, remark)) }
      }
    }
    var bytes = writer.utf8
    if let unknownMembers {
      if let object = try? JSONText(parsing: unknownMembers).text.utf8, object.count > 2,
        object.first == UInt8(ascii: "{"), bytes.count > 2
      {
        bytes.removeLast()
        bytes.append(UInt8(ascii: ","))
        bytes.append(contentsOf: object.dropFirst())
      } else if unknownMembers != "{}" {
        remarks.append(
          (nil, "the unknown members kept for the row are not a JSON object; left out"))
      }
    }
    utf8 = bytes
    self.remarks = remarks
  }
}

extension JSONWriter {
  /// Writes a field's member, or none if the column is NULL.
  ///
  /// - Returns: What is not represented exactly; `nil` if everything is.
  fileprivate mutating func member(_ field: FieldSchema, _ value: Value) -> String? {
    let name = field.member
    switch (field.type, value) {
    case (_, .null):
      return nil
    case (.json, .text(let text)):
      guard let json = try? JSONText(parsing: text) else {
        member(name, text)
        return "\"\(name)\" is text that is not valid JSON; written as a string"
      }
      // Migration takes null for absent.
      if json.text == "null" {
        return "\"\(name)\" is the JSON value null, which reads as absent; left out"
      }
      member(name) { $0.json(json) }
      return nil
    case (_, .text(let text)):
      member(name, text)
      return nil
    case (_, .integer(let number)):
      member(name, number)
      return nil
    case (_, .real(let number)) where number.isFinite:
      // There is one zero in a database.
      member(name, number == 0 ? 0 : number)
      return nil
    case (_, .real(let number)):
      member(name) { $0.raw(number < 0 ? "-1e999" : "1e999") }
      return "\"\(name)\" is infinite; written as a number beyond the finite doubles"
    case (_, .blob(let bytes)):
      member(name, ASCII.hex(bytes))
      return "\"\(name)\" is a blob; written as hexadecimal text"
    }
  }
}

/// Indents JSON text without changing its tokens.
enum JSONLayout {
  /// The maximum indentation, in levels, so that the text cannot grow without bounds.
  private static let deepestIndentation = 40

  /// The text with a line for each member and element and two spaces per level, like
  /// `JSONWriter(style: .pretty)`.
  ///
  /// - Parameter compact: Valid JSON without white space between its tokens.
  /// - Returns: The same tokens with white space between them.
  /// - Complexity: O(n).
  static func pretty(_ compact: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(compact.count * 2)
    var depth = 0
    var index = 0
    func breakLine() {
      let indentation = min(depth, deepestIndentation)
      result.append(UInt8(ascii: "\n"))
      result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * 2))
    }
    while index < compact.count {
      let byte = compact[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        let end = endOfString(compact, from: index)
        result.append(contentsOf: compact[index - 1..<end])
        index = end
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        result.append(byte)
        // In ASCII a closing bracket or brace comes two after its opening.
        if index < compact.count, compact[index] == byte + 2 {
          result.append(byte + 2)
          index += 1
        } else {
          depth += 1
          breakLine()
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth = max(0, depth - 1)
        breakLine()
        result.append(byte)
      case UInt8(ascii: ","):
        result.append(byte)
        breakLine()
      case UInt8(ascii: ":"):
        result.append(byte)
        result.append(UInt8(ascii: " "))
      default:
        result.append(byte)
      }
    }
    return result
  }

  /// The position after the quote that ends a string.
  private static func endOfString(_ text: [UInt8], from start: Int) -> Int {
    var index = start
    while index < text.count, text[index] != UInt8(ascii: "\"") {
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index + 1, text.count)
  }
}
