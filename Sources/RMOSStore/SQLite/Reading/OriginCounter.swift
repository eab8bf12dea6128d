import CSQLite
import RMOSModels
import RMOSSystem

/// Counts the rows of a range of entities by the runs that wrote them.
///
/// SQLite calls two functions while it runs through the ids of the rows and of the provenance, both
/// in order: the first collects ids in blocks, the second compares them. Returning each row from
/// `sqlite3_step` and reading its columns would take as long again.
struct OriginCounter {
  /// The number of rows that each run wrote.
  private(set) var counts: [Int64: Int] = [:]
  /// The rows that no run wrote which counts.
  private(set) var others = OtherRows()
  /// The runs that count.
  private let runs: Set<Int64>
  /// The id at which the range ends; `nil` for no limit.
  private let end: [UInt8]?

  /// The ids of the block, one after the other, and where each ends.
  private var ids: [UInt8] = []
  private var ends: [Int] = []
  /// The number of ids of the block that were compared, and where the next one begins.
  private var compared = (count: 0, start: 0)
  /// Whether the range has no more ids.
  fileprivate private(set) var isAtEnd = false
  /// The provenance that comes after all ids of the block: the id, and the run.
  fileprivate private(set) var pending: (id: [UInt8], run: Int64)?
  /// The run of the rows compared last, which are often of one run, and their number.
  private var current: (run: Int64, count: Int)?

  /// The number of ids in a block, so small that they stay in the processor's cache.
  private static let blockSize = 8192

  /// The rows that no run in the ledger wrote.
  struct OtherRows {
    /// The largest number of rows that are looked up one by one.
    private static let limit = 2000

    /// The ids of the rows, in order, each once.
    private(set) var ids: [[UInt8]] = []
    /// Whether `ids` has the ids of all these rows.
    var isComplete = true

    mutating func add(_ id: UnsafeBufferPointer<UInt8>) {
      if let last = ids.last, unsafe last.elementsEqual(id) { return }
      guard ids.count < Self.limit else { return isComplete = false }
      unsafe ids.append(Array(id))
    }
  }

  /// Creates a counter of the rows that some runs wrote, up to an id.
  init(_ runs: Set<Int64>, before end: String?) {
    self.runs = runs
    self.end = end.map { Array($0.utf8) }
  }

  /// Takes the next id.
  ///
  /// - Returns: Whether the block is full, or the range has ended.
  fileprivate mutating func take(_ id: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe ids.append(contentsOf: id)
    ends.append(ids.count)
    // Comparing each id with the end of the range would take a twentieth of the time.
    guard ends.count.isMultiple(of: 64) else { return false }
    removeIDsBeyondEnd()
    return isAtEnd || ends.count == Self.blockSize
  }

  /// Removes the ids of the block that do not come before the end of the range.
  private mutating func removeIDsBeyondEnd() {
    guard let end else { return }
    while let last = ends.last {
      let start = ends.dropLast().last ?? 0
      let isInRange = unsafe ids.withUnsafeBufferPointer { ids in
        unsafe end.withUnsafeBufferPointer { unsafe ids.extracting(start..<last).precedes($0) }
      }
      if isInRange { return }
      isAtEnd = true
      ends.removeLast()
    }
  }

  /// Compares the ids of the block with the next provenance.
  ///
  /// - Returns: Whether that comes after all of them.
  fileprivate mutating func match(_ id: UnsafeBufferPointer<UInt8>, _ run: Int64) -> Bool {
    while compared.count < ends.count {
      let range = compared.start..<ends[compared.count]
      let order = unsafe ids.withUnsafeBufferPointer { ids in
        unsafe Memory.compare(ids.extracting(range), id)
      }
      // The row of the provenance was deleted, or changed its id.
      if order > 0 { return false }
      if order == 0, run == current?.run {
        current?.count += 1
      } else if order == 0, runs.contains(run) {
        addCurrent()
        current = (run, 1)
      } else {
        addOther(range)
      }
      compared = (compared.count + 1, range.upperBound)
    }
    unsafe pending = (Array(id), run)
    return true
  }

  /// Adds the rows that were compared last.
  fileprivate mutating func addCurrent() {
    if let current { counts[current.run, default: 0] += current.count }
    current = nil
  }

  private mutating func addOther(_ range: Range<Int>) {
    unsafe ids.withUnsafeBufferPointer { ids in unsafe others.add(ids.extracting(range)) }
  }

  /// Begins a new block.
  fileprivate mutating func beginBlock() {
    ids.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    compared = (0, 0)
  }

