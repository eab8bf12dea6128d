// What differs between systems in reading and replacing files as a whole.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Platform {
  /// Stands for "another user may have put it there".
  static let foreignLink: Int32 = -1
  /// Stands for "not what was written".
  static let wasMoved: Int32 = -2
  /// Stands for "a pipe that nobody has opened at its other end".
  static let noPeer: Int32 = -3

  /// For how many turns one waits for somebody to open the other end of a named pipe.
  private static let turnsForPeer = 50

  // MARK: Reading

  /// What reading a file gave.
  enum FileContent {
    case content([UInt8])
    /// The `errno`.
    case failure(Int32)
    case tooLarge
  }

  /// Reads a file of at most `limit` bytes; pipes too.
  ///
  /// Who writes to a pipe may take their time; one that nobody opens is given up. Wraps `open(2)`,
  /// `poll(2)`, `read(2)`.
  static func readFile(_ path: String, limit: Int) -> FileContent {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return .failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .failure(errno) }
    var turnsLeft = status.st_mode & S_IFMT == S_IFIFO ? turnsForPeer : 0
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while content.count <= limit {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 {
        content.append(contentsOf: buffer[..<count])
        turnsLeft = 0
      } else if count == 0 {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // A pipe hangs up once those who had it open have gone; before the first it does not.
        if turnsLeft == 0 || poll(&state, 1, turn) > 0 && state.revents & Int16(POLLHUP) != 0 {
          return .content(content)
        }
        turnsLeft -= 1
        if turnsLeft == 0 { return .failure(noPeer) }
      } else if errno == EAGAIN {
        turnsLeft = 0
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&state, 1, turn)
        if isInterrupted { return .failure(interrupted) }
      } else if errno != EINTR {
        return .failure(errno)
      }
    }
    return .tooLarge
  }

  // MARK: Writing

  /// Whether ``replaceFile(_:with:)`` could write there: it takes a directory that files can be
  /// made in, and what is there must let itself be written to.
  ///
  /// - Returns: 0 or the `errno` of the failure. Wraps `access(2)`.
  static func canWrite(_ path: String) -> Int32 {
    if let descriptor = openDescriptor(named: path) {
      let flags = fcntl(descriptor, F_GETFL)
      return flags < 0 ? errno : flags & O_ACCMODE == O_RDONLY ? EBADF : 0
    }
    var status = stat()
    let isThere = stat(path, &status) == 0
    if isThere, status.st_mode & S_IFMT == S_IFDIR { return EISDIR }
    if isThere, access(path, W_OK) != 0 { return errno }
    if isThere, status.st_mode & S_IFMT != S_IFREG { return checkOrigin(of: path, status) }
    switch destination(of: path) {
    case .failure(let failure): return failure.code
    case .success(let target):
      return access(directory(of: target), W_OK | X_OK) == 0 ? 0 : errno
    }
  }

  /// Replaces a file's content as a whole: a reader sees the old text or the new one.
  ///
  /// The text goes to a hidden file beside it, `.NAME.tmp-1`, which is then renamed; one that a
  /// killed process left is removed. A link is followed, unless another user may have put it there.
  /// What is no regular file (a pipe, a terminal) is written to as it is, and so is `/dev/stdout`,
  /// whatever it is.
  /// - Returns: 0 or the `errno` of the failure. Wraps `open(2)`, `fsync(2)`, `rename(2)`.
  static func replaceFile(_ path: String, with text: String) -> Int32 {
    if let descriptor = openDescriptor(named: path) {
      return write(Array(text.utf8).span, to: descriptor)
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let failure = checkOrigin(of: path, status)
      return failure == 0 ? writeStream(path, text, status) : failure
    }
    switch destination(of: path) {
    case .failure(let failure): return failure.code
    case .success(let target):
      return holdingInterruptions { replaceRegularFile(target, text, namedAs: path) }
    }
  }

  /// The descriptor that `/dev/stdout`, `/dev/stderr` or `/dev/fd/N` stands for.
  ///
  /// A file opened by such a name would be another opening of it, with a position of its own.
  private static func openDescriptor(named path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default:
      for directory in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(directory) {
        return Int32(path.dropFirst(directory.count))
      }
      return nil
    }
  }

  private static func writeStream(_ path: String, _ text: String, _ status: stat) -> Int32 {
    var turnsLeft = turnsForPeer
    while true {
      let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
      if descriptor >= 0 {
        let failure = write(Array(text.utf8).span, to: descriptor)
        return close(descriptor) != 0 && failure == 0 ? errno : failure
      }
      guard errno == ENXIO, status.st_mode & S_IFMT == S_IFIFO else { return errno }
      turnsLeft -= 1
      if turnsLeft == 0 { return noPeer }
      if isInterrupted { return interrupted }
      poll(nil, 0, turn)
    }
  }

  private static func replaceRegularFile(
    _ target: String, _ text: String, namedAs path: String
  ) -> Int32 {
    let staged: (path: String, descriptor: Int32)
    switch stage(target) {
    case .failure(let failure): return failure.code
    case .success(let file): staged = file
    }
    defer { close(staged.descriptor) }
    var failure = write(Array(text.utf8).span, to: staged.descriptor)
    if failure == 0, fchmod(staged.descriptor, mode(replacing: target)) != 0 { failure = errno }
    if failure == 0, fsync(staged.descriptor) != 0 { failure = errno }
    if failure == 0, !isOpen(staged.descriptor, at: staged.path) { failure = wasMoved }
    if failure == 0, rename(staged.path, target) != 0 { failure = errno }
    guard failure == 0 else {
      unlink(staged.path)
      return failure
    }
    guard isOpen(staged.descriptor, at: path) else { return wasMoved }
    let directory = open(directory(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      if fsync(directory) != 0, errno != EINVAL { failure = errno }
      close(directory)
    }
    return failure
  }

  /// Creates a file beside `target`, for its owner alone, and locks it, so that what a killed
  /// process left is told from what another is writing.
  private static func stage(
    _ target: String
  ) -> Result<(path: String, descriptor: Int32), FileFailure> {
    let name = target.utf8.split(separator: UInt8(ascii: "/")).last ?? "".utf8[...]
    // Names may have 255 bytes.
    var shortened = String(decoding: name, as: UTF8.self)
    while shortened.utf8.count > 200 { shortened.removeLast() }
    for number in 1...100 {
      let path = directory(of: target) + "/.\(shortened).tmp-\(number)"
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      removeLeftOver(path)
      let descriptor = open(path, flags, 0o600)
      if descriptor < 0, errno == EEXIST { continue }
      guard descriptor >= 0 else { return .failure(FileFailure(code: errno)) }
      // Who looks for what was left may have been faster than the lock.
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK,
        isOpen(descriptor, at: path)
      {
        return .success((path, descriptor))
      }
      close(descriptor)
    }
    return .failure(FileFailure(code: EEXIST))
  }

  private static func removeLeftOver(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid(), flock(descriptor, LOCK_EX | LOCK_NB) == 0,
      isOpen(descriptor, at: path)
    else { return }
    unlink(path)
  }

  /// Whether a path leads to an open file: `fstat(2)`, `stat(2)`.
  private static func isOpen(_ descriptor: Int32, at path: String) -> Bool {
    var (one, other) = (stat(), stat())
    return fstat(descriptor, &one) == 0 && stat(path, &other) == 0 && one.st_dev == other.st_dev
      && one.st_ino == other.st_ino
  }

  /// The rights of our own file that is replaced, else those of any new file.
  private static func mode(replacing path: String) -> mode_t {
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() {
      return status.st_mode & 0o777
    }
    return 0o666 & ~creationMask
  }

  /// Wraps `umask(2)`, which can be read only by setting it.
  private static let creationMask: mode_t = {
    let mask = umask(0o077)
    umask(mask)
    return mask
  }()
}

