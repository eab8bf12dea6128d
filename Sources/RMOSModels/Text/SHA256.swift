/// SHA-256 (FIPS 180-4), for telling whether source bytes changed.
///
/// Our own because neither the standard library nor SQLite offers one and Foundation stays out of
/// the inner modules.
public struct SHA256: Sendable {
  /// The 32 bytes of a digest.
  public struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// The eight words of the state, in order.
    package var words: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

    package static let zero = Digest(words: (0, 0, 0, 0, 0, 0, 0, 0))

    package init(
      words: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)
    ) { self.words = words }

    /// The 32 bytes, most significant first.
    public var bytes: [UInt8] {
      [words.0, words.1, words.2, words.3, words.4, words.5, words.6, words.7].flatMap {
        word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
      }
    }

    /// A digest from its 32 bytes; nil for another length.
    public init?(bytes: some Collection<UInt8>) {
      guard bytes.count == 32 else { return nil }
      var words: [UInt32] = []
      var word: UInt32 = 0
      for (index, byte) in bytes.enumerated() {
        word = word << 8 | UInt32(byte)
        if index % 4 == 3 { words.append(word) }
      }
      self.words = (
        words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]
      )
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String {
      let digits = Array("0123456789abcdef".utf8)
      return String(
        decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Compares all 32 bytes.
    public static func == (left: Digest, right: Digest) -> Bool {
      left.words.0 == right.words.0 && left.words.1 == right.words.1
        && left.words.2 == right.words.2 && left.words.3 == right.words.3
        && left.words.4 == right.words.4 && left.words.5 == right.words.5
        && left.words.6 == right.words.6 && left.words.7 == right.words.7
    }

    /// Hashes the first words; a digest is uniform.
    public func hash(into hasher: inout Hasher) {
      hasher.combine(words.0)
      hasher.combine(words.1)
    }
  }
}
