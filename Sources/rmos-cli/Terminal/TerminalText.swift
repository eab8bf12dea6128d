import RMOSModels

/// Text from files on its way to a terminal.
typealias TerminalText = PlainText

extension PlainText {
  /// A word as a POSIX shell takes it, quoted where it must be, safe to show.
  static func shellWord(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=:,+@%".utf8.contains(byte) || byte >= 0x80
      }
    }
    if plain, !word.isEmpty { return escaped(word) }
    var quoted = "'"
    for character in word.unicodeScalars {
      if character == "'" { quoted += "'\\''" } else { quoted.unicodeScalars.append(character) }
    }
    return escaped(quoted + "'")
  }
}
