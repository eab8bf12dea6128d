import RMOSSystem

/// A host, with its port where one is named.
struct Authority: Hashable {
  /// In lower case; an IPv6 address without its brackets, in its canonical text.
  var host: String
  var port: Int?
  /// Whether the host is an IP address.
  var isAddress: Bool

  /// Takes `host[:port]` apart; nil where it is none.
  init?(_ text: Substring) {
    var bytes = text.utf8
    if bytes.first == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]")),
        let address = SocketAddress.canonicalIPv6(
          String(decoding: bytes[bytes.index(after: bytes.startIndex)..<end], as: UTF8.self))
      else { return nil }
      host = address
      isAddress = true
      bytes = bytes[bytes.index(after: end)...]
    } else {
      let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
      var name = bytes[..<end]
      bytes = bytes[end...]
      // A name may end in the dot of the root.
      if name.last == UInt8(ascii: ".") { name = name.dropLast() }
      guard !name.isEmpty, name.count <= 253, name.allSatisfy(Authority.isNameByte) else {
        return nil
      }
      host = String(decoding: name.map(\.lowercasedASCII), as: UTF8.self)
      isAddress = SocketAddress.isIPv4(host)
    }
    guard let colon = bytes.first else { return }
    let digits = bytes.dropFirst()
    guard colon == UInt8(ascii: ":"), digits.count <= 5,
      digits.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    // "host:" means the port of the scheme.
    guard !digits.isEmpty else { return }
    guard let number = Int(String(decoding: digits, as: UTF8.self)), number <= 65_535 else {
      return nil
    }
    port = number
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte.isASCIILetter || byte.isASCIIDigit || "-._".utf8.contains(byte)
  }
}
