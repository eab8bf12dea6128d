/// JSON Pointer (RFC 6901).
package enum JSONPointer {
  /// The pointer to a member at the top.
  package static func to(_ member: String) -> String {
    // By scalars: a combining mark must not hide what it stands after.
    "/"
      + member.unicodeScalars.reduce(into: "") { text, scalar in
        switch scalar {
        case "~": text += "~0"
        case "/": text += "~1"
        default: text.unicodeScalars.append(scalar)
        }
      }
  }
}
