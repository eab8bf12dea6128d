import Foundation
import RMOSTestSupport
import Testing

@Suite struct TemporaryDirectoryTests {
  @Test func itGoesWithEverythingInIt() throws {
    let path = try TemporaryDirectory.use { directory in
      let closed = directory.file("closed")
      try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: true)
      try Data("x".utf8).write(to: URL(fileURLWithPath: closed + "/file"))
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
      #expect(FileManager.default.fileExists(atPath: directory.path))
      return directory.path
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func eachIsItsOwn() throws {
    let (one, other) = (try TemporaryDirectory(), try TemporaryDirectory())
    #expect(one.path != other.path)
  }
}
