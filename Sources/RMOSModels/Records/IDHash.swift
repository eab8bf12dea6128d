import RMOSSystem

/// 128 bits of a hash of an id, with new seeds in each process.
///
/// Two ids have the same with a probability of 2⁻¹²⁸, and nobody outside of the process can tell
/// which.
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

  /// Hashes an id; `kind` keeps those of different kinds apart.
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

extension RecordBatch {
  /// Whether the ids of the entities in a range ascend by their bytes, so that no two are the same.
  package func idsAscend(in range: Range<Int>) -> Bool {
    unsafe arena.withUnsafeBufferPointer { arena in
      guard var last = range.first.map({ entries[$0].id }), !last.isEmpty else { return false }
      for index in range.dropFirst() {
        let id = entries[index].id
        guard
          unsafe UnsafeBufferPointer(rebasing: arena[last.range])
            .precedes(UnsafeBufferPointer(rebasing: arena[id.range]))
        else { return false }
        last = id
      }
      return true
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether the bytes come before others, as SQL compares them.
  package func precedes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe Memory.compare(self, other) < 0
  }
}
