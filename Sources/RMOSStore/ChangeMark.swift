/// What tells the change tokens of one store from those of all others.
struct ChangeMark: Sendable {
  /// 16 hexadecimal digits.
  let text: String

  /// A mark of its own.
  init() {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    text = String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
