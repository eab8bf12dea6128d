import RMOSModels
public import RMOSStore

/// What undoing a run did, or why it did nothing.
public struct UndoReport: Sendable, Hashable {
  /// The run that was to be undone.
  public internal(set) var undoneRun: Int64
  /// The store's path, or "in memory".
  public var database: String
  /// The undoing's own run in the ledger; nil where nothing was written.
  public internal(set) var run: Int64?
  /// The backup from before the undoing; nil where none was needed or wanted.
  public internal(set) var backup: RunBackup?
  /// Whether it was only a rehearsal.
  public internal(set) var isDryRun = false
  /// What was, or in a rehearsal would be, removed and restored; nothing where obstacles are there.
  public internal(set) var counts = UndoCounts()
  /// The first obstacles, kind by kind.
  public internal(set) var obstacles: [UndoObstacle] = []
  /// How many obstacles there are.
  public internal(set) var obstacleCount = 0
  /// The obstacles by what removes them: all that undoing one later run would, and so on.
  ///
  /// Those that a later run is behind come first, the newest run first.
  public internal(set) var obstacleGroups: [UndoObstacleGroup] = []
  /// Whether the run changed nothing, so that there is nothing to undo.
  ///
  /// Nothing is written then, not even to the ledger.
  public internal(set) var hasNothingToUndo = false
  /// Wall time, seconds.
  public internal(set) var seconds = 0.0

  init(undoneRun: Int64, database: String) {
    self.undoneRun = undoneRun
    self.database = database
  }

  /// The later runs that have to be undone first, the newest first.
  public var runsToUndoFirst: [Int64] {
    var runs: [Int64] = []
    for group in obstacleGroups {
      if let run = group.undoFirst, run != runs.last { runs.append(run) }
    }
    return runs
  }

  /// Whether nothing stands in the way.
  public var isSuccess: Bool { obstacleCount == 0 }

  /// How many rows were removed.
  public var removed: Int { counts.removed.values.reduce(0, +) }

  /// How many rows were restored.
  public var restored: Int { counts.restored.values.reduce(0, +) }

  /// Adds the one obstacle that the run itself is.
  mutating func add(_ obstacle: UndoObstacle) {
    add(obstacle, keeping: 1)
    var groups = UndoObstacleGroups()
    groups.add(obstacle, undoFirst: nil)
    obstacleGroups = groups.sorted
  }

  mutating func add(_ obstacle: UndoObstacle, keeping limit: Int) {
    obstacleCount += 1
    if obstacles.count < limit { obstacles.append(obstacle) }
  }

  /// What the ledger says of the undoing: a JSON object.
  var optionsJSON: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("run", undoneRun)
      $0.member("removed") { $0.counts(counts.removed) }
      $0.member("restored") { $0.counts(counts.restored) }
    }
    return writer.text
  }
}
