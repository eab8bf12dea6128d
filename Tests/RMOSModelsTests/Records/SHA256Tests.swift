import Testing

@testable import RMOSModels

@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func theVectorsOfTheStandardHold(text: String, digest: String) {
    #expect(SHA256.hash(Array(text.utf8)).description == digest)
  }

  @Test func aMillionLettersHashRight() {
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      SHA256.hash(letters).description
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// The expected value, from `sha256sum`, is the digest of the digests of 0, 1, … 200 bytes.
  @Test func everyLengthAroundTheBlocksHashesRight() {
    var all = SHA256()
    for length in 0...200 {
      all.update(SHA256.hash((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }).bytes)
    }
    #expect(
      all.finalize().description
        == "c43614ca86d050b81500ab839e2b7e83381ef396e722c27d3e537ab57268e893")
  }

  @Test func piecesOfAnySizeGiveTheSameDigest() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = SHA256.hash(bytes)
    for size in [1, 3, 55, 63, 64, 65, 127, 128, 129, 299] {
      var hash = SHA256()
      var start = 0
      while start < bytes.count {
        hash.update(Array(bytes[start..<min(start + size, bytes.count)]))
        start += size
      }
      #expect(hash.finalize() == whole, "pieces of \(size)")
    }
  }

  /// On processors without the instructions both functions are the same.
  @Test func itIsTheSameWithAndWithoutInstructions() {
    var generator = SystemRandomNumberGenerator()
    for count in [1, 2, 3, 17] {
      let bytes = (0..<count * 64).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      var (state, expected) = (SHA256.initialState, SHA256.initialState)
      bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        SHA256.compress(&state, start, blocks: count)
        SHA256.compute(&expected, start, blocks: count)
      }
      let words = { (w: SHA256.Words) in [w.0, w.1, w.2, w.3, w.4, w.5, w.6, w.7] }
      #expect(words(state) == words(expected))
    }
  }

  @Test func finalizingLeavesTheHashOpen() {
    var hash = SHA256()
    hash.update(Array("ab".utf8))
    #expect(hash.finalize() == SHA256.hash(Array("ab".utf8)))
    hash.update([])
    hash.update(Array("c".utf8))
    #expect(hash.finalize() == SHA256.hash(Array("abc".utf8)))
  }

  @Test func aDigestComesBackFromItsBytes() throws {
    let digest = SHA256.hash([1, 2, 3])
    #expect(SHA256.Digest(bytes: digest.bytes) == digest)
    #expect(SHA256.Digest(bytes: Array(digest.bytes.dropLast())) == nil)
    #expect(digest != .zero && SHA256.Digest.zero.description == String(repeating: "0", count: 64))
  }
}
