import RMOSTestSupport

@testable import RMOSModels

extension JSONValue {
  /// Returns a random value with unusual names, strings and numbers.
  static func random(_ random: inout SeededGenerator, depth: Int = 4) -> JSONValue {
    switch random.int(0...(depth > 0 ? 8 : 5)) {
    case 0: return .null
    case 1: return .bool(random.chance(50))
    case 2, 3: return .number(JSONNumber(unchecked: numberText(&random)))
    case 4, 5: return .string(text(&random))
    case 6:
      return .array((0..<random.int(0...4)).map { _ in .random(&random, depth: depth - 1) })
    default:
      return .object(
        (0..<random.int(0...4)).map { _ in
          Member(name: text(&random), value: .random(&random, depth: depth - 1))
        })
    }
  }

  static func text(_ random: inout SeededGenerator) -> String {
    let pieces = [
      "a", "b", "é", "e\u{301}", "🎸", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{2028}", " ",
      "id", "\u{7F}", "<", "{", "]",
    ]
    return (0..<random.int(0...3)).map { _ in random.pick(pieces) }.joined()
  }

  static func numberText(_ random: inout SeededGenerator) -> String {
    random.pick([
      "0", "-0", "1", "1.0", "10e-1", "-12.5", "1E+2", "1e400", "1e-400", "0.1", "100",
      "123456789012345678901234567890", "9223372036854775807", "2.50",
    ])
  }

  /// Returns the same data with other white space, escapes, order of members and numbers.
  func respelled(_ random: inout SeededGenerator) -> String {
    func space() -> String { random.pick(["", "", " ", "\n\t", "\r\n  "]) }
    switch self {
    case .null, .bool: return text
    case .number(let number):
      guard let index = number.text.firstIndex(where: { "eE".contains($0) }) else {
        let plain = number.text.contains(".") ? number.text + "00" : number.text + ".0"
        return random.pick([number.text, plain, plain + "e0", plain + "E-00"])
      }
      return number.text[..<index].contains(".")
        ? number.text : number.text[..<index] + ".0" + number.text[index...]
    case .string(let string):
      return JSONValue.respelled(string, &random)
    case .array(let elements):
      let parts = elements.map { space() + $0.respelled(&random) + space() }
      return "[" + parts.joined(separator: ",") + (parts.isEmpty ? space() : "") + "]"
    case .object(let members):
      // Members with equal names keep their order.
      let order = members.shuffled(using: &random)
      var rest = Dictionary(grouping: members) { Array($0.name.utf8) }
      let parts = order.map { member in
        let next = rest[Array(member.name.utf8)]?.removeFirst() ?? member
        return space() + JSONValue.respelled(next.name, &random) + space() + ":" + space()
          + next.value.respelled(&random) + space()
      }
      return "{" + parts.joined(separator: ",") + (parts.isEmpty ? space() : "") + "}"
    }
  }

  private static func respelled(_ string: String, _ random: inout SeededGenerator) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      if scalar.value < 0x20 || "\"\\".unicodeScalars.contains(scalar) || random.chance(40) {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16, uppercase: random.chance(50))
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