// MARK: Links of others

extension Platform {
  /// A failed call: its `errno`, or one of the stand-ins.
  private struct FileFailure: Error { var code: Int32 }

  /// The place that a path leads to, without links; its last name need not be there.
  ///
  /// In a directory that anyone may write to, a link of another user is not followed: it may lead
  /// to what only we may write to. Links of root and of the directory's owner are, as by systems
  /// that protect links themselves. Wraps `lstat(2)`, `readlink(2)`.
  private static func destination(of path: String) -> Result<String, FileFailure> {
    var place = path.utf8.first == UInt8(ascii: "/") ? "/" : "."
    var names = components(path)
    var linksLeft = 40
    while let name = names.popLast() {
      let candidate = place == "/" ? "/\(name)" : "\(place)/\(name)"
      var status = stat()
      if lstat(candidate, &status) != 0 {
        let isNew = errno == ENOENT && names.isEmpty
        return isNew ? .success(candidate) : .failure(FileFailure(code: errno))
      }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        place = candidate
        continue
      }
      linksLeft -= 1
      if linksLeft < 0 { return .failure(FileFailure(code: ELOOP)) }
      guard isTrusted(status, in: place) else { return .failure(FileFailure(code: foreignLink)) }
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = target.withUnsafeMutableBytes { buffer in
        buffer.withMemoryRebound(to: CChar.self) { buffer in
          buffer.baseAddress.map { readlink(candidate, $0, buffer.count) } ?? -1
        }
      }
      guard count >= 0 else { return .failure(FileFailure(code: errno)) }
      guard let text = String(validating: target[..<count], as: UTF8.self) else {
        return .failure(FileFailure(code: EILSEQ))
      }
      if text.utf8.first == UInt8(ascii: "/") { place = "/" }
      names += components(text)
    }
    return .success(place)
  }

  /// The names in a path, the last first.
  private static func components(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
      .filter { $0 != "." }.reversed()
  }

  /// Whether what stands in a directory was put there by someone who may: us, root, the
  /// directory's owner; in one that not anyone may write to, whoever it was.
  private static func isTrusted(_ entry: stat, in directory: String) -> Bool {
    if entry.st_uid == geteuid() || entry.st_uid == 0 { return true }
    var status = stat()
    guard stat(directory, &status) == 0 else { return false }
    return status.st_mode & S_IWOTH == 0 || status.st_uid == entry.st_uid
  }

  /// Checks that what is no regular file was not put there by another user.
  ///
  /// - Returns: 0 or a stand-in for `errno`.
  private static func checkOrigin(of path: String, _ status: stat) -> Int32 {
    switch destination(of: path) {
    case .success(let place):
      return isTrusted(status, in: directory(of: place)) ? 0 : foreignLink
    case .failure(let failure):
      // Some links, as those of a process to its descriptors, lead to what has no name.
      return failure.code == foreignLink ? foreignLink : 0
    }
  }
}
