package import RMOSModels
public import RMOSStore
import RMOSSystem

/// The result of undoing a run, or the obstacles that prevented it.
public struct UndoReport: Sendable, Hashable {
  /// The run that was to be undone.
  package internal(set) var undoneRun: Int64
  /// The store's path, or "in memory".
  package var database: String
  /// The kinds of entities that the store holds.
  package let catalog: EntityCatalog
  /// The number of the undo itself in the ledger; `nil` if nothing was written.
  public internal(set) var run: Int64?
  /// The backup from before the undo; `nil` if none was taken.
  public internal(set) var backup: RunBackup?
  /// Whether it was a dry run.
  public internal(set) var isDryRun = false
  /// How many rows were, or in a dry run would be, removed and restored; 0 if there are obstacles.
  public internal(set) var counts = UndoCounts()
  /// The first obstacles, kind by kind.
  public internal(set) var obstacles: [UndoObstacle] = []
  /// The number of obstacles.
  public internal(set) var obstacleCount = 0
  /// The obstacles, grouped by what removes them, such as undoing one later run.
  ///
  /// Those that undoing a later run removes come first, the newest run first.
  public internal(set) var obstacleGroups: [UndoObstacleGroup] = []
  /// The later runs that have to be undone first, the newest first.
  public internal(set) var runsToUndoFirst: [Int64] = []
  /// Whether the run changed nothing, so that there is nothing to undo.
  ///
  /// Nothing is written then, not even to the ledger.
  public internal(set) var hasNothingToUndo = false
  /// Wall time.
  var duration = Duration.zero

  init(undoneRun: Int64, database: String, _ catalog: EntityCatalog) {
    self.catalog = catalog
    self.undoneRun = undoneRun
    self.database = database
  }

  /// Whether there is no obstacle.
  public var isSuccess: Bool { obstacleCount == 0 }

  /// The number of rows removed.
  package var removed: Int { counts.removed.values.reduce(0, +) }

  /// The number of rows restored.
  package var restored: Int { counts.restored.values.reduce(0, +) }

  /// Adds an obstacle that is about the run itself, and so the only one.
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

  /// The options of the undo's run in the ledger: a JSON object.
  var optionsJSON: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("run", undoneRun)
      $0.member("removed") { $0.counts(counts.removed, catalog) }
      $0.member("restored") { $0.counts(counts.restored, catalog) }
    }
    return writer.text
  }
}

extension UndoReport {
  /// The report as a JSON object: `success`, `database`, `undone_run`, `run`, `backup` (its
  /// path, or null), `dry_run`, `nothing_to_undo`, `removed` and `restored` per kind with `total`,
  /// `removed_elsewhere` (rows of other applications, per table), `seconds`, `undo_first` (numbers
  /// of runs), `obstacle_groups`, `obstacles` and `obstacles_omitted`.
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
      $0.member("removed") { $0.counts(counts.removed, catalog) }
      $0.member("restored") { $0.counts(counts.restored, catalog) }
      $0.object("removed_elsewhere") { writer in
        for (table, count) in counts.removedElsewhere.sorted(by: { $0.key < $1.key }) {
          writer.member(table, count)
        }
      }
      $0.member("seconds", duration.seconds)
      $0.member("undo_first", each: runsToUndoFirst) { $0.integer($1) }
      $0.member("obstacle_groups", each: obstacleGroups) { $0.group($1) }
      $0.member("obstacles", each: obstacles) { $0.obstacle($1) }
      $0.member("obstacles_omitted", obstacleCount - obstacles.count)
    }
    return writer.text
  }
}

