/// The right to write to a database, held across processes.
///
/// A `flock` on a file beside the database, so it dies with its process. Never on the database
/// itself: closing any descriptor of that would drop SQLite's own (POSIX) locks.
package struct WriterLock: ~Copyable {
  /// Where the lock is held.
  let place: Place
  private let descriptor: Int32

  /// The file that a lock is held on.
  struct Place: Sendable {
    fileprivate let database: String
    fileprivate let path: String
    fileprivate let identity: Platform.FileIdentity

    fileprivate var isThere: Bool { (try? Platform.entry(path))?.identity == identity }

    /// Checks that the file is still at its path: on another, another may hold the lock.
    ///
    /// - Throws: ``StoreError/Code/replaced``.
    func check() throws(StoreError) {
      guard !isThere else { return }
      throw StoreError(
        .replaced,
        "\(path), the lock of the one who writes to \(database), was removed or replaced while "
          + "this process was writing, so another may write there by now; what was not committed "
          + "was rolled back. Leave that file alone while something writes, and run again",
        path: database)
    }
  }

  /// What ends in a lock file's name.
  static let suffix = ".lock"

  /// Takes the lock of a database.
  ///
  /// - Parameters:
  ///   - database: The database's path, links resolved.
  ///   - timeout: How long to wait where another process or store holds it, seconds.
  /// - Throws: ``StoreError/Code/locked``, or ``StoreError/Code/cannotOpen`` where there can be no
  ///   lock file.
  package init(database: String, timeout: Double) throws {
    let path = database + Self.suffix
    // Whoever merely looks (isHeld) holds it for a moment too; that must not refuse a writer.
    let shortDeadline = Platform.uptime + 0.05
    let deadline = max(Platform.uptime + timeout, shortDeadline)
    while true {
      let failure: StoreError
      var lastMoment = shortDeadline
      switch Self.attempt(path, database) {
      case .taken(let descriptor, let identity):
        place = Place(database: database, path: path, identity: identity)
        self.descriptor = descriptor
        return
      case .held(let holder):
        failure = Self.isLocked(database, by: holder)
        lastMoment = deadline
      case .vanished:
        // Others write one after the other, and this one is never in time.
        failure = Self.isLocked(database, by: "")
        lastMoment = deadline
      case .failed(let code):
        failure = Self.refusal(database, path, code)
      }
      // What another creates at this moment may not be open to all yet.
      guard Platform.uptime < lastMoment else { throw failure }
      Platform.pause(microseconds: 5000)
    }
  }

  /// Gives the lock up; the end of the value does so too.
  package consuming func release() {}

  deinit {
    // In this order: once the file is unlocked it may be another's.
    if place.isThere { Platform.remove(place.path) }
    Platform.closeFile(descriptor)
  }

  /// Whether someone holds the lock of a database; nil where that cannot be told.
  ///
  /// Creates no file.
  package static func isHeld(database: String) -> Bool? {
    let path = database + suffix
    do throws(Platform.SystemError) {
      let descriptor = try Platform.openForLooking(path)
      defer { Platform.closeFile(descriptor) }
      // On anything else nobody can hold it.
      guard try Platform.status(descriptor: descriptor).kind == .regular else { return false }
      return Platform.tryLock(descriptor, shared: true) == nil
    } catch {
      guard !Platform.isAbsence(error.code), let entry = try? Platform.entry(path) else {
        return false
      }
      return entry.kind == .regular ? nil : false
    }
  }

  /// Removes a lock file that this user may not even open, where nobody can be holding it.
  ///
  /// Whoever writes has the log's index open, which lies beside the database.
  static func removeAbandoned(database: String) {
    let path = database + suffix
    guard let entry = try? Platform.entry(path), entry.kind == .regular,
      Platform.readingFailure(path) != 0, Platform.writingFailure(path) != 0,
      !Platform.hasEntry(database + "-shm"), !Platform.hasEntry(database + "-journal")
    else { return }
    Platform.remove(path)
  }

  /// Refuses what can never be locked in the place of a database's lock file.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``.
  static func checkFitness(database: String) throws(StoreError) {
    let path = database + suffix
    guard let entry = try? Platform.entry(path) else { return }
    var failure = Platform.readingFailure(path)
    if failure != 0 {
      // What another creates at this moment may not be open to all yet.
      Platform.pause(microseconds: 50_000)
      failure = Platform.readingFailure(path)
    }
    let isRefused = failure != 0 && !Platform.isAbsence(failure)
    if !isFit(entry) || isRefused { throw refusal(database, path, failure) }
  }

  /// A lock file has a line with a number.
  private static func isFit(_ entry: Platform.FileStatus) -> Bool {
    entry.kind == .regular && entry.links <= 1 && entry.size <= 64
  }

  // MARK: Taking it

  private enum Attempt {
    case taken(Int32, Platform.FileIdentity)
    case held(by: String)
    /// The file was removed as it was being locked, as by one who gave the lock up.
    case vanished
    case failed(Int32)
  }

  private static func attempt(_ path: String, _ database: String) -> Attempt {
    let descriptor: Int32
    let isWritable: Bool
    do throws(Platform.SystemError) {
      (descriptor, isWritable) = try open(path, database)
    } catch {
      return Platform.isAbsence(error.code) && !Platform.hasEntry(path)
        && Platform.hasEntry(database) ? .vanished : .failed(error.code)
    }
    var isKept = false
    defer { if !isKept { Platform.closeFile(descriptor) } }
    do throws(Platform.SystemError) {
      let status = try Platform.status(descriptor: descriptor)
      guard isFit(status) else { return .failed(0) }
      switch Platform.tryLock(descriptor) {
      case nil: return .held(by: Platform.content(descriptor))
      case .failure(let error): return .failed(error.code)
      case .success: break
      }
      // Whoever released the lock deleted its file: the lock counts only on the file that is there
      // now.
      guard try Platform.entry(path).identity == status.identity else { return .vanished }
      if isWritable {
        Platform.replaceContent(descriptor, with: "\(Platform.processID)\n")
      } else if Platform.remove(path) {
        // Of a process that died; one of our own can say who holds it.
        return .vanished
      }
      isKept = true
      return .taken(descriptor, status.identity)
    } catch {
      return Platform.isAbsence(error.code) ? .vanished : .failed(error.code)
    }
  }

  private static func open(
    _ path: String, _ database: String
  ) throws(Platform.SystemError) -> (Int32, Bool) {
    do throws(Platform.SystemError) {
      return (try Platform.createLockFile(path, like: try? Platform.status(database)), true)
    } catch {
      guard Platform.isPresence(error.code) else { throw error }
      return try Platform.openLockFile(path)
    }
  }

  // MARK: Messages

  private static func cannotLock(
    _ database: String, _ path: String, _ reason: String
  ) -> StoreError {
    StoreError(
      .cannotOpen, "\(database) cannot be locked for writing: \(path): \(reason)", path: database)
  }

  private static func refusal(_ database: String, _ path: String, _ code: Int32) -> StoreError {
    guard let entry = try? Platform.entry(path) else {
      guard !Platform.isOutOfSpace(code) else { return .diskFull(database) }
      return cannotLock(
        database, path,
        Platform.message(code) + "; writing needs a directory one may write to")
    }
    let wayOut = "Where no rmos-cli runs on this database, delete that file"
    guard isFit(entry) else {
      let found =
        entry.kind != .regular
        ? entry.kind.rawValue
        : entry.links > 1
          ? "a file of \(entry.links) names" : "a file of \(entry.size) bytes"
      return cannotLock(database, path, "it is \(found), not a lock file. \(wayOut)")
    }
    guard Platform.isRefusal(code) else {
      return cannotLock(database, path, Platform.message(code))
    }
    return cannotLock(
      database, path,
      "\(Platform.message(code)): the file is \(Platform.userName(entry.owner))'s. \(wayOut)")
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
