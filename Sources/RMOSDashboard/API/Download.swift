import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

/// The body of a response with a file, such as a long table as CSV.
///
/// It is written completely, from one state of the store, before it is sent: the first part in
/// memory, the rest in a temporary file. So a long table takes little memory, and a slow client
/// does not keep the store from writing.
struct Download {
  /// The maximum number of bytes that are kept in memory and sent at a time.
  static let partSize = 1 << 18

  private let takesParts: Bool
  private let partSize: Int
  /// The first part.
  private var first: [UInt8] = []
  /// The bytes that follow the first part and are not in the file yet.
  private var pending: [UInt8] = []
  private var file: TemporaryFile?

  /// Creates an empty body for the response to a request.
  init(for request: ServerRequest, partSize: Int = Self.partSize) {
    takesParts = request.takesParts
    self.partSize = partSize
  }

  /// Appends bytes.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be written.
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
      if file == nil { file = try TemporaryFile() }
      try file?.append(pending)
    } catch {
      throw StoreError(
        error.isOutOfSpace ? .diskFull : .inputOutput,
        "the response cannot be buffered in a temporary file (\(error.reason)); TMPDIR names "
          + "another directory for it")
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Returns a response with this body.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be written.
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
