import RMOSSystem

/// The lock that a process holds while it writes to a database.
///
/// It is a `flock` on a file next to the database, and ends with the process. It is not on the
/// database itself, because closing any descriptor of that file would release SQLite's own (POSIX)
/// locks.
package struct WriterLock: ~Copyable {
  /// The file that the lock is on.
  let place: Place
  private let file: FileDescriptor

  /// A lock file.
  struct Place: Sendable {
    fileprivate let database: String
    fileprivate let path: String
    fileprivate let identity: FileStatus.Identity

    fileprivate var isThere: Bool { (try? FileStatus(ofLink: path))?.identity == identity }

    /// Checks that the file is still at its path: another process may hold the lock on another
    /// file.
    ///
    /// - Throws: ``StoreError/Code/replaced``.
    func check() throws(StoreError) {
      guard !isThere else { return }
      throw StoreError(
        .replaced,
        "\(path), the lock on \(database), was removed or replaced while this process was writing, so "
          + "another process may be writing by now; what was not committed was rolled back. Do not "
          + "remove that file while a program writes, and run again",
        path: database)
    }
  }

  /// The end of a lock file's name.
  static let suffix = ".lock"

  /// Takes the lock of a database.
  ///
  /// - Parameters:
  ///   - database: The database's path, links resolved.
  ///   - timeout: How long to wait if another process or store holds it.
  /// - Throws: ``StoreError/Code/locked``, or ``StoreError/Code/cannotOpen`` if there can be no
  ///   lock file.
  package init(database: String, timeout: Duration) throws {
    let path = database + Self.suffix
    // A process that only tests the lock, in `isHeld`, holds it for a moment, which must not make a
    // writer fail.
    let shortDeadline = Deadline(after: .milliseconds(50))
    let deadline = max(Deadline(after: timeout), shortDeadline)
    while true {
      let failure: StoreError
      var lastMoment = shortDeadline
      switch Self.attempt(path, database) {
      case .taken(let file, let identity):
        place = Place(database: database, path: path, identity: identity)
        self.file = file
        return
      case .held(let holder):
        failure = Self.isLocked(database, by: holder)
        lastMoment = deadline
      case .vanished:
        // Other processes take the lock one after another, each before this process could.
        failure = Self.isLocked(database, by: "")
        lastMoment = deadline
      case .failed(let error):
        failure = Self.refusal(database, path, error)
      }
      // Even after a failure it tries for a moment: a file that another process is just creating
      // may not be accessible yet.
      guard !lastMoment.hasPassed else { throw failure }
      SystemThread.pause(milliseconds: 5)
    }
  }

  /// Releases the lock, as the end of its lifetime does.
  consuming func release() {}

  deinit {
    // The file is removed before it is unlocked; after that, another process may have locked it.
    if place.isThere { try? FileSystem.removeFile(place.path) }
    file.close()
  }

  /// Whether any process holds the lock of a database; `nil` if that is unknown.
  ///
  /// Creates no file.
  static func isHeld(database: String) -> Bool? {
    let path = database + suffix
    do throws(SystemError) {
      let file = try FileDescriptor(lookingAt: path)
      defer { file.close() }
      // Only a regular file can be locked.
      guard try file.status().form == .file else { return false }
      return try !file.tryLock(shared: true)
    } catch {
      guard !error.isAbsent, let entry = try? FileStatus(ofLink: path) else {
        return false
      }
      return entry.form == .file ? nil : false
    }
  }

  /// Removes a lock file that this user may not even open, if no process can be holding it.
  ///
  /// While a process writes, the index of the log, or a journal, is next to the database.
  static func removeAbandoned(database: String) {
    let path = database + suffix
    guard let entry = try? FileStatus(ofLink: path), entry.form == .file,
      readingFailure(path) != nil,
      (try? FileSystem.checkWritable(path)) == nil,
      !FileStatus.hasEntry(database + "-shm"), !FileStatus.hasEntry(database + "-journal")
    else { return }
    try? FileSystem.removeFile(path)
  }

  /// Refuses a file at the path of the lock file that cannot be used as one.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``.
  static func checkFitness(database: String) throws(StoreError) {
    let path = database + suffix
    guard let entry = try? FileStatus(ofLink: path) else { return }
    var failure = readingFailure(path)
    if failure != nil {
      // A file that another process is creating may not be accessible yet.
      SystemThread.pause(milliseconds: 50)
      failure = readingFailure(path)
    }
    let isRefused = failure.map { !$0.isAbsent } ?? false
    if !isFit(entry) || isRefused { throw refusal(database, path, failure) }
  }

  private static func readingFailure(_ path: String) -> SystemError? {
    SystemError.thrown { () throws(SystemError) in try FileSystem.checkReadable(path) }
  }

  /// Whether a file may be a lock file, which contains a line with the id of a process.
  private static func isFit(_ entry: FileStatus) -> Bool {
    entry.form == .file && entry.linkCount <= 1 && entry.size <= 64
  }

  // MARK: Taking it

  private enum Attempt {
    case taken(FileDescriptor, FileStatus.Identity)
    case held(by: String)
    /// The file was removed while it was being locked, because another process released the lock.
    case vanished
    /// The lock could not be taken; without an error, the file is not a lock file.
    case failed(SystemError?)
  }

  private static func attempt(_ path: String, _ database: String) -> Attempt {
    let file: FileDescriptor
    let isWritable: Bool
    do throws(SystemError) {
      (file, isWritable) = try open(path, database)
    } catch {
      return error.isAbsent && !FileStatus.hasEntry(path)
        && FileStatus.hasEntry(database) ? .vanished : .failed(error)
    }
    var isKept = false
    defer { if !isKept { file.close() } }
    do throws(SystemError) {
      let status = try file.status()
      guard isFit(status) else { return .failed(nil) }
      guard try file.tryLock() else { return .held(by: file.beginning()) }
      // Another process may have released the lock and removed this file, so the lock is valid only
      // if the file is still at the path.
      guard try FileStatus(ofLink: path).identity == status.identity else { return .vanished }
      if isWritable {
        file.replaceContent(with: "\(ProcessEnvironment.processID)\n")
      } else if (try? FileSystem.removeFile(path)) != nil {
        // The file is a left-over of another user; the next attempt creates a new one, into which
        // this process can write its id.
        return .vanished
      }
      isKept = true
      return .taken(file, status.identity)
    } catch {
      return error.isAbsent ? .vanished : .failed(error)
    }
  }

  private static func open(
    _ path: String, _ database: String
  ) throws(SystemError) -> (FileDescriptor, Bool) {
    do throws(SystemError) {
      return (try FileDescriptor(creatingLockFile: path, like: try? FileStatus(of: database)), true)
    } catch {
      guard error == .exists else { throw error }
      return try FileDescriptor.openingLockFile(path)
    }
  }

  // MARK: Messages

  private static func cannotLock(
    _ database: String, _ path: String, _ reason: String
  ) -> StoreError {
    StoreError(
      .cannotOpen, "\(database) cannot be locked for writing: \(path): \(reason)", path: database)
  }

  private static func refusal(_ database: String, _ path: String, _ error: SystemError?)
    -> StoreError
  {
    let reason = error?.reason ?? "another file is in its place"
    guard let entry = try? FileStatus(ofLink: path) else {
      guard error?.isOutOfSpace != true else { return .diskFull(database) }
      return cannotLock(
        database, path,
        reason + "; "
          + (error?.isOutOfDescriptors == true
            ? StoreError.adviceOnDescriptors : "writing needs a writable directory"))
    }
    let wayOut = "If no program is writing to this database, delete that file"
    guard isFit(entry) else {
      let found =
        entry.form != .file
        ? entry.form.rawValue
        : entry.linkCount > 1
          ? "a file with \(entry.linkCount) names" : "a file of \(entry.size) bytes"
      return cannotLock(database, path, "it is \(found), not a lock file. \(wayOut)")
    }
    guard error?.isRefusal == true else {
      return cannotLock(database, path, reason)
    }
    return cannotLock(
      database, path,
      "\(reason): the file is \(ProcessEnvironment.userName(entry.owner))'s. \(wayOut)")
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
