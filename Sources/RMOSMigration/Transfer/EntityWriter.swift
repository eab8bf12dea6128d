import RMOSModels
import RMOSStore
import RMOSSystem

/// Writes entities as compact JSON texts that a migration reads, one after the other.
///
/// A value is copied from the store into the text and checked there, because nearly all values can
/// be written as they are. Only the others are converted through a `String`.
struct EntityWriter: ~Copyable {
  /// A value that the text cannot represent exactly: the member, and what was written.
  typealias Remark = (member: String?, text: String)

  /// A field with the parts of its text that are needed for each entity.
  private struct Member {
    let name: String
    /// The name as it is written, with the colon.
    let prefix: [UInt8]
    let isJSON: Bool

    init(_ field: FieldSchema) {
      name = field.member
      prefix = EntityWriter.text { $0.string(field.member) } + [UInt8(ascii: ":")]
      isJSON = if case .json = field.type { true } else { false }
    }
  }

  private var members: [Member]
  private var buffer = TextBuffer()

  init(_ kind: EntityKind) { members = kind.schema.fields.map(Member.init) }

  /// Continues with entities of another kind, in the same memory.
  mutating func begin(_ kind: EntityKind) { members = kind.schema.fields.map(Member.init) }

  /// The number of bytes written.
  var byteCount: Int { buffer.count }

  /// The texts written so far.
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(buffer.bytes)
  }

  /// Clears the texts and keeps the memory.
  mutating func removeAll() { buffer.truncate(to: 0) }

  /// Appends a byte between the texts.
  mutating func append(_ byte: UInt8) { buffer.append(byte) }

  /// Appends an entity: the members in schema order, then the unknown ones in their order.
  ///
  /// A column that is NULL gives no member.
  ///
  /// - Returns: What the text cannot represent exactly.
  mutating func append(_ entity: borrowing StoredEntity) -> [Remark] {
    var remarks: [Remark] = []
    buffer.append(UInt8(ascii: "{"))
    let start = buffer.count
    for position in members.indices {
      switch entity.values[position] {
      case .null: continue
      case .text(let text):
        let before = buffer.count
        beginMember(position, start)
        if unsafe members[position].isJSON ? appendJSON(text) : appendString(text) { continue }
        buffer.truncate(to: before)
        let name = members[position].name
        let repaired = unsafe Self.repaired(text, "\"\(name)\"", name, &remarks)
        append(unusual: repaired, position, start, &remarks)
      case .integer(let number):
        beginMember(position, start)
        buffer.append(number)
      case .real(let number):
        beginMember(position, start)
        append(number, position, &remarks)
      case .blob(let bytes):
        beginMember(position, start)
        unsafe buffer.append("\"\(ASCII.hex(bytes))\"".utf8)
        let name = members[position].name
        remarks.append((name, "\"\(name)\" is a blob; written as hexadecimal text"))
      }
    }
    if let members = unsafe entity.unknownMembers {
      unsafe append(unknown: members, start, &remarks)
    }
    buffer.append(UInt8(ascii: "}"))
    return remarks
  }

  private mutating func beginMember(_ position: Int, _ start: Int) {
    if buffer.count > start { buffer.append(UInt8(ascii: ",")) }
    unsafe members[position].prefix.withUnsafeBufferPointer { unsafe buffer.append($0) }
  }

  // MARK: Values that are copied

  /// Appends a text as a string; returns whether it could be copied.
  private mutating func appendString(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = buffer.count
    buffer.append(UInt8(ascii: "\""))
    unsafe buffer.append(text)
    buffer.append(UInt8(ascii: "\""))
    // A text that the scanner reads as one string without escapes needs no escaping.
    return buffer.scanValue(from: start) == .string
  }

  /// Appends JSON; returns whether it could be copied: it is valid, has no white space between its
  /// tokens, and is not null.
  private mutating func appendJSON(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = buffer.count
    unsafe buffer.append(text)
    let kind = buffer.scanValue(from: start)
    return kind != nil && kind != .null
  }

  /// Appends the members of an object to those of the entity that begins at `start`.
  private mutating func append(
    unknown members: UnsafeBufferPointer<UInt8>, _ start: Int, _ remarks: inout [Remark]
  ) {
    let before = buffer.count
    if before > start, members.count > 2 {
      unsafe buffer.append(members)
      if buffer.scanValue(from: before) == .object { return buffer.joinObject(at: before) }
      buffer.truncate(to: before)
    }
    let repaired = unsafe Self.repaired(
      members, "what the unknown members of the row hold", nil, &remarks)
    append(unusual: repaired, start, &remarks)
  }

  // MARK: Values that are converted

  /// Decodes a text; adds a remark if it is not UTF-8.
  private static func repaired(
    _ text: UnsafeBufferPointer<UInt8>, _ what: String, _ member: String?,
    _ remarks: inout [Remark]
  ) -> String {
    let repaired = unsafe String(decoding: text, as: UTF8.self)
    if unsafe !repaired.utf8.elementsEqual(text) {
      remarks.append(
        (member, "\(what) has bytes that are not UTF-8; written with U+FFFD in their place"))
    }
    return repaired
  }

  private mutating func append(_ number: Double, _ position: Int, _ remarks: inout [Remark]) {
    guard number.isFinite else {
      let name = members[position].name
      buffer.append((number < 0 ? "-1e999" : "1e999").utf8)
      return remarks.append(
        (name, "\"\(name)\" is infinite; written as a number beyond the finite doubles"))
    }
    // A database does not tell -0 from 0.
    buffer.append((number == 0 ? 0 : number).description.utf8)
  }

  private mutating func append(
    unusual text: String, _ position: Int, _ start: Int, _ remarks: inout [Remark]
  ) {
    let name = members[position].name
    guard members[position].isJSON else {
      beginMember(position, start)
      return buffer.append(Self.text { $0.string(text) })
    }
    guard let json = try? JSONText(parsing: text) else {
      beginMember(position, start)
      buffer.append(Self.text { $0.string(text) })
      return remarks.append(
        (name, "\"\(name)\" is text that is not valid JSON; written as a string"))
    }
    // Migration reads null as absent.
    if json.text == "null" {
      return remarks.append(
        (name, "\"\(name)\" is the JSON value null, which reads as absent; left out"))
    }
    beginMember(position, start)
    buffer.append(json.text.utf8)
  }

  private mutating func append(
    unusual members: String, _ start: Int, _ remarks: inout [Remark]
  ) {
    if let object = try? JSONText(parsing: members).text.utf8, object.count > 2,
      object.first == UInt8(ascii: "{"), buffer.count > start
    {
      buffer.append(UInt8(ascii: ","))
      buffer.append(object.dropFirst().dropLast())
    } else if members != "{}" {
      remarks.append((nil, "the unknown members kept for the row are not a JSON object; left out"))
    }
  }

  /// The text that `body` writes.
  private static func text(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    // The text goes to a file, not to a terminal, and has to come back as the source had it.
    var writer = JSONWriter(escaping: .minimal)
    body(&writer)
    return writer.utf8
  }
}

