/// The right to write to a database, held across processes.
///
/// A `flock` on a file beside the database, so it dies with its process. Never on the database
/// itself: closing any descriptor of that would drop SQLite's own (POSIX) locks.
package struct WriterLock: ~Copyable {
  private let path: String
  private let descriptor: Int32

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
    let deadline = Platform.uptime + max(timeout, 0.05)
    while true {
      guard let descriptor = Platform.openLockFile(path) else {
        throw Self.cannotLock(database, path, Platform.lastError)
      }
      switch Platform.tryLock(descriptor) {
      case .success:
        // Whoever released the lock deleted its file: the lock counts only on the file that is
        // there now.
        let locked = Platform.stamp(descriptor: descriptor)
        if let there = Platform.stamp(path), let locked, there.inode == locked.inode,
          there.device == locked.device
        {
          Platform.replaceContent(descriptor, with: "\(Platform.processID)\n")
          self.path = path
          self.descriptor = descriptor
          return
        }
        Platform.closeFile(descriptor)
      case .failure(let error):
        Platform.closeFile(descriptor)
        throw Self.cannotLock(database, path, error.code)
      case nil:
        let holder = Platform.content(descriptor)
        Platform.closeFile(descriptor)
        guard Platform.uptime < deadline else { throw Self.isLocked(database, by: holder) }
        Platform.pause(microseconds: 5000)
      }
    }
  }

  /// Gives the lock up; the end of the value does so too.
  package consuming func release() {}

  deinit {
    // In this order: once the file is unlocked it may be another's.
    Platform.remove(path)
    Platform.closeFile(descriptor)
  }

  /// Whether someone holds the lock of a database.
  ///
  /// Creates no file.
  package static func isHeld(database: String) -> Bool {
    guard let descriptor = Platform.openExistingFile(database + ".lock") else { return false }
    defer { Platform.closeFile(descriptor) }
    return Platform.tryLock(descriptor, shared: true) == nil
  }

  private static func cannotLock(_ database: String, _ path: String, _ code: Int32) -> StoreError {
    StoreError(
      .cannotOpen,
      "\(database) cannot be locked for writing: \(path): \(Platform.message(code)); "
        + "writing needs a directory one may write to",
      path: database)
  }

  private static func isLocked(_ database: String, by holder: String) -> StoreError {
    let digits = holder.prefix { $0.isASCII && $0.isNumber }
    let writer: String
    if digits.isEmpty {
      writer = "another process"
    } else if String(digits) == String(Platform.processID) {
      writer = "another part of this process (\(digits))"
    } else {
      writer = "process \(digits)"
    }
    return StoreError(
      .locked, "\(database) is being written by \(writer); wait for it to end, or stop it",
      path: database)
  }
}
