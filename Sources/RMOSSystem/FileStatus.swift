import CLibrary

/// What the system knows of a file: `stat`.
///
/// Two that differ are of different files or of different states of one.
package struct FileStatus: Hashable, Sendable {
  /// What a path names.
  package enum Form: Sendable {
    case file, directory, link, other
  }

  /// What tells one file or directory from all others on the machine.
  package struct Identity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
  }

  package let form: Form
  package let identity: Identity
  /// Bytes.
  package let size: Int
  /// How many names it has.
  package let linkCount: Int
  /// The number of its owner.
  package let owner: UInt32
  private let seconds: Int
  private let nanoseconds: Int

  /// A text that differs if the file or its content does.
  package var stateText: String { "\(identity.inode)-\(size)-\(seconds)-\(nanoseconds)" }

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
      default: .other
      }
    identity = Identity(
      device: UInt64(truncatingIfNeeded: info.st_dev),
      inode: UInt64(truncatingIfNeeded: info.st_ino))
    size = Int(info.st_size)
    linkCount = Int(info.st_nlink)
    owner = info.st_uid
    (seconds, nanoseconds) = info.modificationTime
  }
}

extension FileStatus {
  /// The size of a file in bytes, `nil` if there is none.
  package static func size(of path: some SystemPath) -> Int? {
    (try? FileStatus(of: path))?.size
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
