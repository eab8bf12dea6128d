import RMOSModels
import RMOSStore

extension PostgresReader {
  /// Looks up all ids and references in one query, and reads the rows that exist in a few more.
  final func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    let session = try session()
    let search = FactSearch(batch, range)
    let found = try search.run(session)
    var comparisons = Array(repeating: StoredComparison.absent, count: range.count)
    for ids in found.groups {
      try search.forEachRow(ids, session) { record, unknownMembers in
        for offset in search.offsets[UTF8Text(record.id)] ?? [] {
          comparisons[offset] = StoredComparison(
            of: batch, at: range.lowerBound + offset, with: record, unknownMembers: unknownMembers)
        }
      }
    }
    return zip(comparisons, search.references).map { comparison, references in
      StoredFacts(
        comparison: comparison,
        danglingReferences: references.filter { found.missing.contains($0.id) }.map(\.position))
    }
  }
}

/// The ids of entities of a batch and those that they refer to, looked up together.
private struct FactSearch {
  private let kind: EntityKind
  /// The positions of the entities in the range, by their ids.
  private(set) var offsets: [UTF8Text: [Int]] = [:]
  /// The references of each entity, unless they are NULL: the position among the schema's
  /// references, and the id.
  private(set) var references: [[(position: Int, id: FoundID)]] = []
  /// The ids that they refer to.
  private var targets: [EntityKind: Set<UTF8Text>] = [:]

  init(_ batch: RecordBatch, _ range: Range<Int>) {
    kind = batch.kind
    offsets.reserveCapacity(range.count)
    let schema = kind.schema
    for (offset, index) in range.enumerated() {
      let values = batch.record(at: index).values
      func value(_ field: Int) -> UTF8Text? {
        guard case .text(let text) = values[field] else { return nil }
        return UTF8Text(text)
      }
      if let id = value(0) { offsets[id, default: []].append(offset) }
      references.append(
        schema.references.enumerated().compactMap { position, reference in
          value(reference.field).map { (position, FoundID(kind: reference.target, id: $0)) }
        })
    }
    for (_, id) in references.joined() { targets[id.kind, default: []].insert(id.id) }
  }

  /// The result of a search.
  struct Found {
    /// The references to entities that do not exist.
    fileprivate(set) var missing: Set<FoundID> = []
    /// The ids of the entities that exist, in groups whose rows fit into memory together.
    fileprivate(set) var groups: [[String]] = []
  }

  /// The maximum size of the rows of a group, in bytes.
  private static let groupSize = 1 << 22

  /// Looks the ids up.
  ///
  /// The server returns only the positions of entities that exist and of references that do not: in
  /// a first load, almost nothing.
  func run(_ session: PostgresSession) throws(StoreError) -> Found {
    var found = Found()
    // A text with NUL cannot be stored, or sent as a parameter.
    func lookedUp(_ ids: some Sequence<UTF8Text>) -> [String] {
      ids.map(\.text).filter { !$0.utf8.contains(0) }
    }
    let kinds = session.catalog.kinds.filter { targets[$0] != nil }
    for (kind, ids) in targets {
      for id in ids where id.text.utf8.contains(0) {
        found.missing.insert(FoundID(kind: kind, id: id))
      }
    }
    let lists = [lookedUp(offsets.keys)] + kinds.map { lookedUp(targets[$0] ?? []) }
    // A subquery per id is always answered by the primary key. A join might not be: the planner's
    // statistics may be from when the table was still empty.
    let table = try session.statements[kind]
    var parts = [
      "SELECT 0, x.number, s.size FROM unnest($1::text[]) WITH ORDINALITY AS x(id, number), "
        + "LATERAL (SELECT \(table.textSize) AS size FROM \(table.source("t")) "
        + "WHERE t.id = x.id OFFSET 0) AS s"
    ]
    for (number, kind) in kinds.enumerated() {
      parts.append(
        "SELECT \(number + 1), x.number, 0 FROM unnest($\(number + 2)::text[]) "
          + "WITH ORDINALITY AS x(id, number) WHERE NOT EXISTS (SELECT 1 "
          + "FROM \(try session.statements[kind].source("t")) WHERE t.id = x.id OFFSET 0)")
    }
    let result = try session.connection.query(
      parts.joined(separator: " UNION ALL "), lists.map(\.postgresArray))
    var size = Self.groupSize
    for row in result.rows {
      let list = row.count(at: 0)
      let id = lists[list][row.count(at: 1) - 1]
      guard list == 0 else {
        found.missing.insert(FoundID(kind: kinds[list - 1], id: UTF8Text(id)))
        continue
      }
      size += row.count(at: 2)
      if size >= Self.groupSize {
        found.groups.append([])
        size = row.count(at: 2)
      }
      found.groups[found.groups.count - 1].append(id)
    }
    return found
  }

  /// Calls `body` with the rows with `ids`, and with their unknown members.
  func forEachRow(
    _ ids: [String], _ session: PostgresSession, _ body: (Record, String?) throws -> Void
  ) throws {
    let table = try session.statements[kind]
    let unknown =
      session.statements.hasLedger
      ? "(SELECT p.unknown_json FROM migration_provenance p "
        + "WHERE p.kind = '\(kind.table)' AND p.entity_id = x.id)" : "NULL"
    let columns = kind.schema.fields.map { "r.\($0.column)" }.joined(separator: ", ")
    let list = zip(kind.schema.fields, table.expressions("t")).map { "\($1) AS \($0.column)" }
    let result = try session.connection.query(
      "SELECT \(columns), \(unknown) FROM unnest($1::text[]) AS x(id), LATERAL "
        + "(SELECT \(list.joined(separator: ", ")) FROM \(table.source("t")) WHERE t.id = x.id "
        + "OFFSET 0) AS r", [ids.postgresArray])
    for row in result.rows {
      try body(kind.record(row), row.text(at: kind.schema.fields.count))
    }
  }
}

/// An id of a kind.
private struct FoundID: Hashable {
  let kind: EntityKind
  let id: UTF8Text
}

/// A text that is compared by its bytes, as in SQL.
///
/// `String` treats composed and decomposed characters as equal.
private struct UTF8Text: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: UTF8Text, right: UTF8Text) -> Bool {
    let (left, right) = (left.text.utf8, right.text.utf8)
    return unsafe left.withContiguousStorageIfAvailable { left in
      unsafe right.withContiguousStorageIfAvailable { right in
        unsafe left.count == right.count && left.elementsEqual(right)
      }
    }.flatMap(\.self) ?? left.elementsEqual(right)
  }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension EntityStatements {
  /// An expression for the size of a row's texts, in bytes.
  fileprivate var textSize: String {
    zip(kind.schema.fields, expressions("t"))
      .filter { $0.0.type.acceptedTypes[0] == "text" }
      .map { "coalesce(octet_length(\($1)), 0)" }.joined(separator: " + ")
  }
}
