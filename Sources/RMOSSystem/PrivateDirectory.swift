import CLibrary

/// An open directory whose entries are addressed through its descriptor, so that a link put into
/// its path cannot redirect them.
///
/// Files created in the directory are accessible only to their owner, whatever the umask.
package struct PrivateDirectory: Sendable {
  let descriptor: FileDescriptor

  /// Opens an existing directory without changing it: `open`.
  package init(existing path: some SystemPath) throws(SystemError) {
    descriptor = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
  }

  /// Opens a subdirectory, not a link to one: `openat`.
  package func directory(named name: [UInt8]) throws(SystemError) -> PrivateDirectory {
    let parent = descriptor.number
    return PrivateDirectory(
      FileDescriptor(
        try retrying {
          unsafe name.withCPath {
            unsafe openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
          }
        }))
  }

  private init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  /// Makes the directory accessible only to its owner: `fchmod`.
  package func makePrivate() throws(SystemError) { try descriptor.setPermissions(0o700) }

  /// Takes a lock that ends with the process, without waiting: `flock`.
  ///
  /// - Returns: Whether the lock was free; `true` if the file system has no such locks.
  package func tryLock() -> Bool { (try? descriptor.tryLock()) != false }

  /// Opens a subdirectory of `parent`, and creates it if necessary: `mkdirat`, `openat`.
  package init(_ name: some SystemPath, in parent: PrivateDirectory) throws(SystemError) {
    let parent = parent.descriptor.number
    let number = unsafe name.withCPath { (name) -> Int32 in
      if unsafe mkdirat(parent, name, 0o700) == 0 {
        // The umask may have removed permissions.
        _ = unsafe fchmodat(parent, name, 0o700, 0)
      } else if errno != EEXIST {
        return -1
      }
      return unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard number >= 0 else { throw .last }
    descriptor = FileDescriptor(number)
  }

  /// The name of a file that is being written.
  ///
  /// It is hidden, so that a migration ignores a file that a killed process left.
  package static let stagedName = Array(".incomplete".utf8)

  /// Creates a file under ``stagedName``, in place of one that a killed process left: `openat`,
  /// `fchmod`.
  ///
  /// ``placeStagedFile(as:)`` gives it its own name once it is complete.
  package func stageFile() throws(SystemError) -> FileDescriptor {
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor(creating: Self.stagedName, in: descriptor)
    } catch {
      guard error == .exists else { throw error }
      removeStagedFile()
      file = try FileDescriptor(creating: Self.stagedName, in: descriptor)
    }
    try? file.setPermissions(0o600)
    return file
  }

  /// Creates a file that must not exist yet: `openat`, `fchmod`.
  package func createFile(_ name: [UInt8]) throws(SystemError) -> FileDescriptor {
    let file = try FileDescriptor(creating: name, in: descriptor)
    try? file.setPermissions(0o600)
    return file
  }

  /// Gives the staged file its name, which must be free: `renameat`.
  package func placeStagedFile(as name: [UInt8]) throws(SystemError) {
    try checkIsFree(name)
    try move(Self.stagedName, to: self, as: name)
  }

  /// Checks that no entry has a name: `fstatat`.
  ///
  /// The name stays free only if no other process writes to the directory.
  package func checkIsFree(_ name: [UInt8]) throws(SystemError) {
    guard try form(of: name) == nil else { throw .exists }
  }

  /// Deletes the file that ``stageFile()`` created, ignoring errors: `unlinkat`.
  package func removeStagedFile() {
    _ = unsafe Self.stagedName.withCPath { unsafe unlinkat(descriptor.number, $0, 0) }
  }

  // MARK: Entries

  /// The names of the entries, in byte order, each with its form; links are not followed:
  /// `readdir`, `fstatat`.
  package func entries() throws(SystemError) -> [(name: [UInt8], form: FileStatus.Form)] {
    let names = try FileSystem.names(in: descriptor)
    var entries: [(name: [UInt8], form: FileStatus.Form)] = []
    entries.reserveCapacity(names.count)
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      // An entry that was deleted after the names were read is left out.
      if let form = try form(of: name) { entries.append((name, form)) }
    }
    return entries
  }

  /// The form of an entry; `nil` if there is none: `fstatat`.
  package func form(of name: [UInt8]) throws(SystemError) -> FileStatus.Form? {
    var info = stat()
    let directory = descriptor.number
    do throws(SystemError) {
      try retrying {
        unsafe name.withCPath { unsafe fstatat(directory, $0, &info, AT_SYMLINK_NOFOLLOW) }
      }
    } catch {
      guard error == .notFound else { throw error }
      return nil
    }
    return FileStatus(info).form
  }

  /// Opens a file for reading, not a link to one, without waiting: `openat`.
  package func file(named name: [UInt8]) throws(SystemError) -> FileDescriptor {
    let directory = descriptor.number
    return FileDescriptor(
      try retrying {
        unsafe name.withCPath {
          unsafe openat(directory, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        }
      })
  }

  /// Moves an entry to another directory, where it replaces a file of the new name: `renameat`.
  package func move(
    _ name: [UInt8], to other: PrivateDirectory, as newName: [UInt8]
  ) throws(SystemError) {
    let (from, to) = (descriptor.number, other.descriptor.number)
    try retrying {
      unsafe name.withCPath { name in
        unsafe newName.withCPath { unsafe renameat(from, name, to, $0) }
      }
    }
  }

  /// Deletes a file: `unlinkat`.
  package func removeFile(_ name: [UInt8]) throws(SystemError) { try remove(name, 0) }

  /// Deletes an empty directory: `unlinkat`.
  package func removeDirectory(_ name: [UInt8]) throws(SystemError) {
    try remove(name, AT_REMOVEDIR)
  }

  private func remove(_ name: [UInt8], _ flags: Int32) throws(SystemError) {
    let directory = descriptor.number
    try retrying { unsafe name.withCPath { unsafe unlinkat(directory, $0, flags) } }
  }

  /// Deletes everything in the directory; links are deleted, not followed.
  ///
  /// - Parameter last: The name of a file to delete last.
  /// - Throws: `SystemError` if something cannot be deleted.
  package func removeContents(last: [UInt8]? = nil) throws(SystemError) {
    let entries = try entries()
    for (name, form) in entries.filter({ $0.name != last }) + entries.filter({ $0.name == last }) {
      if form == .directory {
        let below = try directory(named: name)
        defer { below.close() }
        try below.removeContents()
        try removeDirectory(name)
      } else {
        try removeFile(name)
      }
    }
  }

  /// Waits until the directory and everything in it is on the disk: `syncfs`, which is faster than
  /// one file after the other; `fsync` on systems without it.
  package func synchronizeAll() throws(SystemError) {
    if try !descriptor.synchronizeFileSystem() { try synchronizeContents() }
  }

  /// Waits until the directory and everything in it is on the disk, one file after the other:
  /// `fsync`.
  package func synchronizeContents() throws(SystemError) {
    for (name, form) in try entries() {
      if form == .directory {
        let below = try directory(named: name)
        defer { below.close() }
        try below.synchronizeContents()
      } else if form == .file {
        let file = try file(named: name)
        defer { file.close() }
        try file.synchronize()
      }
    }
    try synchronize()
  }

  /// Waits until the names of the entries are on the disk, if the file system supports that:
  /// `fsync`.
  package func synchronize() throws(SystemError) {
    do throws(SystemError) {
      try descriptor.synchronize()
    } catch {
      guard error == .code(EINVAL) else { throw error }
    }
  }

  /// Checks that a path leads to this directory: `stat`, `fstat`.
  package func checkIsInPlace(at path: [UInt8]) throws(SystemError) {
    let identity = try descriptor.status().identity
    guard (try? FileStatus(of: path))?.identity == identity else { throw .wasMoved }
  }

  /// Releases the lock, if this directory holds it, and closes the directory: `flock`, `close`.
  package func close() {
    descriptor.unlock()
    descriptor.close()
  }
}
