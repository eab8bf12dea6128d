import RMOSStore
import RMOSSystem

/// Bytes in a temporary file, which is removed when the object is released.
final class SpilledBytes {
  private let file: TemporaryFile
  private let capacity: Int
  private var count = 0

  /// Creates an empty file; `nil` if no temporary file can be created.
  ///
  /// - Parameter capacity: The maximum size of the file, in bytes.
  init?(capacity: Int = .max) {
    guard let file = try? TemporaryFile() else { return nil }
    self.file = file
    self.capacity = capacity
  }

  /// Appends bytes.
  ///
  /// - Returns: Whether they were written; they are not if the disk is full. Nothing must be
  ///   appended after a failure, but all earlier bytes can still be read.
  func append(_ bytes: [UInt8]) -> Bool {
    guard bytes.count <= capacity - count else { return false }
    do {
      try file.append(bytes)
    } catch {
      return false
    }
    count += bytes.count
    return true
  }

  /// Replaces `elements` with the `count` elements that begin at an offset.
  ///
  /// - Throws: `StoreError` if the file cannot be read, or ends too early.
  func read<Element: BitwiseCopyable>(
    _ elements: inout [Element], count: Int, at offset: Int
  ) throws(StoreError) {
    var failure: StoreError?
    func fill(_ buffer: UnsafeMutableRawBufferPointer) {
      do throws(StoreError) {
        try unsafe read(into: buffer, at: offset)
      } catch {
        failure = error
      }
    }
    if elements.count == count {
      unsafe elements.withUnsafeMutableBytes { unsafe fill($0) }
    } else {
      elements = unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
        let buffer = unsafe UnsafeMutableBufferPointer(rebasing: buffer[..<count])
        unsafe fill(UnsafeMutableRawBufferPointer(buffer))
        initialized = failure == nil ? count : 0
      }
    }
    if let failure { throw failure }
  }

  private func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(StoreError) {
    let bytes = unsafe buffer.bindMemory(to: UInt8.self)
    guard let base = bytes.baseAddress else { return }
    let read: Int
    do throws(SystemError) {
      read = try unsafe file.read(into: base, count: bytes.count, at: offset)
    } catch {
      throw StoreError(.inputOutput, "a temporary file of figures cannot be read: \(error.reason)")
    }
    guard read == bytes.count else {
      throw StoreError(.inputOutput, "a temporary file of figures lost its end")
    }
  }
}
