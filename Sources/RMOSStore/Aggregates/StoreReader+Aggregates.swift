public import RMOSModels

// What a store of one's own need not implement: the same answers, from its records one by one.

extension StoreReader {
  /// Goes through all records of the kind.
  public func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    let query = RecordQuery(kind)
    let keyPositions = try members.map { try query.position(of: $0) }
    let numberPositions = try numbers.map { try query.position(of: $0) }
    var groups: [GroupKey: RecordGroup] = [:]
    try forEachRecord(kind) { record in
      let key = GroupKey(values: keyPositions.map { record.values[$0] })
      var group =
        groups[key]
        ?? RecordGroup(
          keys: key.values, count: 0,
          numbers: Array(repeating: RecordGroup.Numbers(), count: numberPositions.count))
      group.count += 1
      for (index, position) in numberPositions.enumerated() {
        switch record.values[position] {
        case .integer(let number): group.numbers[index].add(Double(number))
        case .real(let number): group.numbers[index].add(number)
        case .null, .text, .blob: break
        }
      }
      groups[key] = group
    }
    return groups.sorted { $0.key.precedes($1.key) }.map(\.value)
  }

  /// Goes through all records, and looks up the provenance of each.
  public func entityDays() throws -> EntityDays {
    let runDays = try runDays()
    var days = EntityDays()
    for kind in EntityKind.allCases {
      let createdAt = kind.schema.position(ofMember: "created_at")
      try forEachRecord(kind) { record in
        if let run = try provenance(kind, id: record.id)?.run, let day = runDays[run] {
          return days.add(of: kind, on: day)
        }
        guard let createdAt, case .text(let text) = record.values[createdAt] else {
          return days.add(of: kind, on: nil)
        }
        days.add(of: kind, on: Timestamp(text)?.utcDay)
      }
    }
    return days
  }

  /// The day each run in the ledger began; a nil day is one that cannot be read.
  func runDays() throws -> [Int64: String?] {
    try runs(limit: nil).reduce(into: [:]) { days, run in
      days.updateValue(Timestamp(run.startedAt)?.utcDay, forKey: run.id)
    }
  }
}

/// Values as SQL groups them: texts by their bytes, numbers by their value.
private struct GroupKey: Hashable {
  var values: [Value]

  static func == (left: GroupKey, right: GroupKey) -> Bool {
    left.values.elementsEqual(right.values) { $0.isSame(as: $1) }
  }

  func hash(into hasher: inout Hasher) {
    for value in values {
      switch value {
      case .null: hasher.combine(0)
      case .integer(let number): hasher.combine(Double(number))
      case .real(let number): hasher.combine(number)
      case .text(let text): for byte in text.utf8 { hasher.combine(byte) }
      case .blob(let bytes): hasher.combine(bytes)
      }
    }
  }

  func precedes(_ other: GroupKey) -> Bool {
    for (left, right) in zip(values, other.values) {
      if left.precedes(right) { return true }
      if right.precedes(left) { return false }
    }
    return false
  }
}
