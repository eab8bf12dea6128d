import RMOSSystem

/// Reads small files on other threads, ahead of the thread that needs them.
///
/// Opening a file takes as long as decoding an entity if the system has it in memory, and a
/// thousand times as long on a network share. A prefetcher only saves time: the thread that needs
/// files reads those that no other thread has begun to read, and itself opens those that are not
/// small or could not be read.
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
  /// The files to be taken next.
  private var group = FileGroup()
  /// The number of files of ``group`` that were taken.
  private var taken = 0

  /// Creates a prefetcher of files below a directory, which uses several threads if reading a file
  /// takes longer than `patience`.
  init(root: [UInt8], patience: Duration = FilePrefetcher.patience) {
    queue = Queue(root: root, patience: patience)
  }

  /// Ends the threads, each after the group that it is reading.
  func close() { queue.close() }

  /// Adds files by their paths relative to the root; ``take()`` must then be called for each, in
  /// this order.
  func add(_ paths: [[UInt8]]) {
    queue.add(
      stride(from: 0, to: paths.count, by: Self.groupSize).map {
        Array(paths[$0..<min($0 + Self.groupSize, paths.count)])
      })
  }

  /// Returns the content of the next file; `nil` if the caller is to read it.
  func take() -> PrefetchedFile? {
    if taken == group.ranges.count { (group, taken) = (queue.take(), 0) }
    defer { taken += 1 }
    return group.ranges[taken].map { PrefetchedFile(bytes: group.bytes, range: $0) }
  }
}

/// A file whose content was read ahead.
struct PrefetchedFile: ByteSource {
  /// The contents of its group.
  fileprivate let bytes: [UInt8]
  fileprivate let range: Range<Int>

  var size: Int { range.count }

  func read(into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int) -> Int {
    unsafe bytes[range].read(into: buffer, count: count, at: offset)
  }
}

/// The contents of the small files of a group.
///
/// They are in one block of memory, because the thread that frees a block contends with the thread
/// that allocated it for a lock.
private struct FileGroup {
  var bytes: [UInt8] = []
  /// For each file, the range of its content; `nil` if the caller is to read it.
  var ranges: [Range<Int>?] = []
}

/// Reads the small files of a group.
///
/// Their directory is opened once, because opening a file by its name in an open directory is
/// faster than by its path. It is closed after the group, so that it can be unmounted.
@safe private struct SmallFileReader: ~Copyable {
  private let root: [UInt8]
  /// Has room for one byte more than a small file has, to recognize larger ones.
  private let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(
    capacity: FilePrefetcher.largest + 1)
  /// The directory of the file that was read last; its descriptor is `nil` if it cannot be opened.
  private var directory: (path: ArraySlice<UInt8>, descriptor: FileDescriptor?)?

  init(root: [UInt8]) { self.root = root }

  deinit {
    unsafe buffer.deallocate()
    directory?.descriptor?.close()
  }

  /// Reads the files of a group; also returns the time that the fastest of them took.
  static func read(_ paths: [[UInt8]], root: [UInt8]) -> (FileGroup, fastest: Duration) {
    var reader = SmallFileReader(root: root)
    var group = FileGroup()
    group.ranges.reserveCapacity(paths.count)
    var fastest = Duration.seconds(1)
    var start = ContinuousClock.now
    for path in paths {
      let offset = group.bytes.count
      if let count = reader.read(path) {
        if offset == 0 { group.bytes.reserveCapacity(min(count * paths.count, 64 << 10)) }
        unsafe group.bytes.append(contentsOf: reader.buffer[..<count])
        group.ranges.append(offset..<offset + count)
      } else {
        group.ranges.append(nil)
      }
      let end = ContinuousClock.now
      fastest = min(fastest, end - start)
      start = end
    }
    return (group, fastest)
  }

