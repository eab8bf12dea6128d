import Foundation
import RMOSTestSupport

/// Something that is in the way where SQLite or the lock needs a file.
enum Obstacle: String, CaseIterable, Sendable {
  case pipe, directory, link, danglingLink, localSocket

  /// The words for it in messages.
  var words: String {
    switch self {
    case .pipe: "a named pipe"
    case .directory: "a directory"
    case .link, .danglingLink: "a symbolic link"
    case .localSocket: "a socket"
    }
  }

  /// Creates it at a path.
  func create(_ path: String, in directory: TemporaryDirectory) throws {
    struct Failure: Error { var code = errno }
    let manager = FileManager.default
    switch self {
    case .pipe: guard mkfifo(path, 0o600) == 0 else { throw Failure() }
    case .directory: try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .link:
      try write([], to: directory.file("aim"))
      try manager.createSymbolicLink(atPath: path, withDestinationPath: "aim")
    case .danglingLink:
      try manager.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
    case .localSocket: try listen(at: path)
    }
  }

  private func listen(at path: String) throws {
    struct Failure: Error { var code = errno }
    #if canImport(Glibc)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw Failure() }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Failure() }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafeBytes(of: &address) { bytes in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return Int32(-1)
      }
      return bind(descriptor, base, socklen_t(bytes.count))
    }
    guard result == 0 else { throw Failure() }
  }
}
