public import RMOSModels
import RMOSSystem

/// The change of one row by a run: the row before the run, and the result.
///
/// A store keeps one for each row that is changed with ``StoreTransaction/write(_:run:)`` or
/// ``StoreTransaction/remove(_:id:run:)``, as a server does, so that the run can be undone and
/// shown. The provenance of the row does not change.
public struct RowChange: Sendable, Hashable {
  /// The result of the change.
  public enum Result: Sendable, Hashable {
    /// The row was written, and has this digest.
    case written(RowDigest)
    /// The row was deleted.
    case deleted
    /// A migration rewrote the row; its content is not recorded.
    case rewritten
  }

  /// The run.
  public var run: Int64
  /// The kind of the entity.
  public var kind: EntityKind
  /// The id of the entity.
  public var id: String
  /// The row as it was before the run; `nil` if there was none.
  public var before: BeforeImage?
  /// The result of the change.
  public var result: Result

  /// Creates a change.
  public init(
    run: Int64, kind: EntityKind, id: String, before: BeforeImage?, result: Result
  ) {
    self.run = run
    self.kind = kind
    self.id = id
    self.before = before
    self.result = result
  }
}

/// A row as it was before a run changed it.
public struct BeforeImage: Sendable, Hashable {
  /// The row.
  public var record: Record
  /// Its provenance; `nil` if it was not migrated.
  public var provenance: Provenance?
  /// The values of columns that other applications have added, by their names; only kept as part of
  /// a ``RowChange``.
  public var otherColumns: [String: Value] = [:]
  /// The texts that are not Unicode, of columns of the record and of ``otherColumns``, byte by byte
  /// by the names of the columns; only kept of what a ``RowChange`` is about.
  public var malformedTexts: [String: [UInt8]] = [:]

  /// Creates a before-image from a row and its provenance.
  public init(record: Record, provenance: Provenance?) {
    self.record = record
    self.provenance = provenance
  }
}

// MARK: Stored form

extension RowChange {
  /// The parts of the change that stores keep: the digest of ``result`` as a number, `nil` if there
  /// is none, and ``before`` as text, `nil` if there was no row.
  public var stored: (digest: Int64?, before: String?) {
    guard case .written(let digest) = result else { return (nil, storedBefore) }
    return (Int64(bitPattern: digest.rawValue), storedBefore)
  }

  private var storedBefore: String? {
    guard let before else { return nil }
    var writer = JSONWriter()
    writer.object {
      $0.member("values") { writer in
        writer.array { writer in
          for value in before.record.values { writer.stored(value) }
        }
      }
      if let provenance = before.provenance {
        $0.member("provenance") { $0.stored(provenance) }
      }
      if !before.otherColumns.isEmpty {
        $0.member("other_columns") { writer in
          writer.object { writer in
            for (name, value) in before.otherColumns.sorted(by: { $0.key < $1.key }) {
              writer.member(name) { $0.stored(value) }
            }
          }
        }
      }
      if !before.malformedTexts.isEmpty {
        $0.member("malformed_texts") { writer in
          writer.object { writer in
            for (name, bytes) in before.malformedTexts.sorted(by: { $0.key < $1.key }) {
              writer.member(name, Base64.encode(bytes))
            }
          }
        }
      }
    }
    return writer.text
  }

  /// Creates a change from the parts that a store has kept.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - kind: The kind of the entity.
  ///   - id: The id of the entity.
  ///   - stored: The ``stored`` parts of the change; without a digest, the row was deleted.
  /// - Throws: ``StoreError/Code/corrupt`` if the text cannot be read; if it counted as no row,
  ///   undoing the run would delete the row.
  public init(
    run: Int64, kind: EntityKind, id: String, stored: (digest: Int64?, before: String?)
  ) throws(StoreError) {
    var before: BeforeImage?
    if let text = stored.before {
      before = BeforeImage(stored: text, kind, id)
      guard before != nil else {
        throw StoreError(
          .corrupt,
          "what \(kind.schema.singular) \(Violation.quoted(id)) was before run \(run) cannot be "
            + "read: its before_json in migration_changes is damaged; restore the database from a "
            + "backup")
      }
    }
    self.init(
      run: run, kind: kind, id: id, before: before,
      result: stored.digest.map { .written(RowDigest(rawValue: UInt64(bitPattern: $0))) }
        ?? .deleted)
  }
}

