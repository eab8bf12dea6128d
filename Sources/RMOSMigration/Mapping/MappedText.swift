import RMOSModels
import RMOSSystem

/// The text that replaces an object once it is mapped: JSON of the shape that entities have, of
/// which each part knows where in the object it comes from.
struct MappedText {
  /// A part of the text.
  private struct Part {
    /// Where it begins in the text.
    let start: Int
    let length: Int
    /// Where what it was made of begins, counted from the object's first byte.
    let source: Int
    /// Whether it is the source's bytes, one for one.
    let isCopy: Bool
  }

  /// The text, without the padding that follows while it is read.
  private(set) var bytes: [UInt8] = []
  private var parts: [Part] = []

  /// How much there is of the text.
  var count: Int { bytes.count }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    parts.removeAll(keepingCapacity: true)
  }

  /// Takes back what was written since the text had `count` bytes.
  mutating func truncate(to count: Int) {
    bytes.removeSubrange(count...)
    while let last = parts.last, last.start >= count { parts.removeLast() }
  }

  mutating func append(_ text: some Collection<UInt8>) { bytes.append(contentsOf: text) }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(_ byte: UInt8, madeFrom source: Int) {
    append(CollectionOfOne(byte), madeFrom: source)
  }

  /// Writes what a value that begins at `source` was converted to.
  mutating func append(_ text: some Collection<UInt8>, madeFrom source: Int) {
    parts.append(Part(start: count, length: text.count, source: source, isCopy: false))
    bytes.append(contentsOf: text)
  }

  /// Copies a piece of the object.
  mutating func copy(_ range: Range<Int>, of object: UnsafePointer<UInt8>) {
    parts.append(
      Part(start: count, length: range.count, source: range.lowerBound, isCopy: true))
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: object + range.lowerBound, count: range.count))
  }

  /// Where in the object a place of the text comes from; its beginning if it has none.
  func source(of offset: Int) -> Int {
    let next = parts.partitioningIndex { $0.start > offset }
    guard next > 0 else { return 0 }
    let part = parts[next - 1]
    guard offset < part.start + max(part.length, 1) else { return 0 }
    return part.isCopy ? part.source + offset - part.start : part.source
  }

  /// Runs `body` with a scanner over the text.
  mutating func withScanner<Result>(
    _ containers: UnsafeMutablePointer<Bool>, _ body: (inout JSONScanner) -> Result
  ) -> Result {
    let count = count
    bytes.append(contentsOf: repeatElement(0, count: JSONScanner.padding))
    defer { bytes.removeLast(JSONScanner.padding) }
    return unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { preconditionFailure("there is padding") }
      var scanner = unsafe JSONScanner(base: base, count: count, containers: containers)
      return body(&scanner)
    }
  }
}
