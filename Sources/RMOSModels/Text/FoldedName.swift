extension [UInt8] {
  /// The name in lower case, without `_`, `-` and spaces, for lenient matching.
  package var foldedName: [UInt8] {
    var folded: [UInt8] = []
    for byte in self {
      switch byte {
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): continue
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): folded.append(byte | 0x20)
      default: folded.append(byte)
      }
    }
    return folded
  }
}
