import Foundation
import RMOSModels
import RMOSStore
import Testing

/// The content of a database: all rows and their provenance, regardless of the runs.
struct Content: Equatable {
  var records: [EntityKind: [Record]] = [:]
  var provenance: [EntityKind: [Provenance]] = [:]
  var runs: [LedgerRun] = []

  init(of path: String) throws {
    let store = try SQLiteStore(path: path, access: .readOnly)
    try store.read { reader in
      for kind in EntityCatalog.rmos.kinds {
        var (rows, origins): ([Record], [Provenance]) = ([], [])
        try reader.forEachRecord(kind) { rows.append($0) }
        for row in rows {
          if let origin = try reader.provenance(kind, id: row.id) { origins.append(origin) }
        }
        records[kind] = rows
        provenance[kind] = origins
      }
      runs = try reader.runs(limit: nil)
    }
  }

  /// Whether rows and provenance are equal, regardless of the runs.
  static func == (left: Content, right: Content) -> Bool {
    func origins(_ content: Content) -> [EntityKind: [Provenance]] {
      content.provenance.mapValues { list in
        list.map { origin in
          var copy = origin
          copy.run = 0
          return copy
        }
      }
    }
    return left.records == right.records && origins(left) == origins(right)
  }

  /// Expects that no batch is there by half: every row has its provenance, and the ledger counts
  /// exactly the rows that each run wrote.
  func expectBalance(_ comment: Comment) {
    for kind in EntityCatalog.rmos.kinds {
      #expect(provenance[kind]?.count == records[kind]?.count, comment)
      for run in runs {
        let written = provenance[kind]?.count { $0.run == run.id }
        #expect(written == run.statistics[kind].migrated, comment)
      }
    }
  }
}

extension Workspace {
  /// Writes a tree of thousands of entities in several layouts, every one with its timestamps, so
  /// that its content does not depend on when it is migrated.
  ///
  /// One pattern in a hundred is broken. If the tree is odd, there is a warning about every entity:
  /// with `-v` that is far more than a pipe holds.
  func writeLargeTree(
    _ name: String = "legacy", isOdd: Bool = false, familyCount: Int = 300, patternCount: Int = 900,
    jobCount: Int = 1800
  ) throws {
    let metadata = isOdd ? #","metadata": "text instead of an object, which is odd""# : ""
    let jobType = isOdd ? "a job type that is not one of the known ones, which is odd" : "slice"
    for number in 0..<familyCount {
      try write(
        """
        {"id": "f\(number)", "name": "Maple № \(number)", "strip_width_mm": 2.5,
         "strip_thickness_mm": 0.5, "material_type": "Maple", "strips": [{"n": \(number)}],
         "created_at": "2025-01-01T00:00:00Z", "shelf": \(number % 7)\(metadata)}
        """, to: "\(name)/strip_families/\(number / 100)/\(number).json")
    }
    let patterns = (0..<patternCount).map { number in
      """
      {"id": "p\(number)", "name": "Rope \(number)", "ring_count": \(number % 100 == 99 ? 0 : 3),
       "geometry": {"radii": [40.5, 42.0]}, "strip_family_id": "f\(number % familyCount)",
       "created_at": "2025-01-02"\(metadata)}
      """
    }
    try write("[" + patterns.joined(separator: ",\n") + "]", to: "\(name)/patterns/all.json")
    let jobs = (0..<jobCount).map { number in
      #"{"id": "j\#(number)", "job_type": "\#(jobType)", "pattern_id": "p\#(number % 99)","#
        + #" "parameters": {"feed": \#(number)}, "created_at": "2025-01-03"}"#
    }
    try write(jobs.joined(separator: "\n"), to: "\(name)/joblogs/all.jsonl")
  }

  /// Adds a file of job logs, the last of the tree, that is larger than anyone reads in the time
  /// that a test has: a migration is not over before it is stopped.
  func writeEndlessFile(_ name: String = "legacy") throws {
    try write("{  ", to: "\(name)/joblogs/endless.jsonl")
    #expect(truncate(file("\(name)/joblogs/endless.jsonl"), 1 << 43) == 0)
  }

  func removeEndlessFile(_ name: String = "legacy") throws {
    try FileManager.default.removeItem(atPath: file("\(name)/joblogs/endless.jsonl"))
  }

  /// The result of SQLite's integrity check; `nil` if there is no sqlite3 shell.
  func integrity(_ name: String) throws -> String? {
    guard Tool.has("sqlite3") else { return nil }
    let query = "PRAGMA integrity_check; PRAGMA foreign_key_check;"
    return try Tool.shell("sqlite3 -init /dev/null \(name) '\(query)'", in: self).output
  }
}
