import RMOSModels
import RMOSSystem

/// The JSON text that an object is mapped to, and the places in the object from which it comes.
struct MappedText {
  /// A part of the text that comes from a place in the object.
  private struct Part {
    /// The offset of the part in the text.
    let start: Int
    let length: Int
    /// The offset in the object of the value that the part comes from.
    let source: Int
    /// Whether the part is a copy of bytes of the object.
    let isCopy: Bool
  }

  /// An end of the text to which it can be rolled back.
  struct Mark {
    fileprivate let count: Int
    fileprivate let isAtFirstItem: Bool
  }

  private(set) var bytes: [UInt8] = []
  /// The parts, in the order of the text.
  private var parts: [Part] = []
  /// Whether the innermost container that was begun has no member or element yet.
  private(set) var isAtFirstItem = true

  /// The number of bytes.
  private var count: Int { bytes.count }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    parts.removeAll(keepingCapacity: true)
  }

  /// The end of the text.
  var mark: Mark { Mark(count: count, isAtFirstItem: isAtFirstItem) }

  /// Removes the text after `mark`.
  mutating func rollBack(to mark: Mark) {
    bytes.removeSubrange(mark.count...)
    while let last = parts.last, last.start >= mark.count { parts.removeLast() }
    isAtFirstItem = mark.isAtFirstItem
  }

  /// Begins a container with its opening bracket.
  mutating func begin(_ bracket: UInt8) {
    append(bracket)
    isAtFirstItem = true
  }

  /// Begins a member or element of the container.
  mutating func beginItem() {
    if !isAtFirstItem { append(UInt8(ascii: ",")) }
    isAtFirstItem = false
  }

  /// Ends a container with its closing bracket.
  mutating func end(_ bracket: UInt8) {
    append(bracket)
    isAtFirstItem = false
  }

  mutating func append(_ text: some Collection<UInt8>) { bytes.append(contentsOf: text) }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(_ byte: UInt8, madeFrom source: Int) {
    append(CollectionOfOne(byte), madeFrom: source)
  }

  /// Appends the result of a conversion of the value at an offset of the object.
  mutating func append(_ text: some Collection<UInt8>, madeFrom source: Int) {
    parts.append(Part(start: count, length: text.count, source: source, isCopy: false))
    bytes.append(contentsOf: text)
  }

  /// Appends a copy of bytes of the object.
  mutating func copy(_ range: Range<Int>, of object: UnsafePointer<UInt8>) {
    parts.append(
      Part(start: count, length: range.count, source: range.lowerBound, isCopy: true))
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: object + range.lowerBound, count: range.count))
  }

  /// Returns the offset in the object from which an offset of the text comes; 0 if it comes from
  /// none.
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
      guard let base = bytes.baseAddress else { preconditionFailure("the text has padding") }
      var scanner = unsafe JSONScanner(base: base, count: count, containers: containers)
      return body(&scanner)
    }
  }
}
