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

  /// Appends a step to a member or element to a pointer in UTF-8.
  package static func append(_ step: some Sequence<UInt8>, to pointer: inout [UInt8]) {
    pointer.append(UInt8(ascii: "/"))
    for byte in step {
      switch byte {
      case UInt8(ascii: "~"): pointer.append(contentsOf: [UInt8(ascii: "~"), UInt8(ascii: "0")])
      case UInt8(ascii: "/"): pointer.append(contentsOf: [UInt8(ascii: "~"), UInt8(ascii: "1")])
      default: pointer.append(byte)
      }
    }
  }
}
