// What differs between systems, in one place.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum Platform {
  /// The current time, ISO 8601 in UTC with seconds.
  static func utcNow() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int32, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-"
      + "\(padded(parts.tm_mday, 2))T\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):"
      + "\(padded(parts.tm_sec, 2))Z"
  }

  /// Seconds of the monotonic clock.
  static func uptime() -> Double {
    var spec = timespec()
    clock_gettime(CLOCK_MONOTONIC, &spec)
    return Double(spec.tv_sec) + Double(spec.tv_nsec) / 1e9
  }

  static var processID: Int32 { getpid() }

  /// The size of a file in bytes, nil where there is none: `stat`.
  static func fileSize(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }
}

extension MigrationClock {
  /// The system's clocks.
  public static let system = MigrationClock(
    now: { Platform.utcNow() }, uptime: { Platform.uptime() })
}

// MARK: Files

/// A failed system call: its errno, and what that means.
package struct SystemError: Error, Hashable {
  static let notFound = ENOENT
  static let notADirectory = ENOTDIR
  static let notEmpty = ENOTEMPTY
  static let exists = EEXIST
  /// Stands for "not a regular file".
  static let notAFile: Int32 = -1
  /// Stands for "changed while it was being read".
  static let hasChanged: Int32 = -2
  /// Stands for "a link that leads nowhere".
  static let leadsNowhere: Int32 = -3
  /// Stands for "someone asked to stop".
  static let cancelled: Int32 = -4
  /// Stands for "not what stood there when it was opened".
  static let wasMoved: Int32 = -5
  /// Stands for "the directory that the process works in".
  static let isCurrentDirectory: Int32 = -6
  static let isMountPoint = EBUSY
  static let notPermitted = EACCES
  package var code: Int32
  /// The system's words for it.
  var reason: String {
    switch code {
    case SystemError.notAFile: "not a regular file"
    case SystemError.hasChanged: "the file changed while it was being read"
    case SystemError.leadsNowhere: "the link leads nowhere"
    // A full disk all the same, to whoever has to make room.
    case EDQUOT: "No space left (Disk quota exceeded)"
    case SystemError.cancelled: "it was cancelled"
    case SystemError.wasMoved: "it was removed, renamed or replaced meanwhile"
    case SystemError.isCurrentDirectory:
      "it is the current directory, which cannot be replaced as a whole"
    case SystemError.isMountPoint: "it is a mount point or in use as a whole"
    default: String(cString: strerror(code))
    }
  }

  package init(code: Int32) { self.code = code }

  /// The error of the call just made.
  static var last: SystemError { SystemError(code: errno) }

  /// Whether the error says something about the one file or directory that was asked for.
  ///
  /// Any other, such as a lack of descriptors or memory, a failing disk or a network share that
  /// does not answer, leaves unknown what is there.
  var concernsOneFile: Bool {
    switch code {
    case EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, ENXIO, EOVERFLOW,
      EFBIG, EILSEQ, SystemError.notAFile, SystemError.hasChanged, SystemError.leadsNowhere:
      true
    default: false
    }
  }

  /// Whether what was asked for is not there, be it itself or a directory above it.
  var saysAbsent: Bool { code == ENOENT || code == ENOTDIR }
}

