/// The markers that file managers and sync programs add to the name of a copy.
enum CopyMark {
  /// Returns the names of the files that a file may be a copy of.
  ///
  /// - Parameter name: The file's name, with its extension.
  /// - Returns: The names, the likeliest last; empty if the file's name has no marker.
  static func originals(of name: some BidirectionalCollection<UInt8>) -> [[UInt8]] {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return [] }
    let stem = name[..<dot]
    guard mayHaveMark(stem) else { return [] }
    let ending = name[dot...]
    var originals: [[UInt8]] = []
    var text = String(decoding: stem, as: UTF8.self)
    while let shorter = withoutMark(text), !shorter.isEmpty {
      originals.append(Array(shorter.utf8) + ending)
      text = shorter
    }
    return originals
  }

  /// Whether a name may have a marker; most names have none, and need no conversion to text.
  private static func mayHaveMark(_ stem: some Collection<UInt8>) -> Bool {
    var previous: (UInt8, UInt8) = (0, 0)
    for byte in stem {
      let byte = byte | 0x20
      // "con" of conflict, "cop" of copy, "kop" of Kopie.
      if previous.1 == UInt8(ascii: "o"),
        previous.0 == UInt8(ascii: "c") && (byte == UInt8(ascii: "n") || byte == UInt8(ascii: "p"))
          || previous.0 == UInt8(ascii: "k") && byte == UInt8(ascii: "p")
      {
        return true
      }
      previous = (previous.1, byte)
    }
    return previous.1 == UInt8(ascii: ")") || previous.1 == UInt8(ascii: "~")
  }

  /// Returns a name without its last marker; `nil` if it has none.
  private static func withoutMark(_ name: String) -> String? {
    let lower = name.lowercased()
    if name.hasSuffix("~") { return String(name.dropLast()) }
    if name.hasSuffix(")"), let open = name.lastIndex(of: "(") {
      let inside = name[open...].dropFirst().dropLast()
      let before = name[..<open]
      let plain = trimmed(before)
      if inside.lowercased().contains("conflict") { return plain }
      // "(copy)", "(copy 2)", "(another copy)", "(3rd copy)".
      if before.hasSuffix(" "), inside.split(separator: " ").contains(where: isCopy) {
        return plain
      }
      if before.hasSuffix(" "), !inside.isEmpty, inside.allSatisfy(\.isNumber) { return plain }
      if before.lowercased().hasSuffix("_conf") { return String(before.dropLast(5)) }
    }
    for word in copies {
      for mark in [" - \(word)", " \(word)"] where lower.hasSuffix(mark) {
        return String(name.dropLast(mark.count))
      }
    }
    for mark in ["copy of ", "kopie von ", "copie de ", "copia de ", "copia di ", "kopie van "]
    where lower.hasPrefix(mark) {
      return String(name.dropFirst(mark.count))
    }
    let numbered = lower.reversed().drop { $0.isNumber }
    if numbered.count < lower.count {
      for word in copies where numbered.starts(with: " \(word) ".reversed()) {
        return String(name.dropLast(lower.count - numbered.count + word.count + 2))
      }
    }
    for mark in [".sync-conflict-", "-conflict", "_conflict-"] {
      if let start = lastRange(of: mark, in: lower) { return String(name.prefix(start)) }
    }
    return nil
  }

  /// The words of file managers for a copy in English, German and Dutch, French, Italian and
  /// Spanish.
  private static let copies = ["copy", "kopie", "copie", "copia"]

  private static func isCopy(_ word: some StringProtocol) -> Bool {
    copies.contains(word.lowercased())
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.reversed().drop { $0 == " " }.reversed())
  }

  /// Returns the number of characters before the last occurrence of a text; `nil` if there is none.
  private static func lastRange(of part: String, in text: String) -> Int? {
    let (text, part) = (Array(text), Array(part))
    guard text.count >= part.count else { return nil }
    return (0...text.count - part.count).last { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}
