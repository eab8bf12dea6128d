import RMOSModels

extension PlainText {
  /// Returns the path of a file in a directory, or of the directory itself, as editors can open it.
  static func path(_ path: String?, in directory: String) -> String {
    var place = directory
    while place.count > 1, place.last == "/" { place.removeLast() }
    guard let path else { return place }
    return place + (place == "/" ? "" : "/") + path
  }

  /// Returns a word for a POSIX shell, quoted if necessary, and safe to show.
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
