import CLibrary

/// An error of the operating system, the only error that functions of this module throw.
package enum SystemError: Error, Hashable, Sendable {
  /// A call failed with this `errno`.
  case code(Int32)
  /// The file is not a regular file.
  case notAFile
  /// The file changed while it was being read.
  case hasChanged
  /// A symbolic link leads nowhere.
  case leadsNowhere
  /// The operation was cancelled.
  case cancelled
  /// The file at the path is no longer the file that was opened or written.
  case wasMoved
  /// The directory is the current directory of the process.
  case isCurrentDirectory
  /// The path leads over a link or pipe that another user may have created.
  case foreignLink
  /// The other end of a pipe is not open.
  case noPeer

  package static let notFound = SystemError.code(ENOENT)
  package static let notADirectory = SystemError.code(ENOTDIR)
  package static let isADirectory = SystemError.code(EISDIR)
  package static let notEmpty = SystemError.code(ENOTEMPTY)
  package static let exists = SystemError.code(EEXIST)
  package static let notPermitted = SystemError.code(EPERM)
  package static let accessDenied = SystemError.code(EACCES)
  package static let interrupted = SystemError.code(EINTR)
  package static let busy = SystemError.code(EBUSY)
  package static let brokenPipe = SystemError.code(EPIPE)
  static let wouldBlock = SystemError.code(EWOULDBLOCK)

  /// The error of the last call.
  static var last: SystemError { .code(errno) }

  /// A description of the error, by the system if it is one of its codes: `strerror_r`.
  package var reason: String {
    switch self {
    case .notAFile: "not a regular file"
    case .hasChanged: "the file changed while it was being read"
    case .leadsNowhere: "the link leads nowhere"
    case .cancelled: "it was cancelled"
    case .wasMoved: "it was removed, renamed or replaced meanwhile"
    case .isCurrentDirectory: "it is the current directory, which cannot be replaced"
    case .foreignLink:
      "it is, or leads over, a link or pipe of another user in a directory that anyone may write to"
    case .noPeer: "it is a pipe whose other end is not open"
    // To the user, an exhausted quota means that no space is left, too.
    case .code(EDQUOT): "No space left (Disk quota exceeded)"
    case .code(EBUSY): "it is a mount point or in use"
    case .code(let code): Self.text(code)
    }
  }

  // Not `strerror`, which is not thread-safe.
  private static func text(_ code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      unsafe buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress, unsafe strerror_r(code, start, 255) == 0 else {
        return "error \(code)"
      }
      return unsafe String(cString: start)
    }
  }

  /// The error that `body` throws; `nil` if it throws none.
  package static func thrown(by body: () throws(SystemError) -> Void) -> SystemError? {
    do throws(SystemError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  private func isOne(of codes: Int32...) -> Bool {
    guard case .code(let code) = self else { return false }
    return codes.contains(code)
  }

  /// Whether there is no space left.
  package var isOutOfSpace: Bool { isOne(of: ENOSPC, EDQUOT) }
  /// Whether a file would exceed the size limit.
  package var isOverSizeLimit: Bool { isOne(of: EFBIG) }
  /// Whether the operation may succeed later.
  package var isAgain: Bool { isOne(of: EAGAIN, EWOULDBLOCK) }
  /// Whether no more files can be opened.
  package var isOutOfDescriptors: Bool { isOne(of: EMFILE, ENFILE) }
  /// Whether the file system has no locks, or none left.
  package var isOutOfLocks: Bool { isOne(of: ENOLCK) }
  /// Whether permission is missing.
  package var isRefusal: Bool { isOne(of: EACCES, EPERM) }
  /// Whether nothing exists at a path.
  package var isAbsent: Bool { isOne(of: ENOENT, ENOTDIR) }
  /// Whether the error concerns only the file or directory that was asked for.
  ///
  /// After any other error, such as a lack of descriptors or memory, a failing disk or a network
  /// share that does not respond, it is unknown what is there.
  package var concernsOneFile: Bool {
    switch self {
    case .notAFile, .hasChanged, .leadsNowhere: true
    default:
      isOne(
        of: EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, ENXIO, EOVERFLOW, EFBIG,
        EILSEQ)
    }
  }
  /// Whether another program listens on the address.
  package var isAddressInUse: Bool { isOne(of: EADDRINUSE) }
  /// Whether the machine does not have the address, or does not support its version of IP.
  package var isNoAddress: Bool { isOne(of: EADDRNOTAVAIL, EAFNOSUPPORT) }
  /// Whether only a single connection failed, and the socket can accept others.
  package var isConnectionGone: Bool { isOne(of: ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH) }
}

/// Makes a system call, and repeats it if a signal interrupts it.
///
/// - Throws: The `errno` if the call returns -1.
@discardableResult
func retrying<Result: SignedInteger>(_ call: () -> Result) throws(SystemError) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    guard errno == EINTR else { throw .last }
  }
}

extension UnsafeRawBufferPointer {
  /// Runs `body` with the bytes of an array, keeping the type of its error, unlike the method of
  /// the standard library.
  static func of<Result>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let result = unsafe bytes.withUnsafeBytes { bytes -> Swift.Result<Result, SystemError> in
      do throws(SystemError) { return unsafe .success(try body(bytes)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