  /// Compares the ids of the block with the provenance that came after those of the last block.
  ///
  /// - Returns: Whether that comes after all of them too.
  fileprivate mutating func matchPending() -> Bool {
    guard let (id, run) = pending else { return false }
    pending = nil
    return unsafe id.withUnsafeBufferPointer { unsafe match($0, run) }
  }

  /// Adds the ids of the block that come after all provenance.
  fileprivate mutating func addRest() {
    while compared.count < ends.count {
      let range = compared.start..<ends[compared.count]
      addOther(range)
      compared = (compared.count + 1, range.upperBound)
    }
  }

  /// Ends the ids.
  fileprivate mutating func endIDs() {
    removeIDsBeyondEnd()
    isAtEnd = true
  }
}

/// The functions of a connection with which SQLite calls an ``OriginCounter``.
@safe final class OriginFunctions {
  /// The function that takes the id of a row; it is true if no further row is needed for now.
  static let take = "rmos_take_id"
  /// The function that takes the id and run of a provenance; it is true if no further provenance is
  /// needed for now.
  static let match = "rmos_match_id"

  private let counter: UnsafeMutablePointer<OriginCounter>

  /// Adds the functions to a connection, which must have closed when they are released:
  /// `sqlite3_create_function_v2`.
  init(_ handle: SQLiteHandle) throws(StoreError) {
    unsafe counter = .allocate(capacity: 1)
    unsafe counter.initialize(to: OriginCounter([], before: nil))
    let flags = SQLITE_UTF8 | SQLITE_DIRECTONLY
    try unsafe handle.check(
      sqlite3_create_function_v2(
        handle.pointer, Self.take, 1, flags, counter,
        { context, _, values in
          guard let counter = unsafe OriginFunctions.counter(context), let id = unsafe values?[0]
          else { return }
          if let id = unsafe OriginFunctions.text(id) {
            if unsafe !counter.pointee.take(id) { return }
          } else {
            // Blobs come after all texts.
            unsafe counter.pointee.endIDs()
          }
          unsafe sqlite3_result_int(context, 1)
        }, nil, nil, nil))
    try unsafe handle.check(
      sqlite3_create_function_v2(
        handle.pointer, Self.match, 2, flags, counter,
        { context, _, values in
          guard let counter = unsafe OriginFunctions.counter(context), let id = unsafe values?[0],
            let run = unsafe values?[1]
          else { return }
          if let id = unsafe OriginFunctions.text(id),
            unsafe !counter.pointee.match(id, sqlite3_value_int64(run))
          {
            return
          }
          unsafe sqlite3_result_int(context, 1)
        }, nil, nil, nil))
  }

  deinit {
    unsafe counter.deinitialize(count: 1)
    unsafe counter.deallocate()
  }

  /// The counter of a connection: `sqlite3_user_data`.
  private static func counter(_ context: OpaquePointer?) -> UnsafeMutablePointer<OriginCounter>? {
    unsafe sqlite3_user_data(context)?.assumingMemoryBound(to: OriginCounter.self)
  }

  /// The bytes of an argument; `nil` if it is not text: `sqlite3_value_type`, `sqlite3_value_blob`,
  /// `sqlite3_value_bytes`.
  private static func text(_ value: OpaquePointer) -> UnsafeBufferPointer<UInt8>? {
    guard unsafe sqlite3_value_type(value) == SQLITE_TEXT else { return nil }
    let start = unsafe sqlite3_value_blob(value)
    let count = unsafe Int(sqlite3_value_bytes(value))
    return unsafe UnsafeBufferPointer(
      start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
  }

  /// Counts the rows of a range.
  ///
  /// - Parameters:
  ///   - new: A counter that has not counted anything.
  ///   - ids: A query that calls ``take`` for the ids of the range.
  ///   - provenance: A query that calls ``match`` for the provenance from the first id on.
  /// - Returns: The counter.
  /// - Throws: What SQLite reports.
  func count(
    _ new: OriginCounter, _ ids: SQLiteStatement, _ provenance: SQLiteStatement
  ) throws -> OriginCounter {
    unsafe counter.pointee = new
    defer { unsafe counter.pointee = OriginCounter([], before: nil) }
    var hasProvenance = true
    while unsafe !counter.pointee.isAtEnd {
      unsafe counter.pointee.beginBlock()
      if try !ids.step() { unsafe counter.pointee.endIDs() }
      if unsafe counter.pointee.matchPending() { continue }
      if hasProvenance {
        hasProvenance = try unsafe provenance.step() && counter.pointee.pending != nil
      }
      if !hasProvenance { unsafe counter.pointee.addRest() }
    }
    unsafe counter.pointee.addCurrent()
    return unsafe counter.pointee
  }
}
