/// SHA-256 (FIPS 180-4), which tells whether source bytes have changed.
///
/// Neither the standard library nor SQLite has one. Hash bytes at once with `hash(_:)`, or in
/// pieces:
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

  /// Creates a hash of no bytes.
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

  /// Ends the message: a 1 bit, zeros, the length in bits.
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
  /// The eight working words.
  typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

  /// The initial state: the first 32 fraction bits of the square roots of the first eight primes.
  static let initialState: Words = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )

  /// One of the 64 rounds; the caller rotates the names instead of the values.
  ///
  /// Sums of rotations are nested (6, 11 and 25 are 6, 6 + 5 and 6 + 5 + 14): fewer copies, a sixth
  /// fewer instructions.
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

  /// The next word of the message schedule, in place of the one sixteen before.
  @inline(__always)
  private static func extend(
    _ word: inout UInt32, _ after1: UInt32, _ after9: UInt32, _ after14: UInt32
  ) {
    let low = rotated(rotated(after1, 11) ^ after1, 7) ^ (after1 &>> 3)
    let high = rotated(rotated(after14, 2) ^ after14, 17) ^ (after14 &>> 10)
    word = word &+ low &+ after9 &+ high
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    (word &>> count) | (word &<< (32 &- count))
  }

  @inline(__always)
  private static func load(_ bytes: UnsafeRawPointer, _ index: Int) -> UInt32 {
    unsafe UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
  }

  /// Takes `count` blocks of 64 bytes into the state.
  ///
  /// Everything stays in locals: the rounds are written out, sixteen words of the schedule at a
  /// time, so that nothing is allocated, indexed or checked per block.
  static func compress(_ state: inout Words, _ bytes: UnsafeRawPointer, blocks count: Int) {
    var bytes = unsafe bytes
    for _ in 0..<count {
      var (a, b, c, d, e, f, g, h) = state
      var w0 = unsafe load(bytes, 0)
      var w1 = unsafe load(bytes, 1)
      var w2 = unsafe load(bytes, 2)
      var w3 = unsafe load(bytes, 3)
      var w4 = unsafe load(bytes, 4)
      var w5 = unsafe load(bytes, 5)
      var w6 = unsafe load(bytes, 6)
      var w7 = unsafe load(bytes, 7)
      var w8 = unsafe load(bytes, 8)
      var w9 = unsafe load(bytes, 9)
      var w10 = unsafe load(bytes, 10)
      var w11 = unsafe load(bytes, 11)
      var w12 = unsafe load(bytes, 12)
      var w13 = unsafe load(bytes, 13)
      var w14 = unsafe load(bytes, 14)
      var w15 = unsafe load(bytes, 15)
      round(a, b, c, &d, e, f, g, &h, 0x428a_2f98 &+ w0)
      round(h, a, b, &c, d, e, f, &g, 0x7137_4491 &+ w1)
      round(g, h, a, &b, c, d, e, &f, 0xb5c0_fbcf &+ w2)
      round(f, g, h, &a, b, c, d, &e, 0xe9b5_dba5 &+ w3)
      round(e, f, g, &h, a, b, c, &d, 0x3956_c25b &+ w4)
      round(d, e, f, &g, h, a, b, &c, 0x59f1_11f1 &+ w5)
      round(c, d, e, &f, g, h, a, &b, 0x923f_82a4 &+ w6)
      round(b, c, d, &e, f, g, h, &a, 0xab1c_5ed5 &+ w7)
      round(a, b, c, &d, e, f, g, &h, 0xd807_aa98 &+ w8)
      round(h, a, b, &c, d, e, f, &g, 0x1283_5b01 &+ w9)
      round(g, h, a, &b, c, d, e, &f, 0x2431_85be &+ w10)
      round(f, g, h, &a, b, c, d, &e, 0x550c_7dc3 &+ w11)
      round(e, f, g, &h, a, b, c, &d, 0x72be_5d74 &+ w12)
      round(d, e, f, &g, h, a, b, &c, 0x80de_b1fe &+ w13)
      round(c, d, e, &f, g, h, a, &b, 0x9bdc_06a7 &+ w14)
      round(b, c, d, &e, f, g, h, &a, 0xc19b_f174 &+ w15)

      extend(&w0, w1, w9, w14)
      round(a, b, c, &d, e, f, g, &h, 0xe49b_69c1 &+ w0)
      extend(&w1, w2, w10, w15)
      round(h, a, b, &c, d, e, f, &g, 0xefbe_4786 &+ w1)
      extend(&w2, w3, w11, w0)
      round(g, h, a, &b, c, d, e, &f, 0x0fc1_9dc6 &+ w2)
      extend(&w3, w4, w12, w1)
      round(f, g, h, &a, b, c, d, &e, 0x240c_a1cc &+ w3)
      extend(&w4, w5, w13, w2)
      round(e, f, g, &h, a, b, c, &d, 0x2de9_2c6f &+ w4)
      extend(&w5, w6, w14, w3)
      round(d, e, f, &g, h, a, b, &c, 0x4a74_84aa &+ w5)
      extend(&w6, w7, w15, w4)
      round(c, d, e, &f, g, h, a, &b, 0x5cb0_a9dc &+ w6)
      extend(&w7, w8, w0, w5)
      round(b, c, d, &e, f, g, h, &a, 0x76f9_88da &+ w7)
      extend(&w8, w9, w1, w6)
      round(a, b, c, &d, e, f, g, &h, 0x983e_5152 &+ w8)
      extend(&w9, w10, w2, w7)
      round(h, a, b, &c, d, e, f, &g, 0xa831_c66d &+ w9)
      extend(&w10, w11, w3, w8)
      round(g, h, a, &b, c, d, e, &f, 0xb003_27c8 &+ w10)
      extend(&w11, w12, w4, w9)
      round(f, g, h, &a, b, c, d, &e, 0xbf59_7fc7 &+ w11)
      extend(&w12, w13, w5, w10)
      round(e, f, g, &h, a, b, c, &d, 0xc6e0_0bf3 &+ w12)
      extend(&w13, w14, w6, w11)
      round(d, e, f, &g, h, a, b, &c, 0xd5a7_9147 &+ w13)
      extend(&w14, w15, w7, w12)
      round(c, d, e, &f, g, h, a, &b, 0x06ca_6351 &+ w14)
      extend(&w15, w0, w8, w13)
      round(b, c, d, &e, f, g, h, &a, 0x1429_2967 &+ w15)

      extend(&w0, w1, w9, w14)
      round(a, b, c, &d, e, f, g, &h, 0x27b7_0a85 &+ w0)
      extend(&w1, w2, w10, w15)
      round(h, a, b, &c, d, e, f, &g, 0x2e1b_2138 &+ w1)
      extend(&w2, w3, w11, w0)
      round(g, h, a, &b, c, d, e, &f, 0x4d2c_6dfc &+ w2)
      extend(&w3, w4, w12, w1)
      round(f, g, h, &a, b, c, d, &e, 0x5338_0d13 &+ w3)
      extend(&w4, w5, w13, w2)
      round(e, f, g, &h, a, b, c, &d, 0x650a_7354 &+ w4)
      extend(&w5, w6, w14, w3)
      round(d, e, f, &g, h, a, b, &c, 0x766a_0abb &+ w5)
      extend(&w6, w7, w15, w4)
      round(c, d, e, &f, g, h, a, &b, 0x81c2_c92e &+ w6)
      extend(&w7, w8, w0, w5)
      round(b, c, d, &e, f, g, h, &a, 0x9272_2c85 &+ w7)
      extend(&w8, w9, w1, w6)
      round(a, b, c, &d, e, f, g, &h, 0xa2bf_e8a1 &+ w8)
      extend(&w9, w10, w2, w7)
      round(h, a, b, &c, d, e, f, &g, 0xa81a_664b &+ w9)
      extend(&w10, w11, w3, w8)
      round(g, h, a, &b, c, d, e, &f, 0xc24b_8b70 &+ w10)
      extend(&w11, w12, w4, w9)
      round(f, g, h, &a, b, c, d, &e, 0xc76c_51a3 &+ w11)
      extend(&w12, w13, w5, w10)
      round(e, f, g, &h, a, b, c, &d, 0xd192_e819 &+ w12)
      extend(&w13, w14, w6, w11)
      round(d, e, f, &g, h, a, b, &c, 0xd699_0624 &+ w13)
      extend(&w14, w15, w7, w12)
      round(c, d, e, &f, g, h, a, &b, 0xf40e_3585 &+ w14)
      extend(&w15, w0, w8, w13)
      round(b, c, d, &e, f, g, h, &a, 0x106a_a070 &+ w15)

      extend(&w0, w1, w9, w14)
      round(a, b, c, &d, e, f, g, &h, 0x19a4_c116 &+ w0)
      extend(&w1, w2, w10, w15)
      round(h, a, b, &c, d, e, f, &g, 0x1e37_6c08 &+ w1)
      extend(&w2, w3, w11, w0)
      round(g, h, a, &b, c, d, e, &f, 0x2748_774c &+ w2)
      extend(&w3, w4, w12, w1)
      round(f, g, h, &a, b, c, d, &e, 0x34b0_bcb5 &+ w3)
      extend(&w4, w5, w13, w2)
      round(e, f, g, &h, a, b, c, &d, 0x391c_0cb3 &+ w4)
      extend(&w5, w6, w14, w3)
      round(d, e, f, &g, h, a, b, &c, 0x4ed8_aa4a &+ w5)
      extend(&w6, w7, w15, w4)
      round(c, d, e, &f, g, h, a, &b, 0x5b9c_ca4f &+ w6)
      extend(&w7, w8, w0, w5)
      round(b, c, d, &e, f, g, h, &a, 0x682e_6ff3 &+ w7)
      extend(&w8, w9, w1, w6)
      round(a, b, c, &d, e, f, g, &h, 0x748f_82ee &+ w8)
      extend(&w9, w10, w2, w7)
      round(h, a, b, &c, d, e, f, &g, 0x78a5_636f &+ w9)
      extend(&w10, w11, w3, w8)
      round(g, h, a, &b, c, d, e, &f, 0x84c8_7814 &+ w10)
      extend(&w11, w12, w4, w9)
      round(f, g, h, &a, b, c, d, &e, 0x8cc7_0208 &+ w11)
      extend(&w12, w13, w5, w10)
      round(e, f, g, &h, a, b, c, &d, 0x90be_fffa &+ w12)
      extend(&w13, w14, w6, w11)
      round(d, e, f, &g, h, a, b, &c, 0xa450_6ceb &+ w13)
      extend(&w14, w15, w7, w12)
      round(c, d, e, &f, g, h, a, &b, 0xbef9_a3f7 &+ w14)
      extend(&w15, w0, w8, w13)
      round(b, c, d, &e, f, g, h, &a, 0xc671_78f2 &+ w15)

      state.0 = state.0 &+ a
      state.1 = state.1 &+ b
      state.2 = state.2 &+ c
      state.3 = state.3 &+ d
      state.4 = state.4 &+ e
      state.5 = state.5 &+ f
      state.6 = state.6 &+ g
      state.7 = state.7 &+ h
      unsafe bytes += 64
    }
  }
}
