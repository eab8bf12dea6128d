import RMOSModels
import RMOSSystem

/// What became of the copies of what failed.
///
/// See ``MigrationOptions/rejectsDirectory``.
public struct Rejects: Sendable, Hashable {
  /// The directory, as given.
  public internal(set) var directory: String
  /// How many failed entities have their bytes and issues there.
  ///
  /// Of what cannot be read at all there are only the issues.
  public internal(set) var written = 0
  /// How many are not there, or not whole, because of ``failure``.
  public internal(set) var notWritten = 0
  /// Why the first of those is not; nil where all are.
  public internal(set) var failure: String?
}

extension MigrationError.Code {
  /// The directory for rejects holds something already.
  public static let rejectsNotEmpty = MigrationError.Code(rawValue: "rejects.not-empty")
  /// The directory for rejects cannot be written.
  public static let rejectsUnwritable = MigrationError.Code(rawValue: "rejects.unwritable")
  /// The directory for rejects is where the source is read from.
  public static let rejectsInSource = MigrationError.Code(rawValue: "rejects.in-source")
}

extension Migration {
  /// Checks that a directory will take the rejects of a source, before a store is made for it.
  ///
  /// Creates nothing. ``run(observer:)`` checks this itself.
  ///
  /// - Throws: ``MigrationError/Code/rejectsNotEmpty``, ``MigrationError/Code/rejectsInSource`` or
  ///   ``MigrationError/Code/rejectsUnwritable``.
  public static func checkRejects(_ directory: String, source: String) throws(MigrationError) {
    let path = Array(directory.utf8)
    let existing = nearest(to: path)
    var isFree = true
    do throws(SystemError) {
      // What a killed run was writing counts for nothing.
      isFree = try FileSystem.isEmpty(directory: path, but: PrivateDirectory.stagedName)
      if isFree { try FileSystem.checkOwned(directory: path) }
    } catch {
      guard error == .notFound else { throw unwritable(directory, error) }
    }
    guard isFree else { throw notEmpty(directory) }
    do throws(SystemError) {
      if (try? FileStatus(of: existing)) == nil {
        throw .leadsNowhere
      }
      try FileSystem.checkWritable(directory: existing)
    } catch {
      throw unwritable(directory, error)
    }
    if let kind = kindRead(from: existing, of: source) {
      throw MigrationError(
        .rejectsInSource,
        "\(directory) is in \(source)/\(kind.table), which is read from; name a directory elsewhere"
      )
    }
  }

  /// The directory, or the nearest above it that is there, if only as a link that leads nowhere.
  private static func nearest(to path: [UInt8]) -> [UInt8] {
    var path = path
    while (try? FileStatus(of: path)) == nil {
      while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
      if FileStatus.isLink(path) { return path }
      guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
      if slash == 0 { return [UInt8(ascii: "/")] }
      path.removeSubrange(slash...)
    }
    return path
  }

  static func notEmpty(_ directory: String) -> MigrationError {
    MigrationError(
      .rejectsNotEmpty,
      "\(directory) is not empty, and rejects of two runs must not mix; name a new directory for "
        + "them, or empty this one first")
  }

  static func unwritable(_ directory: String, _ error: SystemError) -> MigrationError {
    MigrationError(
      .rejectsUnwritable,
      "rejects cannot be written to \(directory): \(error.reason); name a directory that can be "
        + "written to")
  }
}
