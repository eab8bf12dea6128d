import RMOSSystem

/// The right to write to a database, held across processes.
///
/// A `flock` on a file beside the database, so it dies with its process. Never on the database
/// itself: closing any descriptor of that would drop SQLite's own (POSIX) locks.
package struct WriterLock: ~Copyable {
  private let path: String
  private let file: FileDescriptor

  /// Takes the lock of a database.
  ///
  /// - Parameters:
  ///   - database: The database's path, links resolved.
  ///   - timeout: How long to wait where another process or store holds it, seconds.
  /// - Throws: ``StoreError/Code/locked``, or ``StoreError/Code/cannotOpen`` where the lock file
  ///   cannot be created.
  package init(database: String, timeout: Double) throws {
    let path = database + ".lock"
    // Whoever merely looks (isHeld) holds it for a moment too; that must not refuse a writer.
    let deadline = Deadline(after: max(timeout, 0.05))
    while true {
      let file: FileDescriptor
      do throws(SystemError) {
        file = try FileDescriptor(lockFile: path)
      } catch {
        throw Self.cannotLock(database, path, error)
      }
      let isFree: Bool
      do throws(SystemError) {
        isFree = try file.tryLock()
      } catch {
        file.close()
        throw Self.cannotLock(database, path, error)
      }
      guard isFree else {
        let holder = file.beginning()
        file.close()
        guard !deadline.hasPassed else { throw Self.isLocked(database, by: holder) }
        SystemThread.pause(milliseconds: 5)
        continue
      }
      // Whoever released the lock deleted its file: the lock counts only on the file that is
      // there now.
      if let there = try? FileStatus(of: path), let locked = try? file.status(),
        there.identity == locked.identity
      {
        file.replaceContent(with: "\(ProcessEnvironment.processID)\n")
        self.path = path
        self.file = file
        return
      }
      file.close()
    }
  }

  /// Gives the lock up; the end of the value does so too.
  package consuming func release() {}

  deinit {
    // In this order: once the file is unlocked it may be another's.
    try? FileSystem.removeFile(path)
    file.close()
  }

  /// Whether someone holds the lock of a database.
  ///
  /// Creates no file.
  package static func isHeld(database: String) -> Bool {
    guard let file = try? FileDescriptor(reading: database + ".lock") else { return false }
    defer { file.close() }
    return (try? file.tryLock(shared: true)) == false
  }

  private static func cannotLock(
    _ database: String, _ path: String, _ error: SystemError
  ) -> StoreError {
    StoreError(
      .cannotOpen,
      "\(database) cannot be locked for writing: \(path): \(error.reason); "
        + "writing needs a directory one may write to",
      path: database)
  }

  private static func isLocked(_ database: String, by holder: String) -> StoreError {
    let digits = holder.prefix { $0.isASCII && $0.isNumber }
    let writer: String
    if digits.isEmpty {
      writer = "another process"
    } else if String(digits) == String(ProcessEnvironment.processID) {
      writer = "another part of this process (\(digits))"
    } else {
      writer = "process \(digits)"
    }
    return StoreError(
      .locked, "\(database) is being written by \(writer); wait for it to end, or stop it",
      path: database)
  }
}