extension BeforeImage {
  fileprivate init?(stored text: String, _ kind: EntityKind, _ id: String) {
    guard let json = try? JSONValue(parsing: text), case .array(let elements)? = json["values"],
      elements.count == kind.schema.fields.count
    else { return nil }
    let values = elements.compactMap(Value.init(stored:))
    guard values.count == elements.count else { return nil }
    var provenance: Provenance?
    if let stored = json["provenance"] {
      provenance = Provenance(stored: stored, kind, id)
      guard provenance != nil else { return nil }
    }
    self.init(record: Record(kind: kind, values: values), provenance: provenance)
    if let others = json["other_columns"] {
      guard case .object(let members) = others else { return nil }
      for member in members {
        guard let value = Value(stored: member.value) else { return nil }
        otherColumns[member.name] = value
      }
    }
    if let texts = json["malformed_texts"] {
      guard case .object(let members) = texts else { return nil }
      for member in members {
        guard let bytes = member.value.string.flatMap(Base64.decode) else { return nil }
        malformedTexts[member.name] = bytes
      }
    }
  }
}

extension JSONWriter {
  /// Writes a value so that it is read back bit for bit.
  fileprivate mutating func stored(_ value: Value) {
    switch value {
    case .null: null()
    case .integer(let number): integer(number)
    case .real(let number):
      object { $0.member("real", String(number.bitPattern)) }
    case .text(let text): string(text)
    case .blob(let bytes): object { $0.member("blob", Base64.encode(bytes)) }
    }
  }

  fileprivate mutating func stored(_ provenance: Provenance) {
    object {
      $0.member("run", provenance.run)
      $0.member("path", provenance.path)
      switch provenance.locator {
      case .index(let number), .line(let number): $0.member("number", number)
      case .key(let key): $0.member("key", key)
      case nil: break
      }
      $0.member("offset", provenance.byteOffset)
      $0.member("length", provenance.byteLength)
      $0.member("sha256", Base64.encode(provenance.sha256.bytes))
      $0.member("unknown", provenance.unknownMembers)
      $0.member("digest", provenance.rowDigest.map { String($0.rawValue) })
    }
  }
}

extension Value {
  fileprivate init?(stored json: JSONValue) {
    switch json {
    case .null: self = .null
    case .string(let text): self = .text(text)
    case .number:
      guard let number = json.int64 else { return nil }
      self = .integer(number)
    case .object:
      if let bits = json["real"]?.string.flatMap({ UInt64($0) }) {
        self = .real(Double(bitPattern: bits))
      } else if let bytes = json["blob"]?.string.flatMap(Base64.decode) {
        self = .blob(bytes)
      } else {
        return nil
      }
    case .bool, .array: return nil
    }
  }
}

extension Provenance {
  fileprivate init?(stored json: JSONValue, _ kind: EntityKind, _ id: String) {
    guard let run = json["run"]?.int64, let path = json["path"]?.string,
      let offset = json["offset"]?.int64, let length = json["length"]?.int64,
      let bytes = json["sha256"]?.string.flatMap(Base64.decode), let sha256 = Digest(bytes: bytes)
    else { return nil }
    let locator =
      json["key"]?.string.map(Locator.key)
      ?? json["number"]?.int64.map { Locator(number: Int($0), path: path) }
    self.init(
      kind: kind, entityID: id, run: run, path: path, locator: locator,
      byteOffset: Int(offset), byteLength: Int(length), sha256: sha256,
      unknownMembers: json["unknown"]?.string,
      rowDigest: json["digest"]?.string.flatMap { UInt64($0) }.map(RowDigest.init(rawValue:)))
  }
}

/// Whether a row has changed since a run wrote it, by this project or another application.
package enum EditState: Sendable, Hashable {
  /// The row is as the run wrote it.
  case asWritten(run: Int64)
  /// The row was changed.
  case edited(since: Int64)
  /// It is unknown whether the row was edited: no run wrote it (`nil`), or the run kept no digest.
  case unknown(run: Int64?)

  /// Compares a row with the digest in its provenance.
  package init(of record: Record, _ provenance: Provenance?) {
    self.init(provenance?.rowDigest, found: RowDigest(of: record), run: provenance?.run)
  }

  /// The reason why a row in this state cannot be undone; `nil` if it can.
  package var obstacle: UndoObstacle.Reason? {
    switch self {
    case .asWritten: nil
    case .edited: .isEdited
    case .unknown: .isUnknown
    }
  }

  /// Compares the digest that a run wrote with that of the row found.
  init(_ written: RowDigest?, found: @autoclosure () -> RowDigest, run: Int64?) {
    if let written, let run {
      self = written == found() ? .asWritten(run: run) : .edited(since: run)
    } else {
      self = .unknown(run: run)
    }
  }
}