extension JSONWriter {
  fileprivate mutating func group(_ group: UndoObstacleGroup) {
    object {
      $0.member("code", group.code)
      $0.member("undo_first", group.undoFirst)
      $0.member("count", group.count)
      $0.member("message", group.message)
      $0.member("examples", each: group.examples) { $0.obstacle($1) }
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

/// Obstacles of one kind with the same remedy, such as undoing run 2 first.
public struct UndoObstacleGroup: Sendable, Hashable {
  /// Their common code, such as `row.referred`.
  public internal(set) var code: String
  /// The later run that has to be undone first; `nil` if the remedy is another.
  package internal(set) var undoFirst: Int64?
  /// The number of obstacles.
  public internal(set) var count = 0
  /// The first three obstacles.
  package internal(set) var examples: [UndoObstacle] = []

  /// The maximum number of obstacles a group keeps.
  static let examplesKept = 3

  /// A human-readable description: what prevents the undo, and how to fix it.
  public var message: String {
    guard let first = examples.first else { return "" }
    let references = PlainText.counted(count, "reference")
    switch first.reason {
    case .isRunning, .isUndone, .isUndo, .lacksImages, .isUntraced: return first.message
    case .isReferred:
      let verb = count == 1 ? "leads" : "lead"
      guard let undoFirst else {
        return "\(references) from rows that would stay \(verb) to rows that would be removed; "
          + "change or delete those that would stay first. References that led nowhere before the "
          + "run lead nowhere again only in a backup from before it"
      }
      return "\(references) from rows of run \(undoFirst) \(verb) to rows that would be removed; "
        + "undo run \(undoFirst) first"
    case .mayBeReferredElsewhere(let table):
      return
        "the table \(Violation.quoted(table)) of another application may refer to rows that would "
        + "be removed, and the user of the database may not read it; grant it SELECT"
    case .misses:
      return "\(references) of rows as they were \(count == 1 ? "leads" : "lead") to rows that no "
        + "longer exist; insert those first"
    case let reason: return "\(PlainText.counted(count, "row")) \(reason.predicate(of: count))"
    }
  }

  /// The entities of the first obstacles, such as `pattern "p1"`.
  ///
  /// For a reference to a row that would be removed, it is the referring row.
  package var subjects: [String] {
    examples.compactMap { obstacle in
      if case .isReferred(let kind, let id) = obstacle.reason { return UndoObstacle.name(kind, id) }
      guard let kind = obstacle.kind, let id = obstacle.id else { return nil }
      return UndoObstacle.name(kind, id)
    }
  }
}

/// Groups obstacles, keeping only the first few of each group.
struct UndoObstacleGroups {
  /// The common properties of the obstacles of a group.
  private struct Key: Hashable {
    var code: String
    var undoFirst: Int64?
    /// The run, the table of another application or the kind that the reason names.
    var other: String?
  }

  private var positions: [Key: Int] = [:]
  private var groups: [UndoObstacleGroup] = []

  /// Adds an obstacle; undoing the later run `undoFirst` would remove it.
  mutating func add(_ obstacle: UndoObstacle, undoFirst: Int64?) {
    var key = Key(code: obstacle.reason.code, undoFirst: undoFirst)
    switch obstacle.reason {
    case .isReplaced(let run): key.other = run.map { "\($0)" }
    case .isReferredElsewhere(let table): key.other = "table \(table)"
    case .mayBeReferredElsewhere(let table): key.other = "unreadable table \(table)"
    case .lacksImages(let run, _): key.other = "\(obstacle.kind?.rawValue ?? "") of run \(run)"
    case .isUntraced: key.other = obstacle.kind?.rawValue
    default: break
    }
    let position = positions[key] ?? groups.count
    if position == groups.count {
      positions[key] = position
      groups.append(UndoObstacleGroup(code: key.code, undoFirst: undoFirst))
    }
    groups[position].count += 1
    if groups[position].examples.count < UndoObstacleGroup.examplesKept {
      groups[position].examples.append(obstacle)
    }
  }

  /// The groups: first those that undoing a later run removes, the newest run first because it may
  /// prevent undoing the older ones; then the others, the largest first.
  var sorted: [UndoObstacleGroup] {
    groups.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      if a.undoFirst != b.undoFirst { return (a.undoFirst ?? 0) > (b.undoFirst ?? 0) }
      return a.count != b.count ? a.count > b.count : left.offset < right.offset
    }.map(\.element)
  }
}

extension UndoObstacle {
  /// A human-readable description: what prevents the undo, and how to fix it.
  package var message: String {
    guard let kind else { return reason.predicate() }
    guard let id else { return "\(kind.schema.plural): \(reason.predicate())" }
    return "the \(Self.name(kind, id)) \(reason.predicate())"
  }

  static func name(_ kind: EntityKind, _ id: String) -> String {
    "\(kind.schema.singular) \(Violation.quoted(id))"
  }
}

extension UndoObstacle.Reason {
  /// What is true of a number of rows, or of the run, and how to fix it.
  fileprivate func predicate(of count: Int = 1) -> String {
    let (was, it, them) = count == 1 ? ("was", "it", "it") : ("were", "they", "them")
    return switch self {
    case .isRunning: "the run is under way; stop it first, or wait until it has finished"
    case .isUndone(let run): "the run has already been undone, by run \(run)"
    case .isUndo:
      "the run is itself an undo; to restore what it removed, migrate the source again"
    case .isEdited:
      "\(was) changed in the database since the run; change \(them) back, or delete \(them)"
    case .isUnknown:
      "\(was) written by a version that kept no digest, so it is unknown whether \(it) changed "
        + "since; delete what is not needed"
    case .isUpdated(let run): "\(was) updated by run \(run) since; undo run \(run) first"
    case .isDeleted: "\(was) updated by the run and deleted since; insert what is to be restored"
    case .isReplaced(let run?):
      "\(was) updated by the run and deleted since; the same id now has a row of run \(run)"
    case .isReplaced(nil):
      "\(was) updated by the run; the same id now has a row that is not from a migration, or the "
        + "ledger has lost where it is from"
    case .isReferred(let kind, let id):
      "would be removed, but the \(UndoObstacle.name(kind, id)) refers to it; change or delete that "
        + "first"
    case .isReferredElsewhere(let table):
      "\(count == 1 ? "is" : "are") referred to by the table \(Violation.quoted(table)) of another application; "
        + "delete or change its rows first"
    case .mayBeReferredElsewhere(let table):
      "may be referred to by the table \(Violation.quoted(table)) of another application, which the "
        + "user of the database may not read; grant it SELECT"
    case .misses(let kind, let id):
      "referred to the \(UndoObstacle.name(kind, id)), which no longer exists; "
        + "insert that first"
    case .lacksImages(let run, let rows):
      "the before-images of \(PlainText.counted(rows, "row")) that run \(run) updated are missing, "
        + "so it is unknown what these were; restore the database from a backup"
    case .isUntraced(let rows):
      "the run wrote \(PlainText.counted(rows, "row")), but the ledger no longer says which; "
        + "restore the database from a backup"
    }
  }
}
