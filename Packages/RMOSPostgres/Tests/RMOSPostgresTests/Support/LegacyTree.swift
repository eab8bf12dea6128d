import Foundation

/// A source tree, which is removed when the object is released.
final class LegacyTree {
  let path = FileManager.default.temporaryDirectory.path + "/rmos-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    let file = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// Writes patterns, and job logs that refer to them.
  func fill(_ count: Int) throws {
    for number in 0..<count {
      try write(
        #"""
        {"id": "p\#(number)", "name": "Rope № \#(number) \t\\N", "ring_count": \#(number % 7 + 1),
         "geometry": {"rings": [ 1.50, 2e3, "\u0001" ]}, "extra": [\#(number)]}
        """#, to: "patterns/p\(number).json")
      try write(
        #"""
        {"id": "j\#(number)", "job_type": "slice", "pattern_id": "p\#(number)",
         "parameters": {"blade": "b"}, "duration_seconds": \#(Double(number) / 3),
         "created_at": "2025-01-02 03:04"}
        """#, to: "joblogs/j\(number).json")
    }
  }

  /// Returns the content of all files below a directory, by their relative paths.
  static func files(below directory: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
      let data = FileManager.default.contents(atPath: directory + "/" + name)
      var isDirectory: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: directory + "/" + name, isDirectory: &isDirectory)
      if !isDirectory.boolValue { files[name] = data }
    }
    return files
  }
}
