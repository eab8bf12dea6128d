import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSSystem

@Suite struct FileSystemTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  // MARK: Paths

  @Test(
    "Paths are cut at their last slash",
    arguments: [
      ("a", ".", "a"), ("/a", "/", "a"), ("a/b", "a", "b"), ("/a/b/", "/a/b", ""),
      ("", ".", ""), ("a/\u{301}b", "a", "\u{301}b"),
    ])
  func parts(_ path: String, _ parent: String, _ name: String) {
    #expect(path.directoryPath == parent)
    #expect(Array(path.utf8).directoryPath == Array(parent.utf8))
    #expect(Array(path.lastName.utf8) == Array(name.utf8))
  }

  @Test func pathsOfBytesThatAreNotUTF8LeadSomewhere() throws {
    let path = Array(directory.path.utf8) + [UInt8(ascii: "/"), 0xFF]
    do {
      let file = try FileDescriptor(creating: path)
      file.close()
    } catch {
      // Some file systems take only UTF-8.
      return
    }
    #expect(FileSystem.names(inDirectory: directory.path) == [[0xFF]])
    #expect(path.resolvedPath == path)
    try FileSystem.removeFile(path)
    #expect(!FileStatus.hasEntry(path))
  }

  // MARK: Errors

  @Test func failuresSayWhatTheSystemSays() {
    #expect(throws: SystemError.notFound) { try FileDescriptor(reading: directory.file("a")) }
    #expect(throws: SystemError.notADirectory) { try FileStatus(of: "/dev/null/a") }
    #expect(SystemError.notFound.reason == "No such file or directory")
    #expect(SystemError.code(99_999).reason.contains("99999"))
    #expect(SystemError.notFound.isAbsent && !SystemError.exists.isAbsent)
    #expect(!SystemError.leadsNowhere.isAbsent && !SystemError.leadsNowhere.reason.isEmpty)
  }

  // MARK: Status

  @Test func statusTellsFormsAndIdentitiesApart() throws {
    let (file, link) = (directory.file("file"), directory.file("link"))
    try FileSystem.replaceContent(of: file, with: "12345")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
    let status = try FileStatus(of: file)
    #expect(status.form == .file && status.size == 5 && status.linkCount == 1)
    #expect(try FileStatus(of: link).identity == status.identity)
    #expect(try FileStatus(ofLink: link).form == .link)
    #expect(try FileStatus(of: directory.path).form == .directory)
    #expect(try FileStatus(of: "/dev/null").form == .other)
    #expect(FileStatus.isLink(link) && !FileStatus.isLink(file))
    #expect(FileStatus.isSameFile(file, link))
    #expect(!FileStatus.isSameFile(file, directory.path))

    try FileSystem.removeFile(file)
    #expect(FileStatus.hasEntry(link) && !FileStatus.exists(link))
    #expect(FileStatus.size(of: link) == nil)
  }

  @Test func filesThatAreNotThereAreTheSameByTheirPlace() throws {
    let other = directory.file("other")
    try FileManager.default.createSymbolicLink(
      atPath: other, withDestinationPath: directory.path)
    #expect(FileStatus.isSameFile(directory.file("new"), other + "/new"))
    #expect(!FileStatus.isSameFile(directory.file("new"), other + "/newer"))
    #expect(!FileStatus.isSameFile(directory.file("a/new"), directory.file("b/new")))
  }

  // MARK: Directories

  @Test func directoriesAreMadeWithThoseAboveThem() throws {
    let path = directory.file("a/b/c//")
    #expect(try FileSystem.makeDirectories(path))
    #expect(try FileStatus(of: path).form == .directory)
    #expect(try !FileSystem.makeDirectories(path))
    #expect(try FileSystem.isEmpty(directory: path))
    #expect(try !FileSystem.isEmpty(directory: directory.path))

    try FileSystem.replaceContent(of: directory.file("file"), with: "")
    for path in ["file", "file/a", "file/a/b"] {
      #expect(throws: SystemError.notADirectory) {
        try FileSystem.makeDirectories(directory.file(path))
      }
    }
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("broken"), withDestinationPath: directory.file("nowhere"))
    #expect(throws: SystemError.self) {
      try FileSystem.makeDirectories(directory.file("broken"))
    }
  }

  @Test func entriesOfADirectoryHaveTypesAndNoDots() throws {
    try FileSystem.makeDirectory(directory.file("d"))
    try FileSystem.replaceContent(of: directory.file("..."), with: "")
    var names: Set<String> = []
    try FileSystem.forEachEntry(ofDirectory: directory.path) { name, type in
      names.insert(String(decoding: name, as: UTF8.self))
      #expect(type != .link)
    }
    #expect(names == ["d", "..."])
    #expect(throws: SystemError.notFound) {
      try FileSystem.forEachEntry(ofDirectory: directory.file("x")) { _, _ in }
    }
  }

  @Test func whatIsMadeInAPrivateDirectoryIsItsOwnersAlone() throws {
    let root = try PrivateDirectory(directory.path)
    defer { root.close() }
    let inner = try PrivateDirectory("inner", in: root)
    defer { inner.close() }
    let file = try inner.createFile("file")
    try file.write(Array("text".utf8))
    file.close()
    #expect(try mode(directory.path) == 0o700)
    #expect(try mode(directory.file("inner")) == 0o700)
    #expect(try mode(directory.file("inner/file")) == 0o600)
    #expect(throws: SystemError.exists) { try inner.createFile("file") }
    inner.removeFile("file")
    #expect(try FileSystem.isEmpty(directory: directory.file("inner")))

    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: directory.file("inner"))
    #expect(throws: SystemError.self) { try PrivateDirectory("link", in: root) }
  }

  // MARK: Content

  @Test func contentIsReadUpToALimit() throws {
    let path = directory.file("file")
    let text = String(repeating: "x", count: 70_000)
    try FileSystem.replaceContent(of: path, with: text)
    guard case .bytes(let bytes) = try FileSystem.content(of: path, limit: 70_000) else {
      Issue.record("it is not too large")
      return
    }
    #expect(bytes == Array(text.utf8))
    guard case .tooLarge = try FileSystem.content(of: path, limit: 69_999) else {
      Issue.record("it is too large")
      return
    }
  }

  @Test func contentIsReplacedThroughLinksAndLeavesNothingBeside() throws {
    let (file, link) = (directory.file("file"), directory.file("link"))
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
    try FileSystem.replaceContent(of: file, with: "old")
    try FileSystem.checkReplaceable(link)
    try FileSystem.replaceContent(of: link, with: "new")
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "new")
    #expect(FileStatus.isLink(link))
    #expect(FileSystem.names(inDirectory: directory.path).count == 2)
    try FileSystem.replaceContent(of: "/dev/null", with: "anything")
    #expect(throws: SystemError.isADirectory) {
      try FileSystem.checkReplaceable(directory.path)
    }
    #expect(throws: SystemError.notFound) {
      try FileSystem.checkReplaceable(directory.file("no/file"))
    }
    #expect(throws: SystemError.notFound) {
      try FileSystem.replaceContent(of: directory.file("no/file"), with: "")
    }
  }

  @Test func aStagedFileTakesItsPlaceWholeOrNotAtAll() throws {
    let target = directory.file("target")
    let first = try StagedFile(for: target, suffix: ".part-", .owner)
    let second = try StagedFile(for: target, suffix: ".part-", .owner)
    #expect(first.path != second.path)
    #expect(try mode(first.path) == 0o600)
    try first.publish(replacing: false)
    #expect(throws: SystemError.exists) { try second.publish(replacing: false) }
    #expect(FileStatus.exists(second.path))
    try second.publish(replacing: true)
    let third = try StagedFile(for: target, suffix: ".part-", .ordinary)
    third.discard()
    #expect(FileSystem.names(inDirectory: directory.path) == [Array("target".utf8)])
  }

  @Test func aLockHoldsAgainstOtherDescriptors() throws {
    let path = directory.file("lock")
    let (one, other) = (
      try FileDescriptor(lockFile: path), try FileDescriptor(lockFile: path)
    )
    #expect(try one.tryLock())
    #expect(try !other.tryLock())
    #expect(try !other.tryLock(shared: true))
    one.replaceContent(with: "long text")
    one.replaceContent(with: "short")
    #expect(other.beginning() == "short")
    one.close()
    #expect(try other.tryLock())
    other.close()
  }
}
