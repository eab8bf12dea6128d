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
      // Some file systems accept only UTF-8.
      return
    }
    #expect(FileSystem.names(inDirectory: directory.path) == [[0xFF]])
    #expect(try path.resolved() == path)
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
    #expect(try FileStatus(of: "/dev/null").form == .device)
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

  /// A child process keeps inherited descriptors until it runs its program.
  @Test func aLockEndsWithItsDirectoryWhateverChildrenInherited() throws {
    let first = try PrivateDirectory(existing: directory.path)
    #expect(first.tryLock())
    let second = try PrivateDirectory(existing: directory.path)
    defer { second.close() }
    #expect(!second.tryLock())
    let inherited = dup(first.descriptor.number)
    defer { close(inherited) }
    first.close()
    #expect(second.tryLock())
  }

  @Test func whatIsMadeInAPrivateDirectoryIsItsOwnersAlone() throws {
    let root = try PrivateDirectory(existing: directory.path)
    defer { root.close() }
    try root.makePrivate()
    let inner = try PrivateDirectory("inner", in: root)
    defer { inner.close() }
    let file = try inner.stageFile()
    try file.write(Array("text".utf8))
    file.close()
    try inner.placeStagedFile(as: Array("file".utf8))
    #expect(try mode(directory.path) == 0o700)
    #expect(try mode(directory.file("inner")) == 0o700)
    #expect(try mode(directory.file("inner/file")) == 0o600)
    // Staged files of killed processes are removed; files with final names stay.
    try inner.stageFile().close()
    try inner.stageFile().close()
    #expect(throws: SystemError.exists) { try inner.placeStagedFile(as: Array("file".utf8)) }
    #expect(FileSystem.names(inDirectory: directory.file("inner")).count == 2)
    inner.removeStagedFile()
    #expect(FileSystem.names(inDirectory: directory.file("inner")) == [Array("file".utf8)])
    try inner.checkIsInPlace(at: Array(directory.file("inner").utf8))
    #expect(throws: SystemError.wasMoved) {
      try inner.checkIsInPlace(at: Array(directory.path.utf8))
    }

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
    let names = [".part-1", ".part-2"]
    let first = try StagedFile(in: directory.path, names: names)
    let second = try StagedFile(in: directory.path, names: names)
    #expect(first.temporaryPath != second.temporaryPath)
    #expect(throws: SystemError.exists) { try StagedFile(in: directory.path, names: names) }
    #expect(try mode(first.temporaryPath) == 0o600)
    try first.move(to: "target", replacing: false)
    #expect(first.isNamed("target") && !first.isInPlace)
    #expect(throws: SystemError.exists) { try second.move(to: "target", replacing: false) }
    #expect(second.isInPlace)
    try second.move(to: "target", replacing: true)
    #expect(second.isNamed("target") && !first.isNamed("target"))
    // What others use is not replaced, even if it appeared after it was looked for.
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: "target")
    let late = try StagedFile(in: directory.path, names: names)
    #expect(throws: SystemError.notAFile) { try late.move(to: "link", replacing: true) }
    #expect(FileStatus.isLink(directory.file("link")))
    late.discard()
    try FileSystem.removeFile(directory.file("link"))
    let third = try StagedFile(in: directory.path, names: names)
    third.discard()
    #expect(FileSystem.names(inDirectory: directory.path) == [Array("target".utf8)])
  }

  @Test func whatAKilledProcessLeftIsRemovedAndWhatAnotherWritesIsNot() throws {
    let names = [".part-1", ".part-2"]
    try FileDescriptor(creating: directory.file(".part-1")).close()
    let first = try StagedFile(in: directory.path, names: names, removingLeftOvers: true)
    #expect(first.temporaryPath.hasSuffix(".part-1"))
    let second = try StagedFile(in: directory.path, names: names, removingLeftOvers: true)
    #expect(second.temporaryPath.hasSuffix(".part-2"))
    #expect(first.isInPlace && second.isInPlace)
  }

  @Test func aTreeGoesWholeUnlessThatIsCancelled() throws {
    let tree = Array(directory.file("tree").utf8)
    try FileSystem.makeDirectories(directory.file("tree/a/b"))
    try FileSystem.replaceContent(of: directory.file("tree/a/file"), with: "")
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("tree/link"), withDestinationPath: directory.path)
    var allowance = 1
    #expect(throws: SystemError.cancelled) {
      try FileSystem.removeTree(tree, allowance: &allowance) { true }
    }
    #expect(FileStatus.hasEntry(tree))
    allowance = 1
    try FileSystem.removeTree(tree, allowance: &allowance) { false }
    #expect(FileSystem.names(inDirectory: directory.path).isEmpty)
  }

  @Test func aLockHoldsAgainstOtherDescriptors() throws {
    let path = directory.file("lock")
    let one = try FileDescriptor(creatingLockFile: path, like: nil)
    let (other, isWritable) = try FileDescriptor.openingLockFile(path)
    #expect(isWritable)
    #expect(throws: SystemError.exists) { try FileDescriptor(creatingLockFile: path, like: nil) }
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
