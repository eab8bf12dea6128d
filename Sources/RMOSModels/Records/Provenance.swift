import RMOSSystem

/// The origin of a row: the run that wrote it, the file, the place in the file and a digest of the
/// bytes there.
public struct Provenance: Sendable, Hashable {
  /// The kind of entity.
  public var kind: EntityKind
  /// The entity's id.
  public var entityID: String
  /// The run that wrote the row.
  public var run: Int64
  /// The file's path relative to the source directory.
  public var path: String
  /// The entity's place among several in the file; `nil` if it is the only one.
  public var locator: Locator?
  /// The offset of the entity's first byte in the file.
  public var byteOffset: Int
  /// The number of bytes that it occupies in the file.
  public var byteLength: Int
  /// The SHA-256 digest of those bytes.
  public var sha256: Digest
  /// The members that the schema does not know, as one JSON object with the source's tokens; `nil`
  /// if there were none.
  public var unknownMembers: String?
  /// A digest of the row as the run wrote it; `nil` if the run kept none, as in version 1 of the
  /// ledger.
  public var rowDigest: RowDigest?

  /// Creates a provenance.
  public init(
    kind: EntityKind, entityID: String, run: Int64, path: String, locator: Locator?,
    byteOffset: Int, byteLength: Int, sha256: Digest, unknownMembers: String?,
    rowDigest: RowDigest? = nil
  ) {
    self.kind = kind
    self.entityID = entityID
    self.run = run
    self.path = path
    self.locator = locator
    self.byteOffset = byteOffset
    self.byteLength = byteLength
    self.sha256 = sha256
    self.unknownMembers = unknownMembers
    self.rowDigest = rowDigest
  }
}

extension Provenance {
  /// The offset in the file at which the entity ends; it saturates, because a ledger may contain
  /// any numbers.
  package var byteEnd: Int {
    let (end, overflows) = byteOffset.addingReportingOverflow(byteLength)
    return overflows ? .max : end
  }
}

extension Provenance {
  /// The 32 bytes of a SHA-256 digest.
  public struct Digest: Sendable, Hashable, CustomStringConvertible {
    // Eight bytes each, the first byte the most significant.
    private let first, second, third, fourth: UInt64

    /// 32 zero bytes, for an entity without a digest.
    public static let zero = Digest(words: (0, 0, 0, 0, 0, 0, 0, 0))

    /// Creates a digest from the eight words of the state, in order.
    init(
      words: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)
    ) {
      first = UInt64(words.0) << 32 | UInt64(words.1)
      second = UInt64(words.2) << 32 | UInt64(words.3)
      third = UInt64(words.4) << 32 | UInt64(words.5)
      fourth = UInt64(words.6) << 32 | UInt64(words.7)
    }

    /// Four words that hold the 32 bytes in memory order.
    package var bigEndian: (UInt64, UInt64, UInt64, UInt64) {
      (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { unsafe withUnsafeBytes(of: bigEndian) { unsafe Array($0) } }

    /// Creates a digest from its 32 bytes; `nil` for another number of bytes.
    public init?(bytes: [UInt8]) {
      guard bytes.count == 32 else { return nil }
      func word(at start: Int) -> UInt64 {
        bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
      }
      (first, second, third, fourth) = (word(at: 0), word(at: 8), word(at: 16), word(at: 24))
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String { ASCII.hex(bytes) }
  }
}

/// A digest of the values of a row, which shows whether the row has changed since.
///
/// It has 64 bits, is fast and is not cryptographic: it detects edits, not forgeries. Texts are
/// hashed by their bytes and numbers by their value: an integer and the double equal to it have the
/// same digest, because columns convert one into the other. The digest does not depend on the
/// machine.
public struct RowDigest: RawRepresentable, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt64

  /// Creates a digest from its stored bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Creates the digest of a record's values.
  ///
  /// - Complexity: O(n) in the bytes of the record.
  public init(of record: Record) {
    var hasher = RowHasher()
    for value in record.values {
      switch value {
      case .null: hasher.combineNull()
      case .integer(let number): hasher.combine(number)
      case .real(let number): hasher.combine(number)
      case .text(var text):
        text.withUTF8 { unsafe hasher.combine(text: UnsafeRawBufferPointer($0)) }
      case .blob(let bytes): unsafe bytes.withUnsafeBytes { unsafe hasher.combine(blob: $0) }
      }
    }
    rawValue = hasher.digest.rawValue
  }
}

/// Computes the ``RowDigest`` of values that are added in schema order.
///
/// Each step multiplies two 64-bit words and folds the product; the constants are the first hex
/// digits of π, whose bits follow no pattern. On rows of a few hundred bytes this is nine times as
/// fast as SHA-256: 0.14 µs instead of 1.3.
package struct RowHasher {
  private var state: UInt64 = 0x243F_6A88_85A3_08D3
  private static let seed: UInt64 = 0x1319_8A2E_0370_7345

  /// The constants that distinguish values of different types.
  private enum Tag: UInt64 {
    case null = 0xA409_3822_299F_31D1
    case integer = 0x082E_FA98_EC4E_6C89
    case real = 0x4528_21E6_38D0_1377
    case text = 0xBE54_66CF_34E9_0C6D
    case blob = 0xC0AC_29B7_C97C_50DD
  }

  /// Creates a hasher of no values.
  package init() {}

  /// The digest of the values so far.
  package var digest: RowDigest { RowDigest(rawValue: state) }

  /// Adds NULL.
  package mutating func combineNull() { mix(0, .null) }

  /// Adds an integer.
  package mutating func combine(_ number: Int64) { mix(UInt64(bitPattern: number), .integer) }

  /// Adds a double.
  package mutating func combine(_ number: Double) {
    if let whole = Int64(exactly: number) { combine(whole) } else { mix(number.bitPattern, .real) }
  }

  /// Adds UTF-8.
  package mutating func combine(text: UnsafeRawBufferPointer) { unsafe combine(text, .text) }

  /// Adds bytes.
  package mutating func combine(blob: UnsafeRawBufferPointer) { unsafe combine(blob, .blob) }

  @inline(__always)
  private mutating func mix(_ word: UInt64, _ tag: Tag) { mix(word, with: tag.rawValue) }

  @inline(__always)
  private mutating func mix(_ first: UInt64, with second: UInt64) {
    let product = (first ^ state).multipliedFullWidth(by: second ^ RowHasher.seed)
    state = product.high ^ product.low ^ second
  }

  private mutating func combine(_ bytes: UnsafeRawBufferPointer, _ tag: Tag) {
    func word(_ offset: Int) -> UInt64 {
      unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var offset = 0
    while bytes.count - offset >= 16 {
      mix(word(offset), with: word(offset + 8))
      offset += 16
    }
    if bytes.count - offset >= 8 {
      mix(word(offset), with: tag.rawValue)
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = unsafe rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    mix(rest, with: tag.rawValue)
    mix(UInt64(bytes.count), with: tag.rawValue)
  }
}