/// A growing buffer of bytes, with padding for the scanner.
///
/// Not private: without whole-module optimization, the code that Swift 6.3 generates to destroy a
/// private noncopyable struct with a deinit calls itself.
@safe struct TextBuffer: ~Copyable {
  private static let firstCapacity = 64 << 10

  private var base: UnsafeMutablePointer<UInt8>
  private var capacity = firstCapacity
  private(set) var count = 0
  /// Scratch memory of the scanner.
  private let containers: UnsafeMutablePointer<Bool>

  init() {
    unsafe base = .allocate(capacity: Self.firstCapacity)
    unsafe containers = .allocate(capacity: JSONScanner.maximumDepth)
    unsafe containers.initialize(repeating: false, count: JSONScanner.maximumDepth)
  }

  deinit {
    unsafe base.deallocate()
    unsafe containers.deallocate()
  }

  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

  mutating func truncate(to count: Int) { self.count = count }

  private mutating func reserve(_ more: Int) {
    let needed = count + more + JSONScanner.padding
    guard needed > capacity else { return }
    let (old, size) = unsafe (base, max(needed, capacity * 2))
    unsafe base = .allocate(capacity: size)
    unsafe base.update(from: old, count: count)
    unsafe old.deallocate()
    capacity = size
  }

  mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base[count] = byte
    count += 1
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let start = bytes.baseAddress else { return }
    reserve(bytes.count)
    unsafe (base + count).update(from: start, count: bytes.count)
    count += bytes.count
  }

  mutating func append(_ bytes: some Collection<UInt8>) {
    reserve(bytes.count)
    for byte in bytes {
      unsafe base[count] = byte
      count += 1
    }
  }

  /// Appends the digits of a number.
  mutating func append(_ number: Int64) {
    // At most 19 digits and a sign.
    reserve(20)
    var (rest, digits) = (number.magnitude, 1)
    var limit: UInt64 = 10
    while digits < 19, rest >= limit {
      digits += 1
      limit &*= 10
    }
    if number < 0 {
      unsafe base[count] = UInt8(ascii: "-")
      count += 1
    }
    for position in (count..<count + digits).reversed() {
      unsafe base[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count += digits
  }

  /// Turns the object that begins at `start`, which must not be empty, into further members of the
  /// object before it.
  mutating func joinObject(at start: Int) {
    unsafe base[start] = UInt8(ascii: ",")
    count -= 1
  }

  /// Scans the bytes from `start` on.
  ///
  /// - Returns: The kind of the value; `nil` if they are not one JSON value without white space
  ///   between its tokens.
  func scanValue(from start: Int) -> JSONScanner.Kind? {
    unsafe base[count] = 0
    var scanner = unsafe JSONScanner(
      base: base + start, count: count - start, containers: containers)
    do throws(JSONScanError) {
      let (kind, length) = try scanner.measureValue()
      return scanner.isAtEnd && length == count - start ? kind : nil
    } catch {
      return nil
    }
  }
}
