import RMOSSystem

/// SHA-256 (FIPS 180-4), for telling whether source bytes changed.
///
/// Our own because neither the standard library nor SQLite offers one and Foundation stays out of
/// the inner modules. All at once with `hash(_:)`, or in pieces:
///
/// ```swift
/// var hash = SHA256()
/// for piece in pieces { hash.update(piece) }
/// print(hash.finalize())
/// ```
public struct SHA256: Sendable {
  private var state = SHA256.initialState
  /// The bytes of an unfinished block.
  private var pending: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, 0, 0)
  private var pendingCount = 0
  private var byteCount: UInt64 = 0

  /// A hash of nothing yet.
  public init() {}

  /// The digest of some bytes.
  ///
  /// - Complexity: O(n), without allocation.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }

  /// The digest of some bytes.
  ///
  /// - Complexity: O(n).
  public static func hash(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { hash($0) }
  }

  /// Takes in more bytes.
  ///
  /// - Complexity: O(n), without allocation.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var source = bytes.baseAddress, !bytes.isEmpty else { return }
    var rest = bytes.count
    byteCount &+= UInt64(rest)
    if pendingCount > 0 {
      let taken = min(64 - pendingCount, rest)
      let offset = pendingCount
      withUnsafeMutableBytes(of: &pending) { block in
        UnsafeMutableRawBufferPointer(rebasing: block[offset...]).copyMemory(
          from: UnsafeRawBufferPointer(start: source, count: taken))
      }
      pendingCount += taken
      source += taken
      rest -= taken
      guard pendingCount == 64 else { return }
      compressPending()
    }
    SHA256.compress(&state, source, blocks: rest / 64)
    source += rest & ~63
    rest &= 63
    withUnsafeMutableBytes(of: &pending) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: rest))
    }
    pendingCount = rest
  }

  /// Takes in more bytes.
  ///
  /// - Complexity: O(n).
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest of all bytes taken in; more can still follow.
  public func finalize() -> Digest {
    var last = self
    last.pad()
    return Digest(words: last.state)
  }

  /// Ends the message: a 1 bit, zeros, the length in bits.
  private mutating func pad() {
    let used = pendingCount
    withUnsafeMutableBytes(of: &pending) { block in
      block[used] = 0x80
      for index in used + 1..<64 { block[index] = 0 }
    }
    if used >= 56 {
      compressPending()
      pending = (0, 0, 0, 0, 0, 0, 0, 0)
    }
    pending.7 = (byteCount &* 8).bigEndian
    compressPending()
  }

  private mutating func compressPending() {
    withUnsafeBytes(of: &pending) { block in
      guard let block = block.baseAddress else { return }
      SHA256.compress(&state, block, blocks: 1)
    }
    pendingCount = 0
  }

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
    public var description: String { ASCII.hex(bytes) }

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
