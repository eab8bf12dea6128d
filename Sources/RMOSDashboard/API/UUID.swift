/// A UUID of version 4: 122 random bits (RFC 9562, 5.4).
struct UUID: Sendable {
  private let bits: (high: UInt64, low: UInt64)

  /// Creates a random UUID.
  init() {
    var generator = SystemRandomNumberGenerator()
    self.init(random: generator.next(), generator.next())
  }

  /// Creates a UUID from random bits, some of which are replaced by the version and the variant.
  init(random high: UInt64, _ low: UInt64) {
    bits = (high & ~0xF000 | 0x4000, low & ~(3 << 62) | 2 << 62)
  }

  /// The text, in lower case: `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`.
  var text: String {
    let digits = [bits.high, bits.low].map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(digit)
    }
    return text
  }
}
