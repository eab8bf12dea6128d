import RMOSModels
import RMOSStore

/// The states of jobs that figures tell apart.
enum JobState: UInt8, BitwiseCopyable {
  case open, running, completed, failed, cancelled, other

  init(_ status: String?) {
    switch status.flatMap({ JobStatus(rawValue: $0) }) {
    case .pending, .planned: self = .open
    case .running: self = .running
    case .completed: self = .completed
    case .failed: self = .failed
    case .cancelled: self = .cancelled
    case nil: self = .other
    }
  }

  var isFinished: Bool { self == .completed || self == .failed }
}

/// The values of a job that figures need, as numbers, so that millions of jobs take little memory.
struct JobFacts: BitwiseCopyable {
  /// The index of a text in one of the tables of ``Shop``.
  struct Reference: BitwiseCopyable, Equatable {
    private let number: Int32

    private init(_ number: Int32) { self.number = number }

    init(_ index: Int) { number = Int32(index) }

    /// NULL, or not known.
    static let none = Reference(Int32(-1))
    /// A value that is not text, so no entity can have it as its id.
    static let nameless = Reference(Int32(-2))

    var index: Int? { number >= 0 ? Int(number) : nil }
  }

  var state = JobState.other
  /// Whether its pattern has an estimated time.
  var hasEstimate = false
  var type = Reference.none
  var status = Reference.none
  var pattern = Reference.none
  /// The strip family that the job itself names, which need not exist.
  var namedFamily = Reference.none
  /// The job's own strip family if it exists, else its pattern's.
  var family = Reference.none
  /// The material of ``family``.
  var material = Reference.none
  /// The supplier of ``family``.
  var supplier = Reference.none
  var blade = Reference.none
  /// Why it failed, if it did.
  var error = Reference.none
  // `Int32.min` and NaN stand for no value.
  private var dayNumber = Int32.min
  private var startNumber = Int32.min
  private var seconds = Double.nan
  private var wasteNumber = Double.nan
  private var cutsNumber = Double.nan

  /// The number of its day; `nil` if it has none.
  var day: Int? {
    get { dayNumber == .min ? nil : Int(dayNumber) }
    set { dayNumber = newValue.map { Int32($0) } ?? .min }
  }
  /// The number of the day on which it began, else was created; `nil` if there is none.
  var startDay: Int? {
    get { startNumber == .min ? nil : Int(startNumber) }
    set { startNumber = newValue.map { Int32($0) } ?? .min }
  }
  var duration: Double? {
    get { seconds.isNaN ? nil : seconds }
    set { seconds = newValue ?? .nan }
  }
  var waste: Double? {
    get { wasteNumber.isNaN ? nil : wasteNumber }
    set { wasteNumber = newValue ?? .nan }
  }
  var cuts: Double? {
    get { cutsNumber.isNaN ? nil : cutsNumber }
    set { cutsNumber = newValue ?? .nan }
  }
  /// The duration if it is compared with the estimated time of the pattern.
  var durationToCompare: Double? { hasEstimate && state == .completed ? duration : nil }
  /// The waste if it is a percentage.
  var percentage: Double? { 0...100 ~= wasteNumber ? wasteNumber : nil }
}

/// Up to a few thousand jobs with their ids.
struct JobBlock {
  private(set) var jobs: [JobFacts] = []
  /// The concatenated ids.
  private var ids: [UInt8] = []
  /// The end of each id in ``ids``.
  private var ends: [UInt32] = []

  init() {}

  /// Returns the id of a job.
  func id(_ index: Int) -> String { String(decoding: idBytes(index), as: UTF8.self) }

  /// Returns whether the id of a job comes before a text in byte order.
  func id(_ index: Int, precedes text: String) -> Bool {
    idBytes(index).lexicographicallyPrecedes(text.utf8)
  }

  private func idBytes(_ index: Int) -> ArraySlice<UInt8> {
    ids[(index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])]
  }

  mutating func append(_ job: JobFacts, id: String) {
    jobs.append(job)
    ids.append(contentsOf: id.utf8)
    ends.append(UInt32(ids.count))
  }

  /// Whether the next job should begin a new block.
  var isFull: Bool { jobs.count >= 4096 || ids.count >= 1 << 20 }

  mutating func removeAll() {
    jobs.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  // MARK: As bytes

  /// The number of jobs, and of bytes of their ids.
  struct Size {
    fileprivate var jobs: Int
    fileprivate var ids: Int

    /// The number of bytes of ``JobBlock/bytes``.
    var bytes: Int {
      jobs * (MemoryLayout<JobFacts>.stride + MemoryLayout<UInt32>.stride) + ids
    }
  }

  var size: Size { Size(jobs: jobs.count, ids: ids.count) }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size.bytes)
    unsafe jobs.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    unsafe ends.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    bytes += ids
    return bytes
  }

  /// Replaces the block with the one whose ``bytes`` begin at an offset of a file.
  mutating func read(
    _ size: Size, from file: SpilledBytes, at offset: Int
  ) throws(StoreError) {
    let endsStart = offset + size.jobs * MemoryLayout<JobFacts>.stride
    let idsStart = endsStart + size.jobs * MemoryLayout<UInt32>.stride
    try file.read(&jobs, count: size.jobs, at: offset)
    try file.read(&ends, count: size.jobs, at: endsStart)
    try file.read(&ids, count: size.ids, at: idsStart)
  }
}

/// Jobs in the order in which they were added, in constant memory: all but the last few are in a
/// temporary file.
///
/// Jobs stay in memory once they cannot be written to the file, for instance because the disk is
/// full.
final class JobList {
  private var recent = JobBlock()
  private var spill: SpilledBytes?
  private var spilled: [JobBlock.Size] = []
  /// The blocks that could not be written to the file.
  private var kept: [JobBlock] = []
  private let fileCapacity: Int

  /// Creates an empty list.
  ///
  /// - Parameter fileCapacity: The maximum size of the file, in bytes.
  init(fileCapacity: Int = .max) { self.fileCapacity = fileCapacity }

  func append(_ job: JobFacts, id: String) {
    recent.append(job, id: id)
    guard recent.isFull else { return }
    if kept.isEmpty {
      if spill == nil { spill = SpilledBytes(capacity: fileCapacity) }
      if let spill, spill.append(recent.bytes) {
        spilled.append(recent.size)
        recent.removeAll()
        return
      }
    }
    kept.append(recent)
    recent = JobBlock()
  }

  /// Calls `body` with all jobs, block by block.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be read; what `body` throws.
  func forEachBlock(_ body: (JobBlock) throws -> Void) throws {
    if let spill {
      var (block, offset) = (JobBlock(), 0)
      for size in spilled {
        try block.read(size, from: spill, at: offset)
        try body(block)
        offset += size.bytes
      }
    }
    for block in kept { try body(block) }
    if !recent.jobs.isEmpty { try body(recent) }
  }
}
