import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSStore

@Suite("The lock file")
struct WriterLockTests {
  private let directory: TemporaryDirectory
  private let path: String
  private var lockPath: String { path + ".lock" }

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  private func add(_ id: String, to store: SQLiteStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  /// Another writer takes the lock as soon as the file is gone; the first must not go on.
  @Test(arguments: [false, true])
  func whoLosesTheFileStops(_ isReplaced: Bool) throws {
    let first = try SQLiteStore(path: path, busyTimeout: .zero)
    let second = try SQLiteStore(path: path, busyTimeout: .zero)
    try add("a", to: first)
    func isRefused(_ id: String) -> Bool {
      do {
        try add(id, to: first)
        return false
      } catch {
        let error = error as? StoreError
        return error?.code == .replaced && error?.message.contains(lockPath) == true
      }
    }
    var refusals: [Bool] = []
    let outer = #expect(throws: StoreError.self) {
      try first.withExclusiveWriter {
        try FileManager.default.removeItem(atPath: lockPath)
        if isReplaced { try write(Array("1\n".utf8), to: lockPath) }
        refusals.append(isRefused("b"))
        try second.withExclusiveWriter {
          try add("c", to: second)
          refusals.append(isRefused("d"))
        }
        refusals.append(isRefused("e"))
      }
    }
    #expect(refusals == [true, true, true])
    #expect(outer?.code == .replaced)
    #expect(
      try second.read { try $0.records(RecordQuery(.patterns)).map(\.id) }.sorted() == ["a", "c"])
    // The database is still in its place, so the store takes a new lock and goes on.
    try add("f", to: first)
  }

  @Test func theLockOfAnotherIsLeftAlone() throws {
    let first = try SQLiteStore(path: path, busyTimeout: .zero)
    let second = try SQLiteStore(path: path, busyTimeout: .zero)
    var lock: WriterLock? = try WriterLock(database: path, timeout: .zero)
    try FileManager.default.removeItem(atPath: lockPath)
    try second.withExclusiveWriter {
      lock = nil
      #expect(FileManager.default.fileExists(atPath: lockPath))
      #expect(throws: StoreError.self) { try add("a", to: first) }
    }
    withExtendedLifetime(lock == nil) {}
  }

  @Test(arguments: Obstacle.allCases)
  func whatIsNoLockFileIsNamedAndNotFollowed(_ obstacle: Obstacle) throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    try add("a", to: store)
    try obstacle.create(lockPath, in: directory)
    let before = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(store.hasWriter == false)
    for body in [
      { try add("b", to: store) }, { _ = try SQLiteStore(path: path) },
      { _ = try SQLiteStore(path: path, access: .readOnly).checkWriting() },
    ] {
      let error = #expect(throws: StoreError.self) { try body() }
      #expect(error?.code == .cannotOpen)
      #expect(error?.message.contains("\(lockPath): it is \(obstacle.words)") == true)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == before)
    #expect(try SQLiteStore(path: path, access: .readOnly).read { try $0.runs(limit: 1) } == [])
  }

  @Test func aFileThatHoldsSomethingIsNotTakenForALockFile() throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    let text = Data(String(repeating: "precious ", count: 20).utf8)
    try write(text, to: lockPath)
    let error = #expect(throws: StoreError.self) { try add("a", to: store) }
    #expect(error?.code == .cannotOpen && error?.message.contains("180 bytes") == true)
    #expect(try contents(directory.path)["rmos.db.lock"] == text)
    // Nor is a short file that has another name too.
    try FileManager.default.removeItem(atPath: lockPath)
    try write(Array("note".utf8), to: directory.file("note"))
    try FileManager.default.linkItem(atPath: directory.file("note"), toPath: lockPath)
    #expect(throws: StoreError.self) { try add("a", to: store) }
    #expect(try contents(directory.path)["note"] == Data("note".utf8))
  }
}
