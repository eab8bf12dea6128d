import RMOSModels
import RMOSStore

extension StoreStatus {
  /// The status as a JSON object: `success` (always true), `database`, `size_bytes`,
  /// `schema_version`, `schema_applied_at`, `counts` (with `total`), `last_run`, `current_run` and
  /// `interrupted_runs`, runs as `LedgerRun.json` writes them.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", true)
      $0.member("database", location)
      $0.member("size_bytes", sizeInBytes)
      $0.member("schema_version", schema?.version)
      $0.member("schema_applied_at", schema?.appliedAt)
      $0.member("counts") {
        $0.object {
          for kind in EntityKind.allCases { $0.member(kind.rawValue, counts[kind] ?? 0) }
          $0.member("total", total)
        }
      }
      $0.member("last_run") { $0.run(lastRun) }
      $0.member("current_run") { $0.run(currentRun) }
      $0.member("interrupted_runs") {
        $0.array {
          for run in interruptedRuns { $0.run(run) }
        }
      }
    }
    return writer.text
  }
}
