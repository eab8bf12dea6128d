import RMOSModels

/// Names files after ids: readable, safe on any file system, and unique.
///
/// A plain id names its file as it is: lower-case ASCII letters, digits, `_`, `-` and `.`. Any
/// other gives a readable prefix and, after a `~`, which no plain id has, a digest of the whole id.
/// So a name depends on its id alone, and ids that differ only by case, by the composition of their
/// characters or beyond the longest name a file may have stay apart everywhere.
enum ExportFileName {
  /// The longest id, in bytes, that is plain.
  private static let longestPlain = 100
  /// The longest readable prefix, in bytes.
  private static let longestPrefix = 40
  /// The number of hexadecimal digits kept of the digest: 128 bits.
  private static let digestLength = 32

  /// The file name for an id, including its extension; ASCII, at most 105 bytes.
  static func name(for id: String) -> String {
    if isPlain(id) { return id + ".json" }
    let digest = SHA256.hash(Array(id.utf8)).description.prefix(digestLength)
    return "\(prefix(of: id))~\(digest).json"
  }

  private static func isPlain(_ id: String) -> Bool {
    guard 1...longestPlain ~= id.utf8.count, let first = id.utf8.first, let last = id.utf8.last,
      first != UInt8(ascii: "."), first != UInt8(ascii: "-"), last != UInt8(ascii: ".")
    else { return false }
    return id.utf8.allSatisfy { isLowerOrDigit($0) || "_-.".utf8.contains($0) } && !isReserved(id)
  }

  /// The id's letters and digits, with an underscore for each run of anything else.
  private static func prefix(of id: String) -> String {
    var prefix: [UInt8] = []
    for byte in id.utf8 {
      guard prefix.count < longestPrefix else { break }
      if isLetterOrDigit(byte) || byte == UInt8(ascii: "-") {
        prefix.append(byte)
      } else if prefix.last != UInt8(ascii: "_") {
        prefix.append(UInt8(ascii: "_"))
      }
    }
    if prefix.isEmpty || prefix[0] == UInt8(ascii: "-") { prefix.insert(UInt8(ascii: "_"), at: 0) }
    return String(decoding: prefix, as: UTF8.self)
  }

  /// Whether Windows reserves the name for a device, whatever the extension.
  private static func isReserved(_ id: String) -> Bool {
    let stem = String(decoding: id.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    if ["con", "prn", "aux", "nul"].contains(stem) { return true }
    let isNumbered = stem.hasPrefix("com") || stem.hasPrefix("lpt")
    return isNumbered && stem.utf8.count == 4 && stem.utf8.last.map { 0x30...0x39 ~= $0 } == true
  }

  private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
    0x61...0x7A ~= byte || 0x30...0x39 ~= byte
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isLowerOrDigit(byte) || 0x41...0x5A ~= byte
  }
}
