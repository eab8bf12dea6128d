/// JSON Pointer (RFC 6901).
package enum JSONPointer {
  /// The pointer to a member at the top.
  package static func to(_ member: String) -> String {
    "/"
      + member.reduce(into: "") { text, character in
        switch character {
        case "~": text += "~0"
        case "/": text += "~1"
        default: text.append(character)
        }
      }
  }
}