  /// Reads a file into the buffer, and returns its size; `nil` if it is not a small regular file,
  /// or cannot be read.
  private mutating func read(_ path: [UInt8]) -> Int? {
    guard let (file, followsLinks) = open(path), let base = unsafe buffer.baseAddress else {
      return nil
    }
    defer { file.close() }
    let capacity = unsafe buffer.count
    guard var count = try? unsafe file.read(into: base, count: capacity, at: 0) else { return nil }
    // If less than a page was read, it is all of a regular file: pipes cannot be read at an offset,
    // and devices return all that is asked for, or nothing. So the file's status is not needed.
    if !followsLinks, (1..<Self.pageSize).contains(count) { return count }
    guard let status = try? file.status(), status.form == .file else { return nil }
    while count != status.size {
      guard count < capacity,
        let got = try? unsafe file.read(into: base + count, count: capacity - count, at: count)
      else { return nil }
      if got == 0 { break }
      count += got
    }
    return count <= FilePrefetcher.largest ? count : nil
  }

  /// The size of the smallest pages in which systems keep files in memory.
  private static var pageSize: Int { 4096 }

  /// Opens a file; also returns whether the last component of the path may be a link.
  private mutating func open(_ path: [UInt8]) -> (FileDescriptor, followsLinks: Bool)? {
    let slash = UInt8(ascii: "/")
    let nameStart = (path.lastIndex(of: slash) ?? -1) + 1
    if directory?.path != path[..<nameStart] {
      directory?.descriptor?.close()
      let absolute = root + [slash] + path[..<nameStart]
      directory = (path[..<nameStart], try? FileDescriptor(listing: absolute))
    }
    if let directory = directory?.descriptor,
      let file = try? FileDescriptor(reading: Array(path[nameStart...]), in: directory)
    {
      return (file, false)
    }
    return (try? FileDescriptor(reading: root + [slash] + path)).map { ($0, true) }
  }
}

/// The groups of files to read, which the threads share.
private final class Queue: Sendable {
  private enum Group {
    case waiting(paths: [[UInt8]])
    case beingRead
    case read(FileGroup)
  }

  private struct State {
    /// The groups that are not taken yet, in order.
    var groups: [Group] = []
    /// The size of the contents that are not taken yet, in bytes.
    var size = 0
    /// The number of groups that were taken.
    var taken = 0
    /// The number of the first group that is not begun.
    var next = 0
    var threadCount = 0
    /// Whether the thread that needs the files waits for a group to be read.
    var isAwaited = false
    var isClosed = false

    /// Whether nothing more is to be read ahead for now.
    var isFull: Bool { size >= Queue.maximumSize }

    /// Begins to read the next group; `nil` if there is none.
    mutating func begin() -> (number: Int, paths: [[UInt8]])? {
      guard !isClosed, next - taken < groups.count,
        case .waiting(let paths) = groups[next - taken]
      else { return nil }
      defer { next += 1 }
      groups[next - taken] = .beingRead
      return (next, paths)
    }

    /// Takes the first group; `nil` if it is not read yet.
    mutating func take() -> FileGroup? {
      guard case .read(let group) = groups[0] else { return nil }
      groups.removeFirst()
      size -= group.bytes.count
      taken += 1
      return group
    }
  }

  private static let maximumThreads = 8
  /// The size of the contents from which on nothing more is read ahead, in bytes.
  private static let maximumSize = 4 << 20

  private let monitor = Monitor(State())
  private let root: [UInt8]
  private let patience: Duration

  init(root: [UInt8], patience: Duration) {
    self.root = root
    self.patience = patience
  }

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
  func take() -> FileGroup {
    while true {
      let (first, next, readsOn) = monitor.withLock { state in
        let wasFull = state.isFull
        let first = state.take()
        return (first, first == nil ? state.begin() : nil, wasFull && !state.isFull)
      }
      if readsOn { monitor.withLock(waking: .one) { _ in } }
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
      return (state.isFull ? nil : state.begin()).map { .done($0) } ?? .wait()
    }
  }

  /// Reads a group, and returns the time that the fastest of its files took.
  @discardableResult
  private func read(_ number: Int, _ paths: [[UInt8]]) -> Duration {
    let (group, fastest) = SmallFileReader.read(paths, root: root)
    let isAwaited = monitor.withLock { state in
      state.groups[number - state.taken] = .read(group)
      state.size += group.bytes.count
      defer { state.isAwaited = false }
      return state.isAwaited
    }
    if isAwaited { monitor.withLock(waking: .all) { _ in } }
    return fastest
  }
}
