import Foundation

/// What a file that a test compares with says.
///
/// To renew the files after a change, run the tests with `RMOS_UPDATE_SNAPSHOTS=1` and read the
/// difference.
///
/// - Parameters:
///   - path: The file.
///   - text: What it is renewed with.
/// - Returns: Its content, after it was renewed.
/// - Throws: The error of the file system.
public func snapshot(_ path: String, renewedWith text: String) throws -> String {
  if ProcessInfo.processInfo.environment["RMOS_UPDATE_SNAPSHOTS"] != nil {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }
  return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
}
