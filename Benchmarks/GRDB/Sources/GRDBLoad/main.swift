import Foundation
import GRDB

// Loads lists of entities into new tables, without validation: Foundation parses the JSON, and GRDB
// writes the rows, in one transaction per table.
//
// usage: GRDBLoad DATABASE SCHEMA LIST.json…

struct UnexpectedJSON: Error {
  var path: String
}

/// Returns the value of a column in an entity.
func value(of column: String, in entity: [String: Any]) throws -> DatabaseValue {
  let member = column.hasSuffix("_json") ? String(column.dropLast(5)) : column
  switch entity[column] ?? entity[member] {
  case let text as String: return text.databaseValue
  case let number as NSNumber:
    return number.doubleValue.rounded() == number.doubleValue
      ? number.int64Value.databaseValue : number.doubleValue.databaseValue
  case nil, is NSNull: return column == "pattern_type" ? "generic".databaseValue : .null
  case let json?:
    let text = String(decoding: try JSONSerialization.data(withJSONObject: json), as: UTF8.self)
    return text.databaseValue
  }
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count > 2 else {
  FileHandle.standardError.write(Data("usage: GRDBLoad DATABASE SCHEMA LIST.json…\n".utf8))
  exit(2)
}
var configuration = Configuration()
configuration.journalMode = .wal
let queue = try DatabaseQueue(path: arguments[1], configuration: configuration)
let schema = try String(contentsOfFile: arguments[2], encoding: .utf8)
try queue.write { try $0.execute(sql: schema) }
for path in arguments.dropFirst(2) {
  let url = URL(fileURLWithPath: path)
  let table = url.deletingPathExtension().lastPathComponent
  guard
    let entities = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]]
  else { throw UnexpectedJSON(path: path) }
  try queue.write { database in
    let columns = try database.columns(in: table).map(\.name)
    let marks = databaseQuestionMarks(count: columns.count)
    let statement = try database.makeStatement(sql: "INSERT INTO \(table) VALUES (\(marks))")
    for entity in entities {
      try statement.execute(
        arguments: StatementArguments(columns.map { try value(of: $0, in: entity) }))
    }
  }
}
