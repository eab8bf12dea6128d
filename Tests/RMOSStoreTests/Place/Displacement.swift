import Foundation
import RMOSTestSupport

/// A way in which the database in use, `d/rmos.db`, disappears; another is at `other.db`.
enum Displacement: String, CaseIterable, Sendable {
  case renamed, deleted, replaced
  case directoryRenamed, directoryDeleted, directoryReplaced

  /// The new path of the file; `nil` if it is deleted.
  var newName: String? {
    switch self {
    case .renamed, .replaced: "d/moved.db"
    case .directoryRenamed, .directoryReplaced: "moved/rmos.db"
    case .deleted, .directoryDeleted: nil
    }
  }

  /// Whether another database is at the path afterwards.
  var putsAnother: Bool { self == .replaced || self == .directoryReplaced }

  /// Moves, deletes or replaces the database.
  func perform(in directory: TemporaryDirectory) throws {
    let manager = FileManager.default
    func move(_ old: String, _ new: String) throws {
      try manager.moveItem(atPath: directory.file(old), toPath: directory.file(new))
    }
    switch self {
    case .renamed: try move("d/rmos.db", "d/moved.db")
    case .deleted: try manager.removeItem(atPath: directory.file("d/rmos.db"))
    case .replaced:
      try move("d/rmos.db", "d/moved.db")
      try move("other.db", "d/rmos.db")
    case .directoryRenamed: try move("d", "moved")
    case .directoryDeleted: try manager.removeItem(atPath: directory.file("d"))
    case .directoryReplaced:
      try move("d", "moved")
      try manager.createDirectory(
        atPath: directory.file("d"), withIntermediateDirectories: false)
      try move("other.db", "d/rmos.db")
    }
  }
}
