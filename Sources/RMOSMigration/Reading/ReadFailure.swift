import RMOSModels
import RMOSSystem

/// Why the reading of a file, or of all files, does not go on.
enum ReadFailure: Error {
  /// The system cannot read the file.
  case system(SystemError)
  /// What lies in the source cannot be known any more.
  case source(SourceFailure)
  /// The text is not JSON.
  case notJSON(JSONScanError)
  /// Nobody wants the rest.
  case stopped

  /// Runs a system call as a way to fail.
  static func converting<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(ReadFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }
}
