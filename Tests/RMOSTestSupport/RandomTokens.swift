/// Random JSON as tokens, so that a test knows its text with any white space and without.
struct RandomTokens {
  private static let pieces = [
    "a", "Z", "7", " ", "é", "e\u{301}", "黒檀", "🎸", "\"", "\\", "/", "\n", "\r\n", "\t", "\u{0}",
    "\u{1F}", "\u{7F}", "\u{2028}", "\u{FEFF}", "<b>", "';--", "{", "]", ",", ":", "null",
  ]
  private static let shortEscapes: [Unicode.Scalar: String] = [
    "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t",
  ]

  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// A string, which the tests can compare with what was read, and a token that spells it.
  mutating func text(_ prefix: String = "") -> (value: String, token: String) {
    var value = prefix
    for _ in 0..<random.int(0...5) { value += random.pick(RandomTokens.pieces) }
    if random.chance(1) { value += String(repeating: "long ", count: 400) }
    return (value, quoted(value))
  }

  /// A token that spells `value`, with escapes where they must be and where they may.
  mutating func quoted(_ value: String) -> String {
    var token = "\""
    let escapesALot = random.chance(20)
    for scalar in value.unicodeScalars {
      let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      guard mustEscape || escapesALot && random.chance(40) else {
        token.unicodeScalars.append(scalar)
        continue
      }
      if let escape = RandomTokens.shortEscapes[scalar], random.chance(60) {
        token += escape
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16, uppercase: random.chance(50))
        token += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return token + "\""
  }

  /// A number in any spelling, of any size.
  mutating func number() -> String {
    if random.chance(50) { return String(random.int(-1_000...1_000)) }
    return random.pick([
      "0", "-0", "0.0", "-0.0", "1.0", "1.50", "1E+2", "1e-07", "7.699999999999999", "1e400",
      "-1e400",
      "1e-400", "123456789012345678901234567890", "9223372036854775807", "9223372036854775808",
      "-9223372036854775809", "0.1000000000000000055511151231257827", "1e999999999999999999999",
      "4.9e-324", "1.7976931348623157e308",
    ])
  }

  /// A value as its tokens.
  mutating func value(depth: Int = 3) -> [String] {
    switch random.int(0...(depth > 0 ? 9 : 5)) {
    case 0: return [random.pick(["null", "true", "false"])]
    case 1, 2: return [number()]
    case 3...5: return [text().token]
    case 6, 7: return array(count: random.int(0...4), depth: depth - 1)
    default: return object(count: random.int(0...4), depth: depth - 1)
    }
  }

  /// An array as its tokens.
  mutating func array(count: Int, depth: Int = 2) -> [String] {
    list("[", "]", (0..<count).map { _ in value(depth: depth) })
  }

  /// An object as its tokens; a name may occur twice.
  mutating func object(count: Int, depth: Int = 2) -> [String] {
    var members: [[String]] = []
    for number in 0..<count {
      let name = random.chance(10) ? "twice" : text("m\(number)").value
      members.append([quoted(name), ":"] + value(depth: depth))
    }
    return list("{", "}", members)
  }

  /// Containers in each other.
  mutating func nested(depth: Int) -> [String] {
    let isArray = random.chance(50)
    let open = isArray ? ["["] : ["{", "\"a\"", ":"]
    return Array(repeating: open, count: depth).flatMap { $0 } + ["1"]
      + Array(repeating: isArray ? "]" : "}", count: depth)
  }

  /// Items between brackets, with commas.
  func list(_ open: String, _ close: String, _ items: [[String]]) -> [String] {
    [open] + items.enumerated().flatMap { ($0.offset == 0 ? [] : [","]) + $0.element } + [close]
  }

  /// The text of tokens with white space between them; without line breaks if it `isOneLine`.
  mutating func spaced(_ tokens: [String], isOneLine: Bool = false) -> String {
    let style = random.int(0...3)
    if style == 0 { return tokens.joined() }
    var spaces = isOneLine ? [" ", "", "\t"] : [" ", "", "\n", "\r\n", "\t", "\n      "]
    if style == 1 { spaces = [" "] }
    return tokens.map { $0 + random.pick(spaces) }.joined()
  }
}
