import RMOSModels
public import RMOSStore

/// Obstacles of one kind that one thing removes, such as all that undoing run 2 first would.
public struct UndoObstacleGroup: Sendable, Hashable {
  /// Their common code, such as `row.referred`.
  public internal(set) var code: String
  /// The later run that has to be undone first; `nil` where that is not what helps.
  public internal(set) var undoFirst: Int64?
  /// How many there are.
  public internal(set) var count = 0
  /// The first of them; at most ``examplesKept``.
  public internal(set) var examples: [UndoObstacle] = []

  /// How many obstacles a group keeps.
  public static let examplesKept = 3

  /// What there is so often, and the way out.
  public var message: String {
    guard let reason = examples.first?.reason else { return "" }
    func rows(_ verb: String) -> String {
      "\(PlainText.counted(count, "row")) \(count == 1 ? "was" : "were") \(verb)"
    }
    let references = PlainText.counted(count, "reference")
    switch reason {
    case .isRunning, .isUndone, .isUndo: return examples.first?.message ?? ""
    case .isEdited:
      return rows("changed in the database since the run; ")
        + (count == 1 ? "change it back, or delete it" : "change them back, or delete them")
    case .isUnknown:
      return rows("written by a version that kept no digest, ")
        + "so nobody can tell whether they changed since; delete those that may go"
    case .isUpdated(let run): return rows("updated by run \(run) since; undo run \(run) first")
    case .isDeleted:
      return rows("updated by the run and deleted since; insert what is to come back")
    case .isReplaced(let run):
      return rows("updated by the run and deleted since; under the same id now stands a row ")
        + (run.map { "of run \($0)" } ?? "that is not from a migration")
    case .isReferred:
      let verb = count == 1 ? "leads" : "lead"
      guard let undoFirst else {
        return "\(references) from rows that would stay \(verb) to rows that would go; "
          + "delete or change those first"
      }
      return "\(references) from rows of run \(undoFirst) \(verb) to rows that would go; "
        + "undo run \(undoFirst) first"
    case .isReferredElsewhere(let table):
      return "\(rows("referred to")) by the table \(Violation.quoted(table)) of another "
        + "application; delete or change its rows first"
    case .misses:
      return "\(references) of rows as they were \(count == 1 ? "leads" : "lead") to what is not "
        + "there any more; insert that first"
    }
  }

  /// What the first obstacles are about, such as `pattern "p1"`.
  ///
  /// Where a row that would stay is in the way, it is that row.
  public var subjects: [String] {
    examples.compactMap { obstacle in
      if case .isReferred(let kind, let id) = obstacle.reason { return UndoObstacle.name(kind, id) }
      guard let kind = obstacle.kind, let id = obstacle.id else { return nil }
      return UndoObstacle.name(kind, id)
    }
  }
}

/// Sorts obstacles into groups, in the memory of the groups.
struct UndoObstacleGroups {
  /// What the obstacles of a group have in common.
  private struct Key: Hashable {
    var code: String
    var undoFirst: Int64?
    /// The run, or the table of another application, that the reason names.
    var other: String?
  }

  private var positions: [Key: Int] = [:]
  private var groups: [UndoObstacleGroup] = []

  /// Adds an obstacle; `undoFirst` is the later run without which it would not be there.
  mutating func add(_ obstacle: UndoObstacle, undoFirst: Int64?) {
    var key = Key(code: obstacle.reason.code, undoFirst: undoFirst)
    switch obstacle.reason {
    case .isReplaced(let run): key.other = run.map { "\($0)" }
    case .isReferredElsewhere(let table): key.other = "table \(table)"
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

  /// The groups: first those that undoing a later run removes, the newest run first, since it may
  /// be in the way of the older ones; then the others, the largest first.
  var sorted: [UndoObstacleGroup] {
    groups.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      if a.undoFirst != b.undoFirst { return (a.undoFirst ?? 0) > (b.undoFirst ?? 0) }
      return a.count != b.count ? a.count > b.count : left.offset < right.offset
    }.map(\.element)
  }
}
