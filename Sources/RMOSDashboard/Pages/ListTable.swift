import RMOSHTML
import RMOSModels
import RMOSStore

/// The names of the entities to which records refer.
struct ReferenceNames {
  private var names: [EntityKind: [[UInt8]: String]] = [:]

  /// Looks up the entities to which `records` refer in the columns of their list, and those that
  /// `filters` name, with one query per kind.
  init(
    of records: [Record], _ kind: EntityKind,
    filters: [(filter: EntitySchema.Filter, value: String)] = [], in reader: any StoreReader
  ) throws {
    var ids: [EntityKind: Set<[UInt8]>] = [:]
    for (filter, value) in filters {
      guard let target = kind.schema.target(ofMember: filter.member) else { continue }
      ids[target, default: []].insert(Array(value.utf8))
    }
    for column in kind.schema.presentation.columns where column.style == .reference {
      guard let target = kind.schema.target(ofMember: column.member) else { continue }
      for case .text(let id) in records.map({ $0[column.member] }) {
        ids[target, default: []].insert(Array(id.utf8))
      }
    }
    for (target, ids) in ids {
      let values = ids.map { Value.text(String(decoding: $0, as: UTF8.self)) }
      for record in try reader.records(
        RecordQuery(target).filter(.isAny(member: "id", of: values)))
      {
        names[target, default: [:]][Array(record.id.utf8)] = record.linkText
      }
    }
  }

  /// The name of the entity; `nil` if it does not exist.
  subscript(kind: EntityKind, id: String) -> String? { names[kind]?[Array(id.utf8)] }
}

/// The entities of a list as a file.
struct ListTable {
  /// The formats of the file.
  enum Format: String, CaseIterable {
    case csv, json
  }

  private let kind: EntityKind
  /// The columns: their names, and functions that return the value of a record.
  private let columns: [(name: String, value: (Record, ReferenceNames) -> Value)]

  /// Creates a table of the columns of a kind's list, with the names of referenced entities.
  init(_ kind: EntityKind) {
    self.kind = kind
    var columns: [(name: String, value: (Record, ReferenceNames) -> Value)] = []
    let members = ["id"] + kind.schema.presentation.columns.map(\.member).filter { $0 != "id" }
    for member in members {
      columns.append((member, { record, _ in record[member] ?? .null }))
      guard let target = kind.schema.target(ofMember: member) else { continue }
      columns.append(
        (
          "\(member.hasSuffix("_id") ? String(member.dropLast(3)) : member)_name",
          { record, names in
            guard case .text(let id)? = record[member], let name = names[target, id] else {
              return .null
            }
            return .text(name)
          }
        ))
    }
    self.columns = columns
  }

  /// Returns all entities that a query selects as a file.
  func file(
    _ format: Format, of query: RecordQuery, in reader: any StoreReader, for request: ServerRequest
  ) throws -> ServerResponse {
    switch format {
    case .csv: try csv(query, in: reader, for: request)
    case .json: try json(query, in: reader, for: request)
    }
  }

  private func csv(
    _ query: RecordQuery, in reader: any StoreReader, for request: ServerRequest
  ) throws -> ServerResponse {
    var file = Download(for: request)
    var csv = CSV(columns.map(\.name))
    try forEachPart(of: query, in: reader) { records, names in
      for record in records { csv.append(columns.map { $0.value(record, names) }) }
      try file.append(csv.take())
    }
    try file.append(csv.take())
    return try file.body(of: .csv(name: kind.pathName))
  }

  private func json(
    _ query: RecordQuery, in reader: any StoreReader, for request: ServerRequest
  ) throws -> ServerResponse {
    var file = Download(for: request)
    var writer = JSONWriter()
    try writer.object { writer in
      writer.member("success", true)
      var total = 0
      try writer.member(kind.rawValue) { writer in
        try writer.array { writer in
          try forEachPart(of: query, in: reader) { records, names in
            for record in records { write(record, names, to: &writer) }
            total += records.count
            try file.append(writer.take())
          }
        }
      }
      writer.member("total", total)
    }
    try file.append(writer.take() + [0x0A])
    return try file.body(of: .json([]))
  }

  /// Calls `body` with the records of a query, 500 at a time, and the names of the entities to
  /// which they refer.
  private func forEachPart(
    of query: RecordQuery, in reader: any StoreReader,
    _ body: ([Record], ReferenceNames) throws -> Void
  ) throws {
    var records: [Record] = []
    func flush() throws {
      guard !records.isEmpty else { return }
      try body(records, ReferenceNames(of: records, kind, in: reader))
      records.removeAll(keepingCapacity: true)
    }
    try reader.forEachRecord(matching: query) { record in
      records.append(record)
      if records.count == 500 { try flush() }
    }
    try flush()
  }

  private func write(_ record: Record, _ names: ReferenceNames, to writer: inout JSONWriter) {
    writer.object { writer in
      for column in columns {
        switch column.value(record, names) {
        case .text(let text): writer.member(column.name, text)
        case .integer(let number): writer.member(column.name) { $0.integer(number) }
        case .real(let number): writer.member(column.name) { $0.number(number) }
        case .null, .blob: writer.member(column.name) { $0.null() }
        }
      }
    }
  }
}
