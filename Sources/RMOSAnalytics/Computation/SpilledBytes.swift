import RMOSStore
import RMOSSystem

/// Bytes in a temporary file that has no name, and goes with the value.
///
/// They are read in the order in which they were appended.
final class SpilledBytes {
  private let writing: FileDescriptor
  private let reading: FileDescriptor

  /// Creates an empty file; `nil` if there is no place for it.
  init?() {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].compactMap { ProcessEnvironment.variable($0) }
    for directory in named + ["/var/tmp", "/tmp"] where !directory.isEmpty {
      let path = "\(directory)/rmos-figures-\(UInt64.random(in: 0 ... .max))"
      guard let writing = try? FileDescriptor(creatingPrivate: path) else { continue }
      let reading = try? FileDescriptor(reading: path)
      try? FileSystem.removeFile(path)
      guard let reading else {
        writing.close()
        continue
      }
      self.writing = writing
      self.reading = reading
      return
    }
    return nil
  }

  deinit {
    writing.close()
    reading.close()
  }

  /// Appends bytes.
  ///
  /// - Throws: `StoreError` if the file cannot be written.
  func append(_ bytes: [UInt8]) throws(StoreError) {
    do throws(SystemError) {
      try writing.write(bytes)
    } catch {
      throw Self.failure(error)
    }
  }

  /// Begins reading anew.
  func rewind() throws(StoreError) {
    do throws(SystemError) {
      try reading.seek(to: 0)
    } catch {
      throw Self.failure(error)
    }
  }

  /// Reads the next bytes.
  ///
  /// - Throws: `StoreError` if the file cannot be read, or has no more so many.
  func read(_ count: Int) throws(StoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      do throws(SystemError) {
        let more = try reading.read(count: count - bytes.count)
        if more.isEmpty { break }
        if bytes.isEmpty { bytes = more } else { bytes += more }
      } catch {
        throw Self.failure(error)
      }
    }
    guard bytes.count == count else {
      throw StoreError(.inputOutput, "a temporary file of figures lost its end")
    }
    return bytes
  }

  private static func failure(_ error: SystemError) -> StoreError {
    StoreError(.inputOutput, "a temporary file of figures cannot be used: \(error.reason)")
  }
}

extension Array where Element: BitwiseCopyable {
  /// The elements whose bytes these are.
  init(copying bytes: ArraySlice<UInt8>, count: Int) {
    precondition(bytes.count == count * MemoryLayout<Element>.stride)
    self = unsafe Array(unsafeUninitializedCapacity: count) { elements, initialized in
      unsafe bytes.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(elements).copyMemory(from: $0)
      }
      initialized = count
    }
  }
}
