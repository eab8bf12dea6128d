import RMOSSystem

/// Opens and reads small files on other threads, ahead of the one that needs them, where that is slow.
///
/// To open a file takes as long as to decode an entity if the system has it in memory, and a thousand
/// times as long on a network share. Nothing but time depends on a prefetcher: the thread that needs a
/// file opens it itself if no other has begun to, if that failed, and if the file is not small.
final class FilePrefetcher: Sendable {
  /// The size of the largest file that is read ahead, in bytes.
  static let largest = 32 << 10
  /// The time from which on opening a file is slow, unless tests say otherwise.
  static let slow = Duration.microseconds(100)
  /// The number of slowly opened files, of those added at once, from which on a thread is worth it.
  private static let manySlow = 8
  private static let mostThreads = 8
  /// How long the thread that needs a file may wait before another thread is started.
  private static let patience = Duration.milliseconds(1)

  private enum File {
    case waiting(path: [UInt8])
    case beingRead
    /// What is in it; `nil` if it is left to the thread that needs it.
    case read([UInt8]?)
  }

  private struct State {
    /// The files that were not taken yet, in order.
    var files: [File] = []
    /// The number of files that were taken.
    var taken = 0
    /// The number of the first file that was neither begun nor taken.
    var next = 0
    /// How many files the thread that needs them opened slowly since the last were added.
    var slowlyOpened = 0
    var threadCount = 0
    var isClosed = false

    /// Begins to read the next file.
    mutating func begin() -> (number: Int, path: [UInt8])? {
      guard !isClosed, next - taken < files.count,
        case .waiting(let path) = files[next - taken]
      else { return nil }
      defer { next += 1 }
      files[next - taken] = .beingRead
      return (next, path)
    }

    /// Takes the first file.
    ///
    /// - Returns: Its content, if another thread read it; `nil` if one is still reading it.
    mutating func take() -> Optional<[UInt8]?> {
      if case .beingRead = files[0] { return nil }
      let file = files.removeFirst()
      taken += 1
      next = max(next, taken)
      if case .read(let content) = file { return .some(content) }
      return .some(nil)
    }
  }

  private let slow: Duration
  private let monitor = Monitor(State())

  /// Creates a prefetcher; files that take `slow` to open are slow.
  init(slow: Duration = FilePrefetcher.slow) { self.slow = slow }

  /// Ends the threads, each once it has read what it is reading.
  func close() { monitor.withLock(waking: .all) { $0.isClosed = true } }

  /// Adds files; ``take()`` must then be called for each, in this order.
  func add(_ paths: [[UInt8]]) {
    let needsThread = monitor.withLock(waking: .all) { state in
      state.files += paths.map { .waiting(path: $0) }
      defer { state.slowlyOpened = 0 }
      return state.threadCount == 0 && state.slowlyOpened >= Self.manySlow
    }
    if needsThread { startThread() }
  }

  /// Takes into account how long it took the thread that needs a file to open it.
  func opened(in duration: Duration) {
    if duration >= slow { monitor.withLock { $0.slowlyOpened += 1 } }
  }

  /// Returns the content of the next file; `nil` if the caller is to read it.
  func take() -> [UInt8]? {
    if let content = monitor.withLock({ $0.take() }) { return content }
    let start = ContinuousClock.now
    let content = monitor.wait { state in state.take().map { .done($0) } ?? .wait() }
    if ContinuousClock.now - start > Self.patience { startThread() }
    return content
  }

  private func startThread() {
    let isWanted = monitor.withLock { state in
      guard state.threadCount < Self.mostThreads, !state.isClosed else { return false }
      state.threadCount += 1
      return true
    }
    // If the system gives none, the files are left to the thread that needs them.
    if isWanted { try? SystemThread.detached { [self] in readAhead() } }
  }

  private func readAhead() {
    while var (number, path) = waitForFile() {
      while true {
        let content = Self.content(of: path)
        let next = monitor.withLock(waking: .all) { state in
          state.files[number - state.taken] = .read(content)
          return state.begin()
        }
        guard let next else { break }
        (number, path) = next
      }
    }
  }

  private func waitForFile() -> (number: Int, path: [UInt8])? {
    monitor.wait { state in
      if state.isClosed { return .done(nil) }
      return state.begin().map { .done($0) } ?? .wait()
    }
  }

  /// The content of a file; `nil` if it is not a small regular file, or cannot be read.
  private static func content(of path: [UInt8]) -> [UInt8]? {
    guard let file = try? FileByteSource(path) else { return nil }
    defer { file.close() }
    guard file.size <= largest else { return nil }
    var isWhole = false
    // One more than there should be, to see the end.
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
