/// A temporary file without a name, which the system deletes when the value is released.
package final class TemporaryFile: Sendable {
  private let writing: FileDescriptor
  private let reading: FileDescriptor

  /// Creates an empty file in the first of these directories in which it can be created: those that
  /// SQLITE_TMPDIR and TMPDIR name, `/var/tmp`, `/tmp`.
  ///
  /// - Throws: The ``SystemError`` for the last directory.
  package init() throws(SystemError) {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].compactMap { ProcessEnvironment.variable($0) }
    var failure = SystemError.notFound
    for directory in named + ["/var/tmp", "/tmp"] {
      let path = "\(directory)/rmos-\(UInt64.random(in: 0 ... .max))"
      do throws(SystemError) {
        let writing = try FileDescriptor(creatingPrivate: path)
        do throws(SystemError) {
          reading = try FileDescriptor(reading: path)
        } catch {
          writing.close()
          try? FileSystem.removeFile(path)
          throw error
        }
        self.writing = writing
        try? FileSystem.removeFile(path)
        return
      } catch {
        failure = error
      }
    }
    throw failure
  }

  deinit {
    writing.close()
    reading.close()
  }

  /// Appends bytes.
  package func append(_ bytes: [UInt8]) throws(SystemError) { try writing.write(bytes) }

  /// Reads `count` bytes from `offset` on, fewer at the end, and returns their number.
  package func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int {
    var done = 0
    while done < count {
      let read = try unsafe reading.read(
        into: buffer + done, count: count - done, at: offset + done)
      if read == 0 { break }
      done += read
    }
    return done
  }

  /// Reads `count` bytes from `offset` on, fewer at the end.
  package func bytes(_ count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      do throws(SystemError) {
        initialized = try unsafe read(into: base, count: count, at: offset)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
