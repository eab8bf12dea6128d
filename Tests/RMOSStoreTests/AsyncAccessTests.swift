import Dispatch
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Tests of the asynchronous functions, which do not block the calling thread.
@Suite struct AsyncAccessTests {
  @Test(arguments: Backend.allCases)
  func whatIsWrittenIsRead(_ backend: Backend) async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let store = try backend.store(in: directory)
    let id = try await store.asyncWrite { transaction in
      try transaction.insert(StoreSamples.record(.patterns, "p"))
      return "p"
    }
    #expect(try await store.asyncRead { try $0.record(.patterns, id: id)?.id } == "p")
    await #expect(throws: StoreError.self) {
      try await store.asyncWrite { transaction in
        _ = try transaction.delete(.patterns, id: "p")
        for _ in 0..<2 { try transaction.insert(StoreSamples.record(.patterns, "q")) }
      }
    }
    #expect(try await store.asyncRead { try $0.contains(.patterns, id: "p") })
  }

  @Test(arguments: Backend.allCases)
  func cancellingTheTaskEndsTheReading(_ backend: Backend) async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let store = try backend.store(in: directory)
    try await store.asyncWrite { transaction in
      for number in 0..<100 {
        try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
      }
    }
    let (begun, continuation) = AsyncStream<Void>.makeStream()
    let task = Task {
      try await store.asyncWrite { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "more"))
        continuation.yield()
        while true { try transaction.forEachRecord(.patterns) { _ in } }
      }
    }
    for await _ in begun { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await store.asyncRead { try !$0.contains(.patterns, id: "more") })
  }

  @Test(arguments: Backend.allCases)
  func aTaskThatIsCancelledBeforehandWritesNothing(_ backend: Backend) async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let store = try backend.store(in: directory)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await store.asyncWrite { try $0.insert(StoreSamples.record(.patterns, "p")) }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    let reading = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await store.asyncRead { _ in true }
    }
    await #expect(throws: CancellationError.self) { try await reading.value }
    #expect(try await store.asyncRead { try !$0.contains(.patterns, id: "p") })
  }

  @Test(arguments: Backend.allCases)
  func aTransactionWhoseTaskIsCancelledIsRolledBack(_ backend: Backend) async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let store = try backend.store(in: directory)
    let (begun, continuation) = AsyncStream<Void>.makeStream()
    let isCancelled = DispatchSemaphore(value: 0)
    let task = Task {
      try await store.asyncWrite { transaction in
        continuation.yield()
        isCancelled.wait()
        try transaction.insert(StoreSamples.record(.patterns, "p"))
      }
    }
    for await _ in begun { break }
    task.cancel()
    isCancelled.signal()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await store.asyncRead { try !$0.contains(.patterns, id: "p") })
  }
}
