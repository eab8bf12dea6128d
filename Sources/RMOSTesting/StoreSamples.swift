public import RMOSModels
public import RMOSStore

/// Records and batches for tests of stores.
public enum StoreSamples {
  /// Returns a valid record of a kind.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - id: The id.
  ///   - changes: Values that replace those of the sample, by the names of members.
  /// - Returns: The record.
  public static func record(
    _ kind: EntityKind, _ id: String, _ changes: [String: Value] = [:]
  ) -> Record {
    let values = kind.schema.fields.map { field -> Value in
      if let value = changes[field.member] { return value }
      if field.member == "id" { return .text(id) }
      switch field.type {
      case .reference: return .null
      case .text(let rule): return .text(rule.knownValues.first ?? "\(field.member) of \(id)")
      case .integer: return .integer(7)
      case .real: return .real(1.25)
      case .timestamp: return .text("2025-01-02T03:04:05Z")
      case .json(let shape, _, _): return .text(shape == .array ? "[1]" : #"{"a":1.0}"#)
      }
    }
    return Record(kind: kind, values: values)
  }

  /// An entity of a batch.
  public struct Entity {
    /// Its record.
    public var record: Record
    /// Its unknown members as a JSON object; empty for none.
    public var unknownMembers = ""
    /// The members that the source gives; `nil` for all that are not null.
    public var given: Set<String>?
    /// The path of its file.
    public var path = "patterns/a.json"
    /// Its place among the entities of the file; `nil` if it is the only one.
    public var locator: Locator?

    /// Creates an entity from a record.
    public init(_ record: Record) { self.record = record }
  }

  /// Returns a batch of entities as if they were read from files; all must be of `kind`.
  public static func batch(_ kind: EntityKind, _ entities: [Entity]) -> RecordBatch {
    var batch = RecordBatch(kind: kind)
    for (number, entity) in entities.enumerated() {
      var locator = RecordBatch.EntryLocator.none
      switch entity.locator {
      case .index(let index): locator = .index(index)
      case .line(let line): locator = .line(line)
      case .key(let key): locator = .key(batch.intern(key.utf8))
      case nil: break
      }
      let place = RecordBatch.SourcePlace(offset: 10 * number, line: number + 1, column: 1)
      var entry = RecordBatch.Entry(
        source: batch.addSource(entity.path), locator: locator, place: place)
      entry.id = batch.intern(entity.record.id.utf8)
      entry.byteLength = 9
      entry.knownDigest = SHA256.Digest(bytes: (0..<32).map { UInt8($0 + number % 200) }) ?? .zero
      if !entity.unknownMembers.isEmpty {
        entry.unknownMembers = batch.intern(entity.unknownMembers.utf8)
      }
      var cells: [RecordBatch.Cell] = []
      for (position, value) in entity.record.values.enumerated() {
        switch value {
        case .null, .blob: cells.append(.null)
        case .integer(let number): cells.append(.integer(number))
        case .real(let number): cells.append(.real(number))
        case .text(let text): cells.append(.text(batch.intern(text.utf8)))
        }
        let member = kind.schema.fields[position].member
        if entity.given?.contains(member) ?? (value != .null) {
          entry.given.insert(position)
        }
      }
      batch.append(entry, cells: cells, places: kind.schema.references.map { _ in place })
    }
    return batch
  }

  /// Returns a run that has just begun.
  public static func run(_ command: String = "migrate") -> LedgerRun {
    LedgerRun(
      command: command, startedAt: "2025-06-01T00:00:00Z", source: "legacy",
      optionsJSON: #"{"batch_size":2000}"#, toolVersion: "1.2.3", processID: 4711)
  }
}
