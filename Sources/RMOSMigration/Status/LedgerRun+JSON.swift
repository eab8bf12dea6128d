package import RMOSModels
public import RMOSStore

extension LedgerRun {
  /// The run as a JSON object: `id`, `command`, `state`, `started_at`, `heartbeat_at`,
  /// `finished_at`, `source`, `options`, `tool_version`, `process_id`, `seconds`, `entities`,
  /// `issue_counts` and `failure`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.run(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes a run, or null.
  package mutating func run(_ run: LedgerRun?) {
    guard let run else { return null() }
    beginObject()
    member("id", Int(run.id))
    member("command", run.command)
    member("state", run.state.rawValue)
    member("started_at", run.startedAt)
    member("heartbeat_at", run.heartbeatAt)
    member("finished_at", run.finishedAt)
    member("source", run.source)
    key("options")
    raw(run.optionsJSON)
    member("tool_version", run.toolVersion)
    member("process_id", Int(run.processID))
    member("seconds", run.seconds)
    key("entities")
    statistics(run.statistics)
    key("issue_counts")
    issueCounts(run.issueCounts)
    member("failure", run.failure)
    endObject()
  }
}
