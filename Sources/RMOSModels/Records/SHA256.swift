import CSHA256

/// SHA-256 (FIPS 180-4), to detect whether source bytes have changed.
///
/// Neither the standard library nor SQLite implements it. Bytes are hashed at once with `hash(_:)`,
/// or in pieces:
///
/// ```swift
/// var hash = SHA256()
/// for piece in pieces { hash.update(piece) }
/// print(hash.finalize())
/// ```
package struct SHA256: Sendable {
  private var state = SHA256.initialState
  /// The bytes of an unfinished block.
  private var pending: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, 0, 0)
  private var pendingCount = 0
  private var byteCount: UInt64 = 0

  /// Creates a hash to which no bytes were added.
  package init() {}

  /// The digest of some bytes.
  ///
  /// - Complexity: O(n), without allocation.
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    unsafe hash.update(bytes)
    return hash.finalize()
  }

  /// The digest of some bytes.
  ///
  /// - Complexity: O(n).
  package static func hash(_ bytes: [UInt8]) -> Digest {
    unsafe bytes.withUnsafeBytes { unsafe hash($0) }
  }

  /// Adds bytes.
  ///
  /// - Complexity: O(n), without allocation.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var source = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
    var rest = bytes.count
    byteCount &+= UInt64(rest)
    if pendingCount > 0 {
      let taken = min(64 - pendingCount, rest)
      let offset = pendingCount
      unsafe withUnsafeMutableBytes(of: &pending) { block in
        unsafe UnsafeMutableRawBufferPointer(rebasing: block[offset...]).copyMemory(
          from: UnsafeRawBufferPointer(start: source, count: taken))
      }
      pendingCount += taken
      unsafe source += taken
      rest -= taken
      guard pendingCount == 64 else { return }
      compressPending()
    }
    unsafe SHA256.compress(&state, source, blocks: rest / 64)
    unsafe source += rest & ~63
    rest &= 63
    unsafe withUnsafeMutableBytes(of: &pending) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: rest))
    }
    pendingCount = rest
  }

  /// Adds bytes.
  ///
  /// - Complexity: O(n).
  package mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// The digest of the bytes so far; more can be added afterwards.
  package func finalize() -> Digest {
    var last = self
    last.pad()
    return Digest(words: last.state)
  }

  /// Ends the message with a 1 bit, zeros and the length in bits.
  private mutating func pad() {
    let used = pendingCount
    unsafe withUnsafeMutableBytes(of: &pending) { block in
      unsafe block[used] = 0x80
      for index in used + 1..<64 { unsafe block[index] = 0 }
    }
    if used >= 56 {
      compressPending()
      pending = (0, 0, 0, 0, 0, 0, 0, 0)
    }
    pending.7 = (byteCount &* 8).bigEndian
    compressPending()
  }

  private mutating func compressPending() {
    unsafe withUnsafeBytes(of: &pending) { block in
      guard let block = block.baseAddress else { return }
      unsafe SHA256.compress(&state, block, blocks: 1)
    }
    pendingCount = 0
  }

  package typealias Digest = Provenance.Digest
}

extension SHA256 {
  /// The eight words of the state.
  typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

  /// The initial state: the first 32 fraction bits of the square roots of the first eight primes.
  static let initialState: Words = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )

  /// Whether the processor has instructions for SHA-256.
  static let hasInstructions = rmos_sha256_has_instructions()

  /// Updates the state with `count` blocks of 64 bytes.
  static func compress(_ state: inout Words, _ bytes: UnsafeRawPointer, blocks count: Int) {
    guard hasInstructions else { return unsafe compute(&state, bytes, blocks: count) }
    unsafe withUnsafeMutableBytes(of: &state) { state in
      guard let words = state.baseAddress else { return }
      unsafe rmos_sha256_compress(
        words.assumingMemoryBound(to: UInt32.self), bytes.assumingMemoryBound(to: UInt8.self),
        count)
    }
  }

  /// Updates the state without the processor's instructions for SHA-256.
  ///
  /// The rounds are inlined and written out on local variables, so that nothing is allocated,
  /// indexed or checked per block.
  static func compute(_ state: inout Words, _ bytes: UnsafeRawPointer, blocks count: Int) {
    var bytes = unsafe bytes
    for _ in 0..<count {
      var schedule = unsafe Schedule(block: bytes)
      var words = state
      // The first 32 fraction bits of the cube roots of the first 64 primes.
      schedule.runRounds(
        on: &words, extending: false,
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5,
        0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3,
        0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174)
      schedule.runRounds(
        on: &words,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc,
        0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
        0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967)
      schedule.runRounds(
        on: &words,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13,
        0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3,
        0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070)
      schedule.runRounds(
        on: &words,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5,
        0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208,
        0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2)
      state.0 &+= words.0
      state.1 &+= words.1
      state.2 &+= words.2
      state.3 &+= words.3
      state.4 &+= words.4
      state.5 &+= words.5
      state.6 &+= words.6
      state.7 &+= words.7
      unsafe bytes += 64
    }
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    (word &>> count) | (word &<< (32 &- count))
  }
}

