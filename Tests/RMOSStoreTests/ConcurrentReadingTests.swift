import Foundation
import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Synchronization
import Testing

@Suite struct ConcurrentReadingTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.file("rmos.db") }

  init() throws { directory = try TemporaryDirectory() }

  private func insert(_ id: String, into store: SQLiteStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  @Test(arguments: [SQLiteStore.Access.create, .readWrite, .readOnly, .inspect])
  func partsRunAtTheSameTimeOnOneState(_ access: SQLiteStore.Access) throws {
    let writer = try SQLiteStore(path: path)
    try insert("before", into: writer)
    let store = try SQLiteStore(path: path, access: access)
    let counts = Mutex<[Int]>([])
    let (begun, written) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    try store.readOnOneState([
      { reader in
        // The other part runs at the same time and waits for this write.
        #expect(begun.wait(timeout: .now() + 60) == .success)
        try insert("meanwhile", into: writer)
        written.signal()
        let count = try reader.count(RecordQuery(.patterns))
        counts.withLock { $0.append(count) }
      },
      { reader in
        begun.signal()
        #expect(written.wait(timeout: .now() + 60) == .success)
        let count = try reader.count(RecordQuery(.patterns))
        counts.withLock { $0.append(count) }
      },
    ])
    #expect(counts.withLock { $0 } == [1, 1])
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 2)
  }

  @Test func partsSeeOneStateHoweverOthersWrite() throws {
    let writer = try SQLiteStore(path: path)
    try insert("first", into: writer)
    let store = try SQLiteStore(path: path, access: .inspect)
    // A `Monitor`, because the thread sanitizer reports false races for a `Mutex`.
    let isOver = Monitor(false)
    let outcomes = inParallel(2) { thread in
      if thread == 0 {
        for number in 0..<400 { try insert("p\(number)", into: writer) }
        return isOver.withLock { $0 = true }
      }
      while !isOver.withLock({ $0 }) {
        let counts = Monitor<Set<Int>>([])
        let part: @Sendable (any StoreReader) throws -> Void = { reader in
          let count = try reader.count(RecordQuery(.patterns))
          counts.withLock { _ = $0.insert(count) }
        }
        try store.readOnOneState([part, part, part])
        #expect(counts.withLock { $0.count } == 1)
      }
    }
    for outcome in outcomes { try outcome.get() }
  }

  @Test func aDatabaseWhoseLogWasLeftBehindIsReadByTwoAsWell() throws {
    do { try insert("a", into: try SQLiteStore(path: path)) }
    // The sqlite3 shell leaves such files behind when it only reads.
    try Data().write(to: URL(fileURLWithPath: path + "-wal"))
    try Data(count: 32_768).write(to: URL(fileURLWithPath: path + "-shm"))
    let store = try SQLiteStore(path: path, access: .inspect)
    let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    try store.readOnOneState([
      { _ in
        first.signal()
        #expect(second.wait(timeout: .now() + 60) == .success)
      },
      { _ in
        second.signal()
        #expect(first.wait(timeout: .now() + 60) == .success)
      },
    ])
  }

  @Test(arguments: [true, false])
  func theFirstFailureEndsIt(_ inMemory: Bool) throws {
    let store: any RecordStore = inMemory ? InMemoryStore() : try SQLiteStore(path: path)
    let begun = Monitor(0)
    let part: @Sendable (any StoreReader) throws -> Void = { _ in
      begun.withLock { $0 += 1 }
      throw StoreError.cancelled
    }
    let error = #expect(throws: StoreError.self) {
      try store.readOnOneState(Array(repeating: part, count: 50))
    }
    #expect(error?.code == .cancelled)
    // At most one for each thread.
    #expect(1...2 ~= begun.withLock { $0 })
  }
}
