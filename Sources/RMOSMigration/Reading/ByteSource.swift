import RMOSSystem

/// The bytes of one document, with random access.
///
/// Reading keeps no position, so several readers may share one source.
protocol ByteSource {
  /// The number of bytes when the source was opened.
  var size: Int { get }

  /// Reads at most `count` bytes from `offset` on.
  ///
  /// - Returns: The number of bytes read; 0 at the end.
  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int

  /// Whether the source was written to while it was being read, so that parts of different versions
  /// may have been read; `false` if that cannot be determined.
  var hasChanged: Bool { get }

  /// Releases the resources of the source, which must not be read again.
  func close()
}

extension ByteSource {
  var hasChanged: Bool { false }

  func close() {}

  /// Reads bytes from `offset` on.
  ///
  /// - Returns: As many bytes as are wanted, or all up to the end if those are fewer.
  func bytes(_ wanted: Int, at offset: Int) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      do throws(SystemError) {
        while count < wanted {
          let got = unsafe try read(into: base + count, count: wanted - count, at: offset + count)
          if got == 0 { return }
          count += got
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// A regular file; see pread(2).
struct FileByteSource: ByteSource {
  /// The state of the file when it was opened.
  private let state: FileStatus.State
  private let file: FileDescriptor
  private let path: [UInt8]
  private let access: SourceAccess

  /// Opens a file.
  init(_ path: [UInt8], _ access: SourceAccess = .system) throws(SystemError) {
    self.path = path
    self.access = access
    try access.willCall(.open, path)
    file = try FileDescriptor(reading: path)
    do throws(SystemError) {
      let status = try file.status()
      guard status.form == .file else { throw .notAFile }
      state = status.state
    } catch {
      file.close()
      throw error
    }
  }

  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int {
    try access.willCall(.read, path)
    return try unsafe file.read(into: buffer, count: count, at: offset)
  }

  var size: Int { state.size }

  var hasChanged: Bool {
    // A small file is read with one call, and so has one version.
    size > 64 << 10 && (try? file.status().state).map { $0 != state } ?? false
  }

  func close() { file.close() }
}

/// Bytes in memory.
extension [UInt8]: ByteSource {
  var size: Int { count }

  func read(into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int) -> Int {
    unsafe self[...].read(into: buffer, count: count, at: offset)
  }
}

extension ArraySlice<UInt8> {
  /// Copies at most `count` bytes from `offset` on, counted from the beginning of the slice, and
  /// returns their number.
  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) -> Int {
    let piece = dropFirst(offset).prefix(count)
    unsafe piece.withUnsafeBufferPointer { bytes in
      if let start = bytes.baseAddress { unsafe buffer.update(from: start, count: bytes.count) }
    }
    return piece.count
  }
}
