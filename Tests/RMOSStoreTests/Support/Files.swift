import Foundation

/// Returns the bytes of every file in a directory, by name.
func contents(_ directory: String) throws -> [String: Data] {
  var contents: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
    let url = URL(fileURLWithPath: directory + "/" + name)
    contents[name] = try FileHandle(forReadingFrom: url).readToEnd() ?? Data()
  }
  return contents
}

/// Writes a file.
func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
