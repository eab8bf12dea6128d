import RMOSModels
import RMOSStore

extension UndoReport {
  /// The report as a JSON object: `success`, `database`, `undone_run`, `run`, `backup` (its
  /// path, or null), `dry_run`, `removed` and `restored` per kind with `total`, `seconds`, `obstacles` and `obstacles_omitted`.
  ///
  /// An obstacle has `code`, `kind`, `id` and `message`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", isSuccess)
      $0.member("database", database)
      $0.member("undone_run", undoneRun)
      $0.member("run", run)
      $0.member("backup", backup?.path)
      $0.member("dry_run", isDryRun)
      $0.member("removed") { $0.counts(counts.removed) }
      $0.member("restored") { $0.counts(counts.restored) }
      $0.member("seconds", seconds)
      $0.member("obstacles") {
        $0.array {
          for obstacle in obstacles { $0.obstacle(obstacle) }
        }
      }
      $0.member("obstacles_omitted", obstacleCount - obstacles.count)
    }
    return writer.text
  }
}

extension JSONWriter {
  /// Writes a count per kind, and their sum.
  mutating func counts(_ counts: [EntityKind: Int]) {
    object {
      for kind in EntityKind.allCases { $0.member(kind.rawValue, counts[kind] ?? 0) }
      $0.member("total", counts.values.reduce(0, +))
    }
  }

  fileprivate mutating func obstacle(_ obstacle: UndoObstacle) {
    object {
      $0.member("code", obstacle.reason.code)
      $0.member("kind", obstacle.kind?.rawValue)
      $0.member("id", obstacle.id)
      $0.member("message", obstacle.message)
    }
  }
}
