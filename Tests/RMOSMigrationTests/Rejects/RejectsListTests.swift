import Foundation
import RMOSModels
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// The list of rejects that a run writes.
@Suite struct RejectsListTests {
  private static let descriptors = "/proc/self/fd"

  /// A write that failed may have written a part, as on a full disk; the next one repeats it.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: descriptors)))
  func aLineThatWasWrittenInPartIsWrittenOnce() throws {
    try TemporaryDirectory.use { work in
      let path = work.file("rejects")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      let directory = try RejectsDirectory(path)
      defer { directory.close() }
      let content = Array("{".utf8)
      let file = try directory.incoming.createFile(Array("a.json".utf8))
      try file.write(content)
      file.close()
      try directory.add(Array("a.json".utf8), SHA256.hash(content))
      // The descriptor of the list, whose position the write moves.
      let names = try FileManager.default.contentsOfDirectory(atPath: Self.descriptors)
      let number = names.first { name in
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "\(Self.descriptors)/\(name)")
        return target == "\(path)/.incoming/SHA256SUMS"
      }
      let list = FileHandle(
        fileDescriptor: try #require(number.flatMap(Int32.init)), closeOnDealloc: false)
      try list.write(contentsOf: Data("021fb5".utf8))
      _ = try directory.publish(isComplete: true)
      let text = try String(contentsOfFile: path + "/SHA256SUMS", encoding: .utf8)
      let expected =
        RejectsManifest.header
        + RejectsManifest.line(
          Array("a.json".utf8), SHA256.hash(content))
      #expect(text == String(decoding: expected, as: UTF8.self))
    }
  }
}
