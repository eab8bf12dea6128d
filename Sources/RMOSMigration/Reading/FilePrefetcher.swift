import RMOSSystem

/// Reads small files on other threads, ahead of the thread that needs them.
///
/// Opening a file takes as long as decoding an entity if the system has it in memory, and a
/// thousand times as long on a network share. A prefetcher only saves time: the thread that needs a
/// file opens it itself if no other thread has begun to, if that failed, or if it is not small.
///
/// A prefetcher is used by one thread, which needs the files.
final class FilePrefetcher {
  /// The size of the largest file that is read ahead, in bytes.
  static let largest = 32 << 10
  /// The number of files that a thread reads in one turn.
  static let groupSize = 16
  /// The time that a file in memory takes at most: if all files of a group take longer, another
  /// thread is started.
  static let patience = Duration.microseconds(50)

  private let queue: Queue
  /// The contents of the files to be taken next; `nil` for those left to the caller.
  private var group: ArraySlice<[UInt8]?> = []

  /// Creates a prefetcher, which uses several threads if reading a file takes longer than
  /// `patience`.
  init(patience: Duration = FilePrefetcher.patience) { queue = Queue(patience: patience) }

  /// Ends the threads, each after the group that it is reading.
  func close() { queue.close() }

  /// Adds files; ``take()`` must then be called for each, in this order.
  func add(_ paths: [[UInt8]]) {
    queue.add(
      stride(from: 0, to: paths.count, by: Self.groupSize).map {
        Array(paths[$0..<min($0 + Self.groupSize, paths.count)])
      })
  }

  /// Returns the content of the next file; `nil` if the caller is to read it.
  func take() -> [UInt8]? {
    if group.isEmpty { group = queue.take() }
    return group.removeFirst()
  }

  /// Returns the content of a file; `nil` if it is not a small regular file, or cannot be read.
  fileprivate static func content(of path: [UInt8]) -> [UInt8]? {
    guard let file = try? FileByteSource(path) else { return nil }
    defer { file.close() }
    guard file.size <= largest else { return nil }
    var isWhole = false
    // One byte more than the file should have, to notice if it has grown.
    let content = unsafe [UInt8](unsafeUninitializedCapacity: file.size + 1) { buffer, count in
      while count < buffer.count, let base = buffer.baseAddress {
        guard
          let got = try? unsafe file.read(
            into: base + count, count: buffer.count - count, at: count)
        else { return }
        count += got
        // A short read that reaches the known size needs no further call to prove the end.
        if got == 0 || count == file.size {
          isWhole = true
          return
        }
      }
    }
    return isWhole ? content : nil
  }
}

/// The groups of files to read, which the threads share.
private final class Queue: Sendable {
  private enum Group {
    case waiting(paths: [[UInt8]])
    case beingRead
    case read([[UInt8]?])
  }

  private struct State {
    /// The groups that are not taken yet, in order.
    var groups: [Group] = []
    /// The number of groups that were taken.
    var taken = 0
    /// The number of the first group that is neither begun nor taken.
    var next = 0
    var threadCount = 0
    /// Whether the thread that needs the files waits for a group to be read.
    var isAwaited = false
    var isClosed = false

    /// Begins to read the next group; `nil` if there is none.
    mutating func begin() -> (number: Int, paths: [[UInt8]])? {
      guard !isClosed, next - taken < groups.count,
        case .waiting(let paths) = groups[next - taken]
      else { return nil }
      defer { next += 1 }
      groups[next - taken] = .beingRead
      return (next, paths)
    }

    /// Takes the first group; `nil` if a thread is still reading it.
    mutating func take() -> ArraySlice<[UInt8]?>? {
      let contents: [[UInt8]?]
      switch groups[0] {
      case .beingRead: return nil
      case .waiting(let paths): contents = Array(repeating: nil, count: paths.count)
      case .read(let read): contents = read
      }
      groups.removeFirst()
      taken += 1
      next = max(next, taken)
      return contents[...]
    }
  }

  private static let maximumThreads = 8

  private let monitor = Monitor(State())
  private let patience: Duration

  init(patience: Duration) { self.patience = patience }

  func close() { monitor.withLock(waking: .all) { $0.isClosed = true } }

  func add(_ groups: [[[UInt8]]]) {
    // A thread that begins a group wakes the next one.
    let needsThread = monitor.withLock(waking: .one) { state in
      state.groups += groups.map { .waiting(paths: $0) }
      // A single group would be taken by the calling thread before another thread begins it.
      return state.threadCount == 0 && state.groups.count > 1
    }
    if needsThread { startThread() }
  }

  /// Takes the first group once it is read; reads others while another thread is reading it.
  func take() -> ArraySlice<[UInt8]?> {
    while true {
      let (first, next) = monitor.withLock { state in
        let first = state.take()
        return (first, first == nil ? state.begin() : nil)
      }
      if let first { return first }
      guard let (number, paths) = next else { break }
      read(number, paths)
    }
    return monitor.wait { state in
      if let group = state.take() { return .done(group) }
      state.isAwaited = true
      return .wait()
    }
  }

  /// Starts another thread, unless there are ``maximumThreads``.
  ///
  /// If the system cannot start one, the files are left to the thread that needs them.
  private func startThread() {
    let isWanted = monitor.withLock { state in
      guard state.threadCount < Self.maximumThreads, !state.isClosed else { return false }
      state.threadCount += 1
      return true
    }
    if isWanted { try? SystemThread.detached { [self] in readAhead() } }
  }

  private func readAhead() {
    while let (number, paths) = waitForWork() {
      let fastest = read(number, paths)
      if paths.count == FilePrefetcher.groupSize, fastest > patience { startThread() }
    }
  }

  private func waitForWork() -> (number: Int, paths: [[UInt8]])? {
    monitor.wait(waking: .one) { state in
      if state.isClosed { return .done(nil) }
      return state.begin().map { .done($0) } ?? .wait()
    }
  }

  /// Reads a group, and returns the time that the fastest of its files took.
  @discardableResult
  private func read(_ number: Int, _ paths: [[UInt8]]) -> Duration {
    var fastest = Duration.seconds(1)
    var start = ContinuousClock.now
    let contents = paths.map { path in
      defer {
        let end = ContinuousClock.now
        fastest = min(fastest, end - start)
        start = end
      }
      return FilePrefetcher.content(of: path)
    }
    let isAwaited = monitor.withLock { state in
      state.groups[number - state.taken] = .read(contents)
      defer { state.isAwaited = false }
      return state.isAwaited
    }
    if isAwaited { monitor.withLock(waking: .all) { _ in } }
    return fastest
  }
}
