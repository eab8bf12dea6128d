import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

/// The body of a file for other programs, however long.
///
/// It is written in one go, while one state of the store is read, and sent from there: up to a part
/// in memory, the rest in a temporary file. So neither a long table nor a slow client takes memory,
/// or keeps the store from writing.
struct Download {
  /// The number of bytes that are sent, and kept in memory, at a time.
  static let partSize = 1 << 18

  private let takesParts: Bool
  private let partSize: Int
  /// What is sent first.
  private var first: [UInt8] = []
  /// What follows it, and is not in the file yet.
  private var pending: [UInt8] = []
  private var file: TemporaryFile?

  /// Creates an empty body of the response to a request.
  init(for request: ServerRequest, partSize: Int = Self.partSize) {
    takesParts = request.takesParts
    self.partSize = partSize
  }

  /// Appends bytes.
  ///
  /// - Throws: `StoreError` if there is no room for them.
  mutating func append(_ bytes: [UInt8]) throws(StoreError) {
    let fits = file == nil && pending.isEmpty && first.count + bytes.count <= partSize
    guard takesParts, !fits, !first.isEmpty else {
      first += bytes
      return
    }
    pending += bytes
    if pending.count >= partSize { try spill() }
  }

  private mutating func spill() throws(StoreError) {
    do throws(SystemError) {
      let there: TemporaryFile
      if let file { there = file } else { there = try TemporaryFile() }
      file = there
      try there.append(pending)
    } catch {
      throw StoreError(
        error.isOutOfSpace ? .diskFull : .inputOutput,
        "the response cannot be buffered in a temporary file (\(error.reason)); TMPDIR names "
          + "another directory for it")
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Makes it the body of a response.
  ///
  /// - Throws: `StoreError` if there is no room for it.
  consuming func body(of response: ServerResponse) throws(StoreError) -> ServerResponse {
    if !pending.isEmpty { try spill() }
    var response = response
    response.body = first
    guard let file else { return response }
    let size = partSize
    response.rest = ResponseParts { number in
      let bytes = try file.bytes(size, at: number * size)
      return bytes.isEmpty ? nil : bytes
    }
    return response
  }
}
