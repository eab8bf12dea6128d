package import RMOSSystem

/// A directory tree that is written next to its place and renamed once it is complete.
///
/// It is written into a hidden directory, `.NAME.incomplete-1`, so a migration ignores what a
/// killed process leaves behind; the next process that writes to the same place removes it. A
/// directory that is still being written to is locked.
package struct StagedDirectory {
  /// The maximum number of processes that write to the same place at once.
  private static let mostNames = 100
  /// The maximum number of bytes of the place's name used for the staging directory's.
  private static let longestName = 200
  /// How many files are still removed after cancellation; the next process removes the others.
  private static let cancellationAllowance = 10_000

  /// The directory to write to.
  package let path: [UInt8]
  /// The place, as given.
  private let target: [UInt8]
  /// The place, without links.
  private let place: [UInt8]
  /// The empty directory at the place; `nil` if there is none.
  private let replaced: FileStatus.Identity?
  /// The permissions of the finished tree.
  private let mode: UInt32
  /// The parent directories that were created for it, the lowest first.
  private let created: [[UInt8]]
  private let handle: FileDescriptor
  private let isCancelled: () -> Bool

  /// Creates a directory to write to, and missing parents of its place.
  ///
  /// - Parameters:
  ///   - target: The place: an empty directory, or nothing.
  ///   - isCancelled: Polled periodically.
  /// - Throws: ``SystemError/notEmpty`` if the place is not empty.
  package init(for target: [UInt8], isCancelled: @escaping () -> Bool) throws(SystemError) {
    self.isCancelled = isCancelled
    var target = target
    while target.count > 1, target.last == UInt8(ascii: "/") || target.suffix(2) == [0x2F, 0x2E] {
      target.removeLast()
    }
    var replacedMode: UInt32?
    var created: [[UInt8]] = []
    if let status = try Self.status(of: target) {
      guard try FileSystem.isEmpty(directory: target) else { throw .notEmpty }
      if (try? FileStatus(of: [UInt8(ascii: ".")]).identity) == status.identity {
        throw .isCurrentDirectory
      }
      replaced = status.identity
      place = try target.resolved()
      let handle = try FileDescriptor(directory: place)
      defer { handle.close() }
      replacedMode = try handle.status().permissions
    } else {
      replaced = nil
      let (parent, name) = (target.directoryPath, target.lastName)
      created = try Self.makeDirectories(parent)
      do throws(SystemError) {
        place = try parent.resolved() + [UInt8(ascii: "/")] + name
      } catch {
        Self.remove(created)
        throw error
      }
    }
    do throws(SystemError) {
      let usual: UInt32
      (path, handle, usual) = try Self.create(for: place, isCancelled)
      mode = replacedMode ?? usual
    } catch {
      Self.remove(created)
      throw error
    }
    self.target = target
    self.created = created
  }

  /// The status of the file or directory at a path; `nil` if there is none.
  private static func status(of path: [UInt8]) throws(SystemError) -> FileStatus? {
    do throws(SystemError) {
      return try FileStatus(of: path)
    } catch {
      guard error == .notFound else { throw error }
      if FileStatus.isLink(path) { throw .leadsNowhere }
      return nil
    }
  }

  /// Creates a directory and missing parents.
  ///
  /// - Returns: The directories that were created, the lowest first.
  private static func makeDirectories(_ path: [UInt8]) throws(SystemError) -> [[UInt8]] {
    var missing: [[UInt8]] = []
    var next = path
    while try status(of: next) == nil, missing.last != next {
      missing.append(next)
      next = next.directoryPath
    }
    try FileSystem.makeDirectories(path)
    return missing
  }

  private static func remove(_ created: [[UInt8]]) {
    for directory in created { try? FileSystem.removeDirectory(directory) }
  }

  private static func create(
    for place: [UInt8], _ isCancelled: () -> Bool
  ) throws(SystemError) -> (path: [UInt8], handle: FileDescriptor, usualMode: UInt32) {
    let (parent, name) = (place.directoryPath, place.lastName)
    var shortened = name.prefix(longestName)
    // Do not cut a character in two.
    if shortened.count < name.count {
      while let last = shortened.last, last & 0xC0 == 0x80 { shortened.removeLast() }
      if let last = shortened.last, last >= 0xC0 { shortened.removeLast() }
    }
    let directory = parent.last == UInt8(ascii: "/") ? parent : parent + [UInt8(ascii: "/")]
    for number in 1...mostNames {
      let path = directory + [UInt8(ascii: ".")] + shortened + Array(".incomplete-\(number)".utf8)
      try removeLeftOver(path, isCancelled)
      do throws(SystemError) {
        try FileSystem.makeDirectory(path)
      } catch {
        if error == .exists { continue }
        throw error
      }
      do throws(SystemError) {
        if let (handle, usual) = try open(path) { return (path, handle, usual) }
      } catch {
        try? FileSystem.removeDirectory(path)
        throw error
      }
    }
    throw .exists
  }

  /// Opens and locks a directory that was just created, and makes it private.
  ///
  /// - Returns: The open directory and its permissions before; `nil` if another process took it for
  ///   one left behind.
  private static func open(
    _ path: [UInt8]
  ) throws(SystemError) -> (handle: FileDescriptor, usualMode: UInt32)? {
    let handle = try FileDescriptor(directory: path)
    do throws(SystemError) {
      let status = try handle.status()
      // A process that removes such directories may have been faster than the lock.
      guard (try? handle.tryLock()) != false,
        try FileStatus.identity(ofLink: path) == status.identity
      else {
        handle.close()
        return nil
      }
      // Keep the set-group-ID bit, which new entries inherit.
      try handle.setPermissions(status.permissions & 0o7000 | 0o700)
      return (handle, status.permissions)
    } catch {
      handle.close()
      throw error
    }
  }

  /// Removes a directory that a killed process of the same user left behind; one that is still
  /// being written to is locked.
  private static func removeLeftOver(
    _ path: [UInt8], _ isCancelled: () -> Bool
  ) throws(SystemError) {
    guard let handle = try? FileDescriptor(directory: path) else { return }
    defer { handle.close() }
    guard (try? handle.status())?.owner == ProcessEnvironment.user, (try? handle.tryLock()) == true
    else { return }
    try removeTree(path, isCancelled)
  }

  private static func removeTree(
    _ path: [UInt8], _ isCancelled: () -> Bool
  ) throws(SystemError) {
    var allowance = cancellationAllowance
    try FileSystem.removeTree(path, allowance: &allowance, isCancelled: isCancelled)
  }

  /// Moves the tree to its place.
  ///
  /// - Parameters:
  ///   - durableFiles: The number of files in the tree, to wait until all of them are on disk, so
  ///     that a power failure leaves no names without content; `nil` not to wait.
  ///   - synchronizeParent: Waits until the names in a directory are on disk; for tests.
  /// - Returns: The reason why a power failure may take the tree, which is in its place, away;
  ///   `nil` if there is none.
  /// - Throws: ``SystemError/wasMoved`` if another program moved the tree, or something else into
  ///   its place; ``SystemError/cancelled``.
  package func publish(
    durableFiles: Int?,
    synchronizeParent: ([UInt8]) throws(SystemError) -> Void = { path throws(SystemError) in
      try FileSystem.synchronize(path)
    }
  ) throws(SystemError) -> SystemError? {
    if let durableFiles { try synchronize(durableFiles) }
    try handle.setPermissions(mode)
    try check(path, is: handle.status().identity)
    if let replaced { try check(place, is: replaced) }
    if isCancelled() { throw .cancelled }
    try FileSystem.rename(path, to: place)
    try check(target, is: handle.status().identity)
    guard durableFiles != nil else { return nil }
    // Synchronizing the parents keeps the names after a power failure; a parent that may not be
    // opened is skipped.
    var directory = place.directoryPath
    for _ in 0...created.count {
      do throws(SystemError) {
        try synchronizeParent(directory)
      } catch {
        if error != .accessDenied { return error }
      }
      directory = directory.directoryPath
    }
    return nil
  }

  private func check(
    _ path: [UInt8], is identity: FileStatus.Identity
  ) throws(SystemError) {
    guard (try? FileStatus(of: path).identity) == identity else { throw .wasMoved }
  }

  /// Waits until everything written is on disk.
  private func synchronize(_ fileCount: Int) throws(SystemError) {
    // Synchronizing 100,000 files one by one takes minutes, since each waits for the disk.
    if fileCount > 100, try handle.synchronizeFileSystem() { return }
    var directories = [path]
    while let directory = directories.popLast() {
      var paths = [directory]
      try unsafe FileSystem.forEachEntry(ofDirectory: directory, isCancelled: isCancelled) {
        name, type in
        let entry = unsafe directory + [UInt8(ascii: "/")] + name
        let isDirectory =
          type == .unknown
          ? (try? FileStatus(of: entry).form) == .directory : type == .directory
        if isDirectory { directories.append(entry) } else { paths.append(entry) }
      }
      // The directory itself comes last.
      for path in paths.reversed() {
        if isCancelled() { throw .cancelled }
        try FileSystem.synchronize(path)
      }
    }
  }

  /// Removes the tree that was not published, and the directories created for it; after
  /// cancellation, only as much as takes a moment.
  package func remove() {
    if (try? FileStatus(of: path).identity) == (try? handle.status().identity) {
      try? Self.removeTree(path, isCancelled)
    }
    Self.remove(created)
  }

  /// Closes the directory.
  package func close() { handle.close() }
}
