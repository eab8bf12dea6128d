import RMOSModels
import RMOSStore
import RMOSSystem

/// The SQL script that an export writes: the tables of the kinds with all rows, or nothing.
///
/// The store is read twice within one snapshot, so that the counts in the script's head, and
/// whether every row can be written, are known before the first byte is written.
struct SQLScript {
  private let reader: any StoreReader
  private let dialect: SQLDialect
  private let checkCancellation: () throws -> Void
  private var counts: [EntityKind: Int] = [:]
  private var kept = KeptMembers()
  private var obstacles: [String] = []
  private var obstacleCount = 0

  /// Reads the entities to write.
  ///
  /// - Throws: ``MigrationError/Code/exportUnrepresentable``, `StoreError`, or what
  ///   `checkCancellation` throws.
  init(
    of reader: any StoreReader, _ dialect: SQLDialect,
    checkCancellation: @escaping () throws -> Void
  ) throws {
    self.reader = reader
    self.dialect = dialect
    self.checkCancellation = checkCancellation
    for kind in reader.catalog.kinds { try look(at: kind) }
    if obstacleCount > 0 { throw unrepresentable }
  }

  /// Writes the script into a directory.
  func write(into directory: [UInt8]) throws -> Export.Summary {
    var summary = Export.Summary()
    var file = ScriptFile(path: directory + Array("/\(Export.scriptName)".utf8))
    defer { file.close() }
    let schemas = reader.catalog.kinds.map(\.schema)
    try file.append(lines: head + [""] + dialect.opening + [""])
    try file.append(lines: dialect.createVersionTable(version: SchemaVersion.created))
    try file.append(lines: schemas.map(dialect.createTable) + [""])
    for kind in reader.catalog.kinds {
      let frame = dialect.frame(of: kind.schema)
      try file.append(frame.before.utf8)
      summary.counts[kind] = 0
      var row: [UInt8] = []
      try forEachRecord(kind) { record in
        row.removeAll(keepingCapacity: true)
        dialect.append(record, to: &row)
        try file.append(row)
        summary.counts[kind, default: 0] += 1
      }
      try file.append(frame.after.utf8)
    }
    try file.append(lines: [""] + schemas.flatMap(dialect.createIndexes) + ["", "COMMIT;"])
    try file.flush()
    summary.fileCount += 1
    summary.byteCount += file.byteCount
    return summary
  }

  private func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    var seen = 0
    try reader.forEachRecord(kind) { record in
      if seen % 64 == 0 { try checkCancellation() }
      seen += 1
      try body(record)
    }
  }

  // MARK: The first reading

  private mutating func look(at kind: EntityKind) throws {
    let schema = kind.schema
    let indexed = schema.fields.map { field in
      field.member == "id"
        || schema.indexes.contains { $0.columns.split(separator: " ").first == field.column[...] }
    }
    var (count, kept) = (0, self.kept)
    var found: [String] = []
    var foundCount = 0
    try reader.forEachEntity(kind) { entity in
      if count % 64 == 0 { try checkCancellation() }
      count += 1
      let record = entity.record
      var problem: String?
      for (position, field) in schema.fields.enumerated() where problem == nil {
        if case .text(let bytes) = entity.values[position],
          case .text(let text) = record.values[position],
          unsafe !text.utf8.elementsEqual(bytes)
        {
          problem = "\(field.column) has bytes that are not UTF-8"
        } else {
          problem = dialect.obstacle(
            to: record.values[position], in: field, isIndexed: indexed[position])
        }
      }
      if problem == nil { problem = try danglingKey(of: record) }
      if let problem {
        foundCount += 1
        if found.count < 3 { found.append("\(name(of: record)): \(problem)") }
      }
      guard let members = unsafe entity.unknownMembers else { return }
      unsafe kept.add(Array(members)[...], of: kind)
    }
    counts[kind] = count
    self.kept = kept
    obstacles += found
    obstacleCount += foundCount
  }

  /// The first reference of a record that would violate a foreign key in PostgreSQL; `nil` if none
  /// would.
  ///
  /// The script for SQLite turns foreign keys off.
  private func danglingKey(of record: Record) throws -> String? {
    guard dialect == .postgresql else { return nil }
    for key in record.kind.schema.foreignKeys {
      guard case .text(let id) = record.values[key.field],
        try !reader.contains(key.target, id: id)
      else { continue }
      let column = record.kind.schema.fields[key.field].column
      return "\(column) refers to \(JSONValue.string(id).text), which is not there"
    }
    return nil
  }

  private func name(of record: Record) -> String {
    let id = record.id.isEmpty ? "without an id" : JSONValue.string(record.id).text
    return "\(record.kind.schema.singular) \(id)"
  }

  private var unrepresentable: MigrationError {
    let rows = PlainText.counted(obstacleCount, "row")
    let shown = obstacles.prefix(3)
    let more = obstacleCount > shown.count ? "; …" : ""
    return MigrationError(
      .exportUnrepresentable,
      "\(rows) cannot be written as a script for \(dialect.name), so nothing was: "
        + shown.joined(separator: "; ") + more + "; fix "
        + (obstacleCount == 1 ? "it" : "them") + ", or export another format")
  }

  // MARK: The head

  private var head: [String] {
    let contents = reader.catalog.kinds.map { kind in
      PlainText.counted(counts[kind] ?? 0, kind.schema.singular, kind.schema.plural)
    }
    var lines = [
      "The entities of an RMOS database, for \(dialect.name). Written by RMOS "
        + "\(RMOSVersion.current).",
      "",
      "Load it into a database that has none of these tables yet:",
      "  \(dialect.example)",
      "Everything is loaded, or nothing.",
      "",
      "In it: \(contents.joined(separator: ", ")).",
      "Not in it: the ledger of the runs, that is, where each entity came from and what was wrong.",
    ]
    lines += keptLines
    return lines.map { $0.isEmpty ? "--" : "-- \(PlainText.escaped($0))" }
  }

  private var keptLines: [String] {
    let members = kept.members
    if members.isEmpty { return ["No entity has members beyond the columns."] }
    let shown = members.prefix(20).map { member in
      let name = member.member.map { JSONValue.string($0).text } ?? "others"
      return
        "  \(name) of \(PlainText.counted(member.count, member.kind.schema.singular, member.kind.schema.plural))"
    }
    let more = members.count - shown.count
    return ["Not in it either: these members, which have no column; a tree has them."] + shown
      + (more > 0 ? ["  and \(PlainText.counted(more, "other member"))"] : [])
  }
}

/// A file of text, created with its first bytes.
private struct ScriptFile {
  private static let bufferLimit = 64 << 10

  private let path: [UInt8]
  private var handle: FileDescriptor?
  private var buffer: [UInt8] = []
  private(set) var byteCount = 0

  init(path: [UInt8]) { self.path = path }

  mutating func append(_ bytes: some Collection<UInt8>) throws(SystemError) {
    if handle == nil { handle = try FileDescriptor(creating: path) }
    buffer += bytes
    byteCount += bytes.count
    if buffer.count >= Self.bufferLimit { try flush() }
  }

  mutating func append(lines: [String]) throws(SystemError) {
    for line in lines { try append((line + "\n").utf8) }
  }

  mutating func flush() throws(SystemError) {
    try handle?.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  func close() { handle?.close() }
}
