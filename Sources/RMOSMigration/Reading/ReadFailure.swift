import RMOSModels
import RMOSSystem

/// Why reading a file, or all files, stopped.
enum ReadFailure: Error {
  /// The system cannot read the file.
  case system(SystemError)
  /// The rest of the source cannot be read.
  case source(SourceFailure)
  /// The text is not JSON.
  case notJSON(JSONScanError)
  /// The consumer wants no more.
  case stopped

  /// Runs a system call and converts its error.
  static func converting<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(ReadFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }
}
