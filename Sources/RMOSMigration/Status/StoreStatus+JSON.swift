import RMOSModels
import RMOSStore

extension StoreStatus {
  /// The status as a JSON object: `success` (always true), `database`, `size_bytes`,
  /// `schema_version`, `schema_applied_at`, `counts` (with `total`), `last_run`, `current_run` and
  /// `interrupted_runs`, runs as ``RMOSStore/LedgerRun`` encodes them.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    writer.member("success", true)
    writer.member("database", location)
    writer.member("size_bytes", sizeInBytes)
    writer.member("schema_version", schema?.version)
    writer.member("schema_applied_at", schema?.appliedAt)
    writer.key("counts")
    writer.beginObject()
    for kind in EntityKind.allCases { writer.member(kind.rawValue, counts[kind] ?? 0) }
    writer.member("total", total)
    writer.endObject()
    writer.key("last_run")
    writer.run(lastRun)
    writer.key("current_run")
    writer.run(currentRun)
    writer.key("interrupted_runs")
    writer.beginArray()
    for run in interruptedRuns { writer.run(run) }
    writer.endArray()
    writer.endObject()
    return writer.text
  }
}