/// An open file, closed with ``close()``.
struct FileHandle {
  /// What tells one file or directory from all others on the machine.
  struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }
  /// What a path names.
  enum Form {
    case file, directory, other
  }
  /// The result of stat(2).
  struct Status {
    var form: Form
    var identity: Identity
    var size: Int
  }

  let descriptor: Int32

  /// open(2) for reading; never waits for the other end of a pipe.
  init(reading path: [UInt8]) throws(SystemError) {
    var result: Int32
    repeat {
      result = Platform.withCPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    } while result < 0 && errno == EINTR
    guard result >= 0 else {
      // What a socket answers, or a device that is not there.
      throw errno == ENXIO ? SystemError(code: SystemError.notAFile) : .last
    }
    descriptor = result
  }

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// fstat(2).
  func status() throws(SystemError) -> Status {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .last }
    return Status(info)
  }

  /// read(2); 0 at the end.
  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int
  ) throws(SystemError) -> Int {
    while true {
      #if canImport(Darwin)
        let result = Darwin.read(descriptor, buffer, count)
      #elseif canImport(Musl)
        let result = Musl.read(descriptor, buffer, count)
      #else
        let result = Glibc.read(descriptor, buffer, count)
      #endif
      if result >= 0 { return result }
      guard errno == EINTR else { throw .last }
    }
  }

  /// pread(2): at most `count` bytes from `offset` on; 0 at the end.
  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int {
    while true {
      let result = pread(descriptor, buffer, count, off_t(offset))
      if result >= 0 { return result }
      guard errno == EINTR else { throw .last }
    }
  }

  /// lseek(2) from the beginning.
  func seek(to offset: Int) throws(SystemError) {
    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw .last }
  }

  /// close(2).
  func close() {
    #if canImport(Darwin)
      _ = Darwin.close(descriptor)
    #elseif canImport(Musl)
      _ = Musl.close(descriptor)
    #else
      _ = Glibc.close(descriptor)
    #endif
  }
}

extension FileHandle.Status {
  init(_ info: stat) {
    form =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      default: .other
      }
    identity = FileHandle.Identity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    size = Int(info.st_size)
  }

  /// stat(2): links are followed.
  init(of path: [UInt8]) throws(SystemError) {
    var info = stat()
    guard Platform.withCPath(path, { stat($0, &info) }) == 0 else { throw .last }
    self.init(info)
  }
}

extension Platform {
  /// What readdir(3) says about an entry.
  enum EntryType {
    case file, directory, link, unknown
  }

  static func withCPath<Result>(
    _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: path.count + 1) { buffer in
      for (index, byte) in path.enumerated() { buffer[index] = CChar(bitPattern: byte) }
      buffer[path.count] = 0
      guard let base = buffer.baseAddress else { preconditionFailure("room was reserved") }
      return body(base)
    }
  }

  /// Calls `body` with the name and type of every entry of a directory, in no order, until
  /// `isCancelled` says so: opendir(3), readdir(3).
  static func forEachEntry(
    ofDirectory path: [UInt8], isCancelled: () -> Bool = { false },
    _ body: (UnsafeBufferPointer<UInt8>, EntryType) -> Void
  ) throws(SystemError) {
    guard let directory = withCPath(path, { opendir($0) }) else { throw .last }
    defer { closedir(directory) }
    var count = 0
    while true {
      count += 1
      if count % 1024 == 0, isCancelled() { return }
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw .last }
        return
      }
      let type: EntryType =
        switch Int32(entry.pointee.d_type) {
        case Int32(DT_REG): .file
        case Int32(DT_DIR): .directory
        case Int32(DT_LNK): .link
        default: .unknown
        }
      withUnsafeBytes(of: &entry.pointee.d_name) { name in
        let bytes = name.bindMemory(to: UInt8.self)
        body(UnsafeBufferPointer(rebasing: bytes.prefix { $0 != 0 }), type)
      }
    }
  }
}

extension FileHandle {
  /// open(2) for writing a file that must not be there yet.
  init(creating path: [UInt8]) throws(SystemError) {
    descriptor = Platform.withCPath(path) {
      open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    }
    guard descriptor >= 0 else { throw .last }
  }

  /// write(2), until all is written.
  func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let pending = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Darwin)
        let result = Darwin.write(descriptor, pending.baseAddress, pending.count)
      #elseif canImport(Musl)
        let result = Musl.write(descriptor, pending.baseAddress, pending.count)
      #else
        let result = Glibc.write(descriptor, pending.baseAddress, pending.count)
      #endif
      if result >= 0 {
        rest = rest.dropFirst(result)
      } else if errno != EINTR {
        throw .last
      }
    }
  }
}
