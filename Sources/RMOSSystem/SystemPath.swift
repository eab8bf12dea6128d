import CLibrary

/// A path: a `String`, or an array of bytes, which need not be UTF-8.
package protocol SystemPath: Sendable {
  /// Creates a path from its bytes.
  init(pathBytes: some Sequence<UInt8>)
  /// The bytes of the path.
  var pathBytes: [UInt8] { get }
  /// Runs `body` with the path as a C string.
  func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result
}

extension String: SystemPath {
  package init(pathBytes: some Sequence<UInt8>) {
    self.init(decoding: Array(pathBytes), as: UTF8.self)
  }

  package var pathBytes: [UInt8] { Array(utf8) }

  package func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe withCString(body)
  }
}

extension [UInt8]: SystemPath {
  package init(pathBytes: some Sequence<UInt8>) { self = Array(pathBytes) }

  package var pathBytes: [UInt8] { self }

  package func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer in
      unsafe withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      unsafe buffer[count] = 0
      guard let base = buffer.baseAddress else { preconditionFailure("room was reserved") }
      return unsafe body(base)
    }
  }
}

extension SystemPath {
  private var lastSlash: (bytes: [UInt8], index: Int?) {
    // Searched among the bytes, since a slash with a combining mark is one character.
    let bytes = pathBytes
    return (bytes, bytes.lastIndex(of: UInt8(ascii: "/")))
  }

  /// The directory of the last component: `a` of `a/b`, `/` of `/a`, `.` of `a`.
  package var directoryPath: Self {
    let (bytes, slash) = lastSlash
    guard let slash else { return Self(pathBytes: ".".utf8) }
    return Self(pathBytes: slash == 0 ? bytes[...0] : bytes[..<slash])
  }

  /// The last component; empty if the path ends in a slash.
  package var lastName: Self {
    let (bytes, slash) = lastSlash
    return Self(pathBytes: slash.map { bytes[($0 + 1)...] } ?? bytes[...])
  }

  /// The absolute path without links: `realpath`.
  package func resolved() throws(SystemError) -> Self {
    guard let text = unsafe withCPath({ unsafe realpath($0, nil) }) else { throw .last }
    defer { unsafe free(text) }
    return unsafe text.withMemoryRebound(to: UInt8.self, capacity: strlen(text)) { bytes in
      unsafe Self(pathBytes: UnsafeBufferPointer(start: bytes, count: strlen(text)))
    }
  }
}
