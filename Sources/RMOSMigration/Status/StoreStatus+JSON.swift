package import RMOSModels
import RMOSStore

extension StoreStatus {
  /// The status as a JSON object: `success` (always true), `database`, `size_bytes`,
  /// `schema_version`, `schema_applied_at`, `counts` (with `total`), `missing_tables`, `last_run`,
  /// `current_run` and
  /// `interrupted_runs`, runs as `LedgerRun.json` writes them.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object { writeMembers(to: &$0) }
    return writer.text
  }

  /// Writes the members of ``json`` into an object.
  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("success", true)
    writer.member("database", location)
    writer.member("size_bytes", sizeInBytes)
    writer.member("schema_version", schema?.version)
    writer.member("schema_applied_at", schema?.appliedAt)
    writer.member("counts") {
      $0.object {
        for kind in EntityKind.allCases { $0.member(kind.rawValue, counts[kind]) }
        $0.member("total", total)
      }
    }
    writer.member("missing_tables") {
      $0.array {
        for table in missingTables { $0.string(table) }
      }
    }
    writer.member("last_run") { $0.run(lastRun) }
    writer.member("current_run") { $0.run(currentRun) }
    writer.member("interrupted_runs") {
      $0.array {
        for run in interruptedRuns { $0.run(run) }
      }
    }
  }
}
