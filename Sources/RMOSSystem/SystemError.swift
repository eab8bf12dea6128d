import CLibrary

/// Why the system did not do what it was asked to: what every function of this module throws.
package enum SystemError: Error, Hashable, Sendable {
  /// A call failed with this `errno`.
  case code(Int32)
  /// What is there is not a regular file.
  case notAFile
  /// The file changed while it was being read.
  case hasChanged
  /// A symbolic link leads nowhere.
  case leadsNowhere
  /// Someone asked to stop.
  case cancelled
  /// What is there is not what was opened, or written, there.
  case wasMoved
  /// It is the directory that the process works in.
  case isCurrentDirectory
  /// Another user may have put there what the path leads over.
  case foreignLink
  /// Nobody has opened the other end of a pipe.
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
  package static let wouldBlock = SystemError.code(EWOULDBLOCK)

  /// The error of the call just made.
  static var last: SystemError { .code(errno) }

  /// The error's description, from the system where it comes from there: `strerror_r`.
  package var reason: String {
    switch self {
    case .notAFile: "not a regular file"
    case .hasChanged: "the file changed while it was being read"
    case .leadsNowhere: "the link leads nowhere"
    case .cancelled: "it was cancelled"
    case .wasMoved: "it was removed, renamed or replaced meanwhile"
    case .isCurrentDirectory: "it is the current directory, which cannot be replaced as a whole"
    case .foreignLink:
      "it is, or leads over, a link or pipe of another user in a directory that anyone may write to"
    case .noPeer: "it is a pipe, and nobody is at its other end"
    // A full disk all the same, to whoever has to make room.
    case .code(EDQUOT): "No space left (Disk quota exceeded)"
    case .code(EBUSY): "it is a mount point or in use as a whole"
    case .code(let code): Self.text(code)
    }
  }

  /// `strerror` is not made for threads.
  private static func text(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress, strerror_r(code, start, 255) == 0 else {
        return "error \(code)"
      }
      return String(cString: start)
    }
  }

  /// What `body` throws, `nil` if nothing.
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

  /// Whether there is no room left.
  package var isOutOfSpace: Bool { isOne(of: ENOSPC, EDQUOT) }
  /// Whether a file is as large as it may become.
  package var isOverSizeLimit: Bool { isOne(of: EFBIG) }
  /// Whether nothing can be done now, but later.
  package var isAgain: Bool { isOne(of: EAGAIN, EWOULDBLOCK) }
  /// Whether no further file can be opened.
  package var isOutOfDescriptors: Bool { isOne(of: EMFILE, ENFILE) }
  /// Whether the rights do not suffice.
  package var isRefusal: Bool { isOne(of: EACCES, EPERM) }
  /// Whether nothing is at a path, nor can be.
  package var isAbsent: Bool { isOne(of: ENOENT, ENOTDIR) }
  /// Whether the error says something about the one file or directory that was asked for.
  ///
  /// Any other, such as a lack of descriptors or memory, a failing disk or a network share that does
  /// not answer, leaves unknown what is there.
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
  /// Whether the machine has no such address, or not that version of IP.
  package var isNoAddress: Bool { isOne(of: EADDRNOTAVAIL, EAFNOSUPPORT) }
  /// Whether only one connection failed.
  package var isConnectionGone: Bool { isOne(of: ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH) }
}

/// Makes a system call, again where a signal interrupts it.
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
  /// Runs `body` with the bytes of an array; closures given to the standard library's own method
  /// lose the type of their error.
  static func of<Result>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let result = bytes.withUnsafeBytes { bytes -> Swift.Result<Result, SystemError> in
      do throws(SystemError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
