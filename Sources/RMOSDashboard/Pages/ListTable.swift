import RMOSHTML
import RMOSModels
import RMOSStore

/// The names of the entities that others refer to.
struct ReferenceNames {
  private var names: [EntityKind: [[UInt8]: String]] = [:]

  /// Looks up what `records` refer to in the columns of their list: one query a kind.
  init(of records: [Record], _ kind: EntityKind, in reader: any StoreReader) throws {
    var ids: [EntityKind: Set<[UInt8]>] = [:]
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

  /// What the entity is called; `nil` if it does not exist.
  subscript(kind: EntityKind, id: String) -> String? { names[kind]?[Array(id.utf8)] }
}

/// Entities as a list shows them, for other programs.
struct ListTable {
  let kind: EntityKind
  let records: [Record]
  let names: ReferenceNames

  /// A column: its name, and its value in a record.
  private var columns: [(name: String, value: (Record) -> Value)] {
    var columns: [(name: String, value: (Record) -> Value)] = []
    let members = ["id"] + kind.schema.presentation.columns.map(\.member).filter { $0 != "id" }
    for member in members {
      columns.append((member, { $0[member] ?? .null }))
      guard let target = kind.schema.target(ofMember: member) else { continue }
      columns.append(
        (
          "\(member.hasSuffix("_id") ? String(member.dropLast(3)) : member)_name",
          { record in
            guard case .text(let id)? = record[member], let name = names[target, id] else {
              return .null
            }
            return .text(name)
          }
        ))
    }
    return columns
  }

  /// The table as CSV.
  var csv: [UInt8] {
    let columns = columns
    var csv = CSV(columns.map(\.name))
    for record in records { csv.append(columns.map { $0.value(record) }) }
    return csv.bytes
  }

  /// Writes the table as a member: an object for each entity.
  func write(to writer: inout JSONWriter) {
    let columns = columns
    writer.member(kind.rawValue, each: records) { writer, record in
      writer.object { writer in
        for column in columns {
          switch column.value(record) {
          case .text(let text): writer.member(column.name, text)
          case .integer(let number): writer.member(column.name) { $0.integer(number) }
          case .real(let number): writer.member(column.name) { $0.number(number) }
          case .null, .blob: writer.member(column.name) { $0.null() }
          }
        }
      }
    }
  }
}