extension SHA256 {
  /// Sixteen words of the message schedule.
  private struct Schedule {
    private var w0, w1, w2, w3, w4, w5, w6, w7: UInt32
    private var w8, w9, w10, w11, w12, w13, w14, w15: UInt32

    /// Creates the first sixteen words, which are the block itself.
    @inline(__always)
    init(block: UnsafeRawPointer) {
      func word(_ index: Int) -> UInt32 {
        unsafe UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
      }
      (w0, w1, w2, w3) = (word(0), word(1), word(2), word(3))
      (w4, w5, w6, w7) = (word(4), word(5), word(6), word(7))
      (w8, w9, w10, w11) = (word(8), word(9), word(10), word(11))
      (w12, w13, w14, w15) = (word(12), word(13), word(14), word(15))
    }

    /// Runs sixteen rounds, one for each word and constant.
    ///
    /// The names of the variables rotate instead of the values, and are back in place after eight
    /// rounds. If `extends`, each word is replaced by the one sixteen after it right before its
    /// round, which is faster than extending the whole schedule first.
    @inline(__always)
    mutating func runRounds(
      on words: inout Words, extending extends: Bool = true,
      _ k0: UInt32, _ k1: UInt32, _ k2: UInt32, _ k3: UInt32,
      _ k4: UInt32, _ k5: UInt32, _ k6: UInt32, _ k7: UInt32,
      _ k8: UInt32, _ k9: UInt32, _ k10: UInt32, _ k11: UInt32,
      _ k12: UInt32, _ k13: UInt32, _ k14: UInt32, _ k15: UInt32
    ) {
      func next(
        _ word: inout UInt32, _ after1: UInt32, _ after9: UInt32, _ after14: UInt32
      ) -> UInt32 {
        if extends { SHA256.extend(&word, after1, after9, after14) }
        return word
      }
      var (a, b, c, d, e, f, g, h) = words
      SHA256.round(a, b, c, &d, e, f, g, &h, k0 &+ next(&w0, w1, w9, w14))
      SHA256.round(h, a, b, &c, d, e, f, &g, k1 &+ next(&w1, w2, w10, w15))
      SHA256.round(g, h, a, &b, c, d, e, &f, k2 &+ next(&w2, w3, w11, w0))
      SHA256.round(f, g, h, &a, b, c, d, &e, k3 &+ next(&w3, w4, w12, w1))
      SHA256.round(e, f, g, &h, a, b, c, &d, k4 &+ next(&w4, w5, w13, w2))
      SHA256.round(d, e, f, &g, h, a, b, &c, k5 &+ next(&w5, w6, w14, w3))
      SHA256.round(c, d, e, &f, g, h, a, &b, k6 &+ next(&w6, w7, w15, w4))
      SHA256.round(b, c, d, &e, f, g, h, &a, k7 &+ next(&w7, w8, w0, w5))
      SHA256.round(a, b, c, &d, e, f, g, &h, k8 &+ next(&w8, w9, w1, w6))
      SHA256.round(h, a, b, &c, d, e, f, &g, k9 &+ next(&w9, w10, w2, w7))
      SHA256.round(g, h, a, &b, c, d, e, &f, k10 &+ next(&w10, w11, w3, w8))
      SHA256.round(f, g, h, &a, b, c, d, &e, k11 &+ next(&w11, w12, w4, w9))
      SHA256.round(e, f, g, &h, a, b, c, &d, k12 &+ next(&w12, w13, w5, w10))
      SHA256.round(d, e, f, &g, h, a, b, &c, k13 &+ next(&w13, w14, w6, w11))
      SHA256.round(c, d, e, &f, g, h, a, &b, k14 &+ next(&w14, w15, w7, w12))
      SHA256.round(b, c, d, &e, f, g, h, &a, k15 &+ next(&w15, w0, w8, w13))
      words = (a, b, c, d, e, f, g, h)
    }
  }

  /// One of the 64 rounds.
  ///
  /// Rotations are nested (6, 11 and 25 are 6, 6 + 5 and 6 + 5 + 14), which saves copies and a
  /// sixth of the instructions.
  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
    _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ input: UInt32
  ) {
    let choice = g ^ (e & (f ^ g))
    let majority = ((a ^ b) & (b ^ c)) ^ b
    let first = h &+ rotated(rotated(rotated(e, 14) ^ e, 5) ^ e, 6) &+ choice &+ input
    d = d &+ first
    h = first &+ rotated(rotated(rotated(a, 9) ^ a, 11) ^ a, 2) &+ majority
  }

  /// Replaces a word of the message schedule by the one sixteen after it.
  @inline(__always)
  private static func extend(
    _ word: inout UInt32, _ after1: UInt32, _ after9: UInt32, _ after14: UInt32
  ) {
    let low = rotated(rotated(after1, 11) ^ after1, 7) ^ (after1 &>> 3)
    let high = rotated(rotated(after14, 2) ^ after14, 17) ^ (after14 &>> 10)
    word = word &+ low &+ after9 &+ high
  }
}
