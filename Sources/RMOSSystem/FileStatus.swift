import CLibrary

/// What the system knows of a file: `stat`.
package struct FileStatus: Sendable {
  /// What a path names; the raw value is for messages.
  package enum Form: String, Sendable {
    case file = "a file"
    case directory = "a directory"
    case link = "a symbolic link"
    case pipe = "a named pipe"
    case socket = "a socket"
    case device = "a device"
  }

  /// What tells one file or directory from all others on the machine.
  package struct Identity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
  }

  /// What tells one state of a file, and one file, from another.
  package struct State: Hashable, Sendable {
    package let identity: Identity
    /// Bytes.
    package let size: Int
    fileprivate let seconds: Int
    fileprivate let nanoseconds: Int

    /// A text that differs if the state does.
    package var text: String {
      "\(identity.device)-\(identity.inode)-\(size)-\(seconds)-\(nanoseconds)"
    }
  }

  package let form: Form
  package let state: State
  /// How many names it has.
  package let linkCount: Int
  /// The number of its owner.
  package let owner: UInt32
  /// The number of its group.
  package let group: UInt32
  /// Who may do what, with the bits above that.
  package let permissions: UInt32

  package var identity: Identity { state.identity }
  /// Bytes.
  package var size: Int { state.size }

  /// Of what a path leads to: `stat`.
  package init(of path: some SystemPath) throws(SystemError) {
    var info = stat()
    try retrying { path.withCPath { stat($0, &info) } }
    self.init(info)
  }

  /// Of what a path names, be that a link: `lstat`.
  package init(ofLink path: some SystemPath) throws(SystemError) {
    var info = stat()
    try retrying { path.withCPath { lstat($0, &info) } }
    self.init(info)
  }

  init(_ info: stat) {
    form =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      default: .device
      }
    let (seconds, nanoseconds) = info.modificationTime
    state = State(
      identity: Identity(
        device: UInt64(truncatingIfNeeded: info.st_dev),
        inode: UInt64(truncatingIfNeeded: info.st_ino)),
      size: Int(info.st_size), seconds: seconds, nanoseconds: nanoseconds)
    linkCount = Int(info.st_nlink)
    owner = info.st_uid
    group = info.st_gid
    permissions = UInt32(info.st_mode) & 0o7777
  }
}

extension FileStatus {
  /// The size of a file in bytes, `nil` if there is none.
  package static func size(of path: some SystemPath) -> Int? {
    (try? FileStatus(of: path))?.size
  }

  /// Which file bears a name, `nil` if none does: `lstat`.
  package static func identity(
    ofLink path: some SystemPath
  ) throws(SystemError) -> FileStatus.Identity? {
    do throws(SystemError) {
      return try FileStatus(ofLink: path).identity
    } catch {
      guard error.isAbsent else { throw error }
      return nil
    }
  }

  /// Whether a path names something, be it a link that leads nowhere.
  package static func hasEntry(_ path: some SystemPath) -> Bool {
    (try? FileStatus(ofLink: path)) != nil
  }

  /// Whether a path names a symbolic link, wherever that leads.
  package static func isLink(_ path: some SystemPath) -> Bool {
    (try? FileStatus(ofLink: path))?.form == .link
  }

  /// Whether something is at the path; true too if that is kept from us.
  package static func exists(_ path: some SystemPath) -> Bool {
    do throws(SystemError) {
      _ = try FileStatus(of: path)
      return true
    } catch {
      return !error.isAbsent
    }
  }

  /// Whether two paths lead to the same file, be it there or not yet.
  package static func isSameFile(_ left: some SystemPath, _ right: some SystemPath) -> Bool {
    switch (try? FileStatus(of: left), try? FileStatus(of: right)) {
    case (let one?, let other?): return one.identity == other.identity
    case (nil, nil):
      let slash = UInt8(ascii: "/")
      guard let name = left.pathBytes.split(separator: slash).last,
        name == right.pathBytes.split(separator: slash).last, exists(left.directoryPath)
      else { return false }
      return isSameFile(left.directoryPath, right.directoryPath)
    default: return false
    }
  }
}
