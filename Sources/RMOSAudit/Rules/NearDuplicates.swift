/// Finds ids that are the same but for case, white space and how characters are composed.
///
/// Keeps eight bytes an id; what those make suspicious is compared in full before it is reported.
struct NearDuplicates {
  private var hashes: [UInt64] = []

  /// How many suspicious ids are compared in one pass over all.
  private static let suspectsPerPass = 50_000

  /// Takes an id in.
  ///
  /// - Complexity: O(1) amortized in the ids.
  mutating func insert(_ id: String) { hashes.append(Self.hash(id)) }

  /// Calls `body` with an id and each further one that is the same after folding.
  ///
  /// - Parameters:
  ///   - ids: Calls its argument with every id that was taken in; called only where there are
  ///     suspects, once for every 50,000 of them.
  ///   - body: Takes the first id and a further one.
  /// - Throws: What `ids` throws.
  /// - Complexity: O(n log n) in the ids.
  mutating func forEachPair(
    ids: ((String) throws -> Void) throws -> Void, _ body: @escaping (String, String) -> Void
  ) throws {
    hashes.sort()
    var suspects: [UInt64] = []
    var previous: UInt64?
    for hash in hashes {
      if hash == previous, suspects.last != hash { suspects.append(hash) }
      previous = hash
    }
    hashes = []
    for start in stride(from: 0, to: suspects.count, by: Self.suspectsPerPass) {
      let chunk = Set(suspects[start..<min(start + Self.suspectsPerPass, suspects.count)])
      var firsts: [String: String] = [:]
      try ids { id in
        guard chunk.contains(Self.hash(id)) else { return }
        let folded = Self.folded(id)
        if let first = firsts[folded] {
          body(first, id)
        } else {
          firsts[folded] = id
        }
      }
    }
  }

  /// A hash of the folded id.
  private static func hash(_ id: String) -> UInt64 {
    var id = id
    let plain: UInt64? = id.withUTF8 { bytes in
      guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
      return hash(ofASCII: bytes)
    }
    if let plain { return plain }
    var text = folded(id)
    // Some letters beyond ASCII have their small form within.
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.withUTF8 { hash(ofASCII: $0) } }
    var hasher = Hasher()
    hasher.combine(text)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  private static func hash(ofASCII bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, bytes.count)) { buffer in
      var count = 0
      for byte in bytes where !(byte == 0x20 || 0x09...0x0D ~= byte) {
        let isCapital = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        buffer.initializeElement(at: count, to: isCapital ? byte | 0x20 : byte)
        count += 1
      }
      var hasher = Hasher()
      hasher.combine(
        bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
  }

  /// The id in small letters without white space; compared as a string, composed or not.
  private static func folded(_ id: String) -> String {
    var folded = ""
    for scalar in id.lowercased().unicodeScalars where !scalar.properties.isWhitespace {
      folded.unicodeScalars.append(scalar)
    }
    return folded
  }
}
