import Foundation
import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport

/// A sound database in a directory of its own, to plant faults in.
final class AuditFixture {
  let directory: TemporaryDirectory
  let path: String

  /// A database that holds the example tree, or a copy of `database`.
  init(_ database: String? = nil) throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
    if let database {
      try FileManager.default.copyItem(atPath: database, toPath: path)
    } else {
      try Data(Self.sound).write(to: URL(fileURLWithPath: path))
    }
  }

  /// The bytes of a database that holds the example tree.
  private static let sound: [UInt8] = {
    let bytes = try? TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      do {
        let store = try SQLiteStore(path: path)
        let source = Fixtures.exampleTree
        _ = try Migration(from: source, into: store).runSynchronously()
      }
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    return Array(bytes ?? Data())
  }()

  /// Changes the database as another application would: with the `sqlite3` shell, which checks no
  /// foreign keys.
  func plant(_ sql: String) throws { _ = try sqlite3(path, sql) }

  /// The database, as an audit opens it.
  func store() throws -> SQLiteStore { try SQLiteStore(path: path, access: .inspect) }

  /// Audits the database.
  func audit(_ rules: [AuditRule] = AuditRule.all) throws -> AuditReport {
    try Auditor(of: store()) { $0.rules = rules }.runSynchronously()
  }

  /// The bytes of every file in the directory, by name.
  func contents() throws -> [String: Data] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).reduce(into: [:]) {
      $0[$1] = try Data(contentsOf: URL(fileURLWithPath: directory.file($1)))
    }
  }
}

extension Auditor {
  /// Creates an audit with other options than the default ones.
  init(of store: any RecordStore, _ change: (inout Options) -> Void) {
    var options = Options()
    change(&options)
    self.init(of: store, options: options)
  }
}
