import Foundation
import RMOSTestSupport
import Testing

/// A directory for a test, next to a directory for files that must not appear in it.
final class Workspace {
  private let root: URL
  /// The directory.
  let path: String

  init() throws {
    root = URL(fileURLWithPath: TemporaryDirectory.parent)
      .appendingPathComponent("rmos-cli-test-\(UUID().uuidString)").resolvingSymlinksInPath()
    let inside = root.appendingPathComponent("work")
    try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
    path = inside.path
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// A path in the directory.
  func file(_ name: String) -> String { path + "/" + name }

  /// A path next to the directory.
  func outside(_ name: String) -> String { root.path + "/" + name }

  /// Writes a file, and creates its directories.
  func write(_ text: String, to name: String) throws {
    let url = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// The text of a file.
  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: file(name))), as: UTF8.self)
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// All paths in the directory, at any depth, sorted.
  var listing: [String] {
    (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted()
  }

  /// Writes a tree with one valid entity of each kind.
  func writeSmallTree(_ name: String = "legacy") throws {
    try write(
      """
      {"id": "f1", "name": "Ebony 2 mm", "strip_width_mm": 2, "strip_thickness_mm": 0.8,
       "material_type": "Ebony", "strips": [1], "created_at": "2025-01-01"}
      """, to: "\(name)/strip_families/f1.json")
    try write(
      """
      {"id": "p1", "name": "Rope", "ring_count": 3, "geometry": {"rings": []},
       "strip_family_id": "f1", "created_at": "2025-01-01"}
      """, to: "\(name)/patterns/p1.json")
    try write(
      """
      {"id": "j1", "job_type": "slice", "pattern_id": "p1", "parameters": {"feed": 5},
       "created_at": "2025-01-01"}
      """, to: "\(name)/joblogs/j1.json")
  }

  /// Adds a pattern that fails.
  func writeBrokenPattern(_ name: String = "legacy") throws {
    try write(#"{"id": "p2", "ring_count": 0}"#, to: "\(name)/patterns/p2.json")
  }

  /// Adds a job log that is migrated with a warning.
  func writeOddJobLog(_ name: String = "legacy") throws {
    try write(
      #"{"id": "j2", "job_type": "sanding", "parameters": {"grit": 120}}"#,
      to: "\(name)/joblogs/j2.json")
  }
}

extension Workspace {
  /// Begins a transaction of another program on a database with a rollback journal, which it leaves
  /// open.
  ///
  /// With a small cache, SQLite writes to the file within the transaction, and keeps readers out.
  func beginSpillingTransaction(in database: String) throws -> Command {
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", file(database)])
    try other.send(
      "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN IMMEDIATE; CREATE TABLE t (a); "
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        + "INSERT INTO t SELECT hex(zeroblob(100)) FROM n; SELECT 'spilled';")
    #expect(other.line() == "delete")
    #expect(other.line() == "spilled")
    return other
  }
}
