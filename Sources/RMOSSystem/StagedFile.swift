import CLibrary

/// A file under a temporary name, which gets its own name once it is complete and on the disk.
///
/// The file is addressed through its open directory, not by its path, so that renaming the
/// directory does not make another file be moved or removed.
package final class StagedFile: Sendable {
  /// The path of the directory.
  private let directoryPath: String
  private let directory: FileDescriptor
  /// The file, for writing.
  package let file: FileDescriptor
  private let temporaryName: String
  /// The identity of the file.
  package let identity: FileStatus.Identity

  /// Creates an empty file that only its owner may access, whatever the umask: `openat`, `fchmod`.
  ///
  /// - Parameters:
  ///   - directoryPath: The path of its directory.
  ///   - names: Temporary names, of which the first free one is used.
  ///   - removingLeftOvers: Whether to remove files that a killed process of this user left under
  ///     these names. A file that another process is still writing is locked, and stays.
  /// - Throws: ``SystemError``; ``SystemError/exists`` if all names are taken.
  package init(
    in directoryPath: String, names: some Sequence<String>, removingLeftOvers: Bool = false
  ) throws(SystemError) {
    let directory = try FileDescriptor(opening: directoryPath, O_RDONLY | O_DIRECTORY)
    var failure = SystemError.exists
    for name in names {
      if removingLeftOvers { Self.removeLeftOver(directoryPath + "/" + name) }
      do throws(SystemError) {
        let file = try FileDescriptor(creating: name, in: directory)
        let identity: FileStatus.Identity
        var isKept = true
        do throws(SystemError) {
          try file.setPermissions(0o600)
          identity = try file.status().identity
          // Another process may have taken the file for a left-over before it was locked.
          if removingLeftOvers {
            let there = try FileStatus.identity(ofLink: directoryPath + "/" + name)
            isKept = (try? file.tryLock()) != false && there == identity
          }
        } catch {
          _ = unsafe unlinkat(directory.number, name, 0)
          file.close()
          throw error
        }
        guard isKept else {
          file.close()
          continue
        }
        self.file = file
        self.identity = identity
        self.directoryPath = directoryPath
        self.directory = directory
        temporaryName = name
        return
      } catch {
        failure = error
        if error != .exists { break }
      }
    }
    directory.close()
    throw failure
  }

  private static func isFile(_ identity: FileStatus.Identity, at path: String) -> Bool {
    (try? FileStatus(ofLink: path))?.identity == identity
  }

  /// Removes a file of this user that no process has locked.
  private static func removeLeftOver(_ path: String) {
    guard let file = try? FileDescriptor(lookingAt: path) else { return }
    defer { file.close() }
    guard let status = try? file.status(), status.form == .file,
      status.owner == ProcessEnvironment.user, (try? file.tryLock()) == true,
      isFile(status.identity, at: path)
    else { return }
    try? FileSystem.removeFile(path)
  }

  deinit {
    file.close()
    directory.close()
  }

  /// The path of the file under its temporary name.
  package var temporaryPath: String { directoryPath + "/" + temporaryName }

  /// Whether the file is still at ``temporaryPath``.
  package var isInPlace: Bool { isNamed(temporaryName) }

  /// Whether the file has a name in the directory that is now at the directory's path.
  package func isNamed(_ name: String) -> Bool {
    Self.isFile(identity, at: directoryPath + "/" + name)
  }

  /// Renames the file; an existing file is replaced only if `replacing` is `true`: `linkat`,
  /// `renameat`.
  ///
  /// A device, pipe, socket or link is never replaced, because others use it.
  ///
  /// - Throws: ``SystemError``; ``SystemError/exists`` if the name is taken,
  ///   ``SystemError/notAFile`` if what has it cannot be replaced.
  package func move(to name: String, replacing: Bool) throws(SystemError) {
    let directory = directory.number
    if !replacing {
      do throws(SystemError) {
        try retrying { unsafe linkat(directory, temporaryName, directory, name, 0) }
        _ = unsafe unlinkat(directory, temporaryName, 0)
        return
      } catch {
        // Some file systems do not support hard links.
        guard error != .exists, status(of: name) == nil else { throw .exists }
      }
    }
    if let form = status(of: name)?.form, form != .file { throw .notAFile }
    try retrying { unsafe renameat(directory, temporaryName, directory, name) }
  }

  /// Waits until the directory is on the disk: `fsync`.
  package func synchronizeDirectory() throws(SystemError) { try directory.synchronize() }

  /// Removes the file, and the files that SQLite may have created next to it: `unlinkat`.
  package func discard() {
    guard status(of: temporaryName)?.identity == identity else { return }
    for suffix in ["", "-journal", "-wal", "-shm"] {
      _ = unsafe unlinkat(directory.number, temporaryName + suffix, 0)
    }
  }

  /// The status of an entry of the directory; `nil` if it cannot be determined: `fstatat`.
  private func status(of name: String) -> FileStatus? {
    var info = stat()
    guard unsafe fstatat(directory.number, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
      return nil
    }
    return FileStatus(info)
  }
}
