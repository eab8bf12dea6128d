import RMOSModels

/// A set of ids, each with a number, in flat memory: 20 bytes per slot, or 12 if all numbers are 0.
///
/// For each id 96 bits of a hash are kept, with a new seed in each process: among a hundred million
/// ids the probability of any collision is below 10⁻¹². Ids are never removed.
struct IDTable {
  /// A digest of an id, which is kept in place of it.
  struct Key: Hashable {
    fileprivate var slotBits: UInt64
    fileprivate var checkBits: UInt32

    fileprivate init(slotBits: UInt64, checkBits: UInt32) {
      self.slotBits = slotBits
      self.checkBits = checkBits
    }

    init(_ id: Span<UInt8>) {
      let hash = IDHash(id)
      // 0 marks a free slot.
      slotBits = max(1, hash.first)
      checkBits = UInt32(truncatingIfNeeded: hash.second)
    }
  }

  /// The table in parts, by the upper bits of the hash, so that growing needs little extra memory.
  private var parts = [Part](repeating: Part(), count: 64)
  /// The number of ids.
  private(set) var count = 0

  /// The number of an id; `nil` if the table does not have it.
  subscript(key: Key) -> UInt64? { parts[Int(key.slotBits >> 58)][key] }

  /// Adds an id; an id that is already there keeps its number.
  mutating func insert(_ key: Key, number: UInt64 = 0) {
    if parts[Int(key.slotBits >> 58)].insert(key, number) { count += 1 }
  }

  /// An open-addressed table with linear probing.
  private struct Part {
    private var slots: [UInt64] = []
    private var checks: [UInt32] = []
    /// The numbers; empty if all are 0.
    private var numbers: [UInt64] = []
    private(set) var count = 0

    subscript(key: Key) -> UInt64? {
      guard count > 0 else { return nil }
      let slot = slot(of: key)
      return slots[slot] == 0 ? nil : numbers.isEmpty ? 0 : numbers[slot]
    }

    /// Adds a key; returns whether it is new.
    mutating func insert(_ key: Key, _ number: UInt64) -> Bool {
      if (count + 1) * 16 > slots.count * 13 { grow() }
      let slot = slot(of: key)
      guard slots[slot] == 0 else { return false }
      put(key, number, at: slot)
      count += 1
      return true
    }

    /// The slot that holds the key, or the free one for it.
    private func slot(of key: Key) -> Int {
      let mask = slots.count - 1
      var slot = Int(truncatingIfNeeded: key.slotBits) & mask
      while slots[slot] != 0, slots[slot] != key.slotBits || checks[slot] != key.checkBits {
        slot = (slot + 1) & mask
      }
      return slot
    }

    private mutating func put(_ key: Key, _ number: UInt64, at slot: Int) {
      slots[slot] = key.slotBits
      checks[slot] = key.checkBits
      if number > 0, numbers.isEmpty { numbers = Array(repeating: 0, count: slots.count) }
      if !numbers.isEmpty { numbers[slot] = number }
    }

    private mutating func grow() {
      let old = self
      let size = max(16, slots.count * 2)
      slots = Array(repeating: 0, count: size)
      checks = Array(repeating: 0, count: size)
      numbers = old.numbers.isEmpty ? [] : Array(repeating: 0, count: size)
      for index in old.slots.indices where old.slots[index] != 0 {
        let key = Key(slotBits: old.slots[index], checkBits: old.checks[index])
        put(key, old.numbers.isEmpty ? 0 : old.numbers[index], at: slot(of: key))
      }
    }
  }
}

extension RecordBatch {
  /// The key of the entity at `index` in an ``IDTable``.
  func idKey(at index: Int) -> IDTable.Key {
    IDTable.Key(arena.span.extracting(entries[index].id.range))
  }
}

/// The ids of committed entities that a run remembers.
struct RunMemory {
  /// The maximum number of failed ids of a kind that are kept.
  private let failedLimit: Int

  /// The ids that failed, so that a reference to one can say so.
  private var failed: [EntityKind: IDTable] = [:]
  /// The kinds of which something failed whose id is not known, or not kept.
  private var namelessKinds: Set<EntityKind> = []
  /// The ids of ``decidedKind`` whose rows an entity of this run has determined; kept only if rows
  /// are rewritten, because later entities with the same id must not rewrite them again.
  private var decided = IDTable()
  private var decidedKind: EntityKind?
  private let keepsDecided: Bool

  /// Creates an empty memory.
  ///
  /// - Parameters:
  ///   - keepsDecided: Whether the run rewrites rows.
  ///   - failedLimit: The maximum number of failed ids of a kind that are kept.
  init(keepsDecided: Bool, failedLimit: Int = 1_000_000) {
    self.keepsDecided = keepsDecided
    self.failedLimit = failedLimit
  }

  /// Whether something is known to have failed under this id in this run.
  func hasFailed(_ kind: EntityKind, _ id: ArraySlice<UInt8>) -> Bool {
    failed[kind]?[IDTable.Key(id.span)] != nil
  }

  /// Whether something of a kind failed whose id is not known, as of a file that is not JSON, or
  /// not kept.
  func hasFailedNameless(_ kind: EntityKind) -> Bool { namelessKinds.contains(kind) }

  /// Whether an entity of this run has determined the row with this id; the first valid one does.
  func hasDecided(_ kind: EntityKind, _ id: IDTable.Key) -> Bool {
    kind == decidedKind && decided[id] != nil
  }

  /// Adds the results of a batch.
  mutating func add(_ result: BatchResult, of batch: RecordBatch) {
    if batch.kind != decidedKind { (decidedKind, decided) = (batch.kind, IDTable()) }
    for (index, result) in result.outcomes.enumerated() {
      let id = batch.entries[index].id
      if id.isEmpty {
        if result.outcome == .failed { namelessKinds.insert(batch.kind) }
        continue
      }
      if result.outcome == .failed {
        remember(failed: batch.idKey(at: index), batch.kind)
      } else if keepsDecided {
        decided.insert(batch.idKey(at: index))
      }
    }
  }

  private mutating func remember(failed id: IDTable.Key, _ kind: EntityKind) {
    if failed[kind]?.count ?? 0 < failedLimit {
      failed[kind, default: IDTable()].insert(id)
    } else {
      namelessKinds.insert(kind)
    }
  }
}
