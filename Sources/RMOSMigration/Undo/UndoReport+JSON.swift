import RMOSModels
import RMOSStore

extension UndoReport {
  /// The report as a JSON object: `success`, `database`, `undone_run`, `run`, `backup` (its
  /// path, or null), `dry_run`, `nothing_to_undo`, `removed` and `restored` per kind with `total`,
  /// `seconds`, `undo_first` (numbers of runs), `obstacle_groups`, `obstacles` and
  /// `obstacles_omitted`.
  ///
  /// An obstacle has `code`, `kind`, `id` and `message`; a group `code`, `undo_first` (a run, or
  /// null), `count`, `message` and `examples`, its first obstacles.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", isSuccess)
      $0.member("database", database)
      $0.member("undone_run", undoneRun)
      $0.member("run", run)
      $0.member("backup", backup?.path)
      $0.member("dry_run", isDryRun)
      $0.member("nothing_to_undo", hasNothingToUndo)
      $0.member("removed") { $0.counts(counts.removed) }
      $0.member("restored") { $0.counts(counts.restored) }
      $0.member("seconds", seconds)
      $0.member("undo_first") {
        $0.array {
          for run in runsToUndoFirst { $0.integer(Int(run)) }
        }
      }
      $0.member("obstacle_groups") {
        $0.array {
          for group in obstacleGroups { $0.group(group) }
        }
      }
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

  fileprivate mutating func group(_ group: UndoObstacleGroup) {
    object {
      $0.member("code", group.code)
      $0.member("undo_first", group.undoFirst)
      $0.member("count", group.count)
      $0.member("message", group.message)
      $0.member("examples") {
        $0.array {
          for example in group.examples { $0.obstacle(example) }
        }
      }
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
