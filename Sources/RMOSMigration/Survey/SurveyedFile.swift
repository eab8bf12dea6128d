import RMOSSystem

/// A file that several readers examine one after another, and whose beginning is read only once.
///
/// Most files of a source are smaller than the part that is kept.
struct SurveyedFile: ByteSource {
  private static let kept = 64 << 10

  private let file: FileByteSource
  private let head: [UInt8]

  /// Creates a file, and reads its beginning.
  init(_ file: FileByteSource) throws(SystemError) {
    self.file = file
    let count = min(file.size, Self.kept)
    var failure: SystemError?
    head = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      do throws(SystemError) {
        while filled < count {
          let read = unsafe try file.read(into: base + filled, count: count - filled, at: filled)
          if read == 0 { return }
          filled += read
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  var size: Int { file.size }

  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int {
    if offset < head.count { return unsafe head.read(into: buffer, count: count, at: offset) }
    // The file is read no further than its size was.
    return head.count < Self.kept ? 0 : unsafe try file.read(into: buffer, count: count, at: offset)
  }

  func close() { file.close() }
}
