/// A 128-bit hash of an id, with random seeds in each process.
///
/// Two ids have the same hash with a probability of about 2⁻¹²⁸, and since the seeds are random, a
/// source cannot be made to contain such ids.
package struct IDHash: Sendable, Hashable {
  package let first: UInt64
  package let second: UInt64

  private struct Seeds {
    let first = UInt64.random(in: 0 ... .max)
    let second = UInt64.random(in: 0 ... .max)
    let firstFactor = UInt64.random(in: 0 ... .max) | 1
    let secondFactor = UInt64.random(in: 0 ... .max) | 1
  }

  private static let seeds = Seeds()

  /// Creates the hash of an id; the same id has different hashes for different values of `kind`.
  package init(_ id: Span<UInt8>, kind: Int = 0) {
    let seeds = Self.seeds
    var (first, second) = (seeds.first, seeds.second)
    func mix(_ word: UInt64) {
      first = Self.product(first ^ word, seeds.firstFactor)
      second = Self.product(second ^ word, seeds.secondFactor)
    }
    // The length is mixed in, because the last bytes are padded.
    mix(UInt64(truncatingIfNeeded: id.count) << 8 | UInt64(truncatingIfNeeded: kind))
    unsafe id.withUnsafeBytes { bytes in
      var offset = 0
      while bytes.count - offset >= 8 {
        unsafe mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
      }
      var rest: UInt64 = 0
      while offset < bytes.count {
        rest = unsafe rest << 8 | UInt64(bytes[offset])
        offset += 1
      }
      mix(rest)
    }
    // A last round makes all bits depend on the bits of the last word.
    mix(seeds.first)
    (self.first, self.second) = (first, second)
  }

  @inline(__always)
  private static func product(_ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }
}
