import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Returns ids that are easily mistaken for other ids, for SQL or for paths.
  private static func hostileIDs(_ traits: StoreTraits) -> [String] {
    traits.contains(.keepsNUL) ? ids + idsWithNUL : ids
  }

  private static let idsWithNUL = ["a\u{0}b", "a\u{0}", "\u{0}"]
  private static let ids = [
    "plain", "it's", "\"double\"", "'; DROP TABLE patterns; --", "percent%under_score", "", " ",
    "\n", "../../etc/passwd", "é", "e\u{301}", "🎸", "\u{FEFF}bom",
    String(repeating: "x", count: 10_000), "Ω≈ç√", "null", "1", "01", "1.0", "?1", ":id", "\\",
  ]

  static let records = [
    Declaration("what is inserted reads back with every value") { store in
      for kind in EntityCatalog.rmos.kinds {
        let record = StoreSamples.record(kind, "a")
        try store.write { try $0.insert(record) }
        try expect(try store.read { try $0.record(kind, id: "a") }, equals: record)
      }
    },
    Declaration("what was not inserted is not there") { store in
      try store.read { reader in
        for kind in EntityCatalog.rmos.kinds {
          try expect(try reader.record(kind, id: "a") == nil)
          try expect(try !reader.contains(kind, id: "a"))
          try expect(try reader.count(RecordQuery(kind)), equals: 0)
          try expect(try reader.provenance(kind, id: "a") == nil)
          try reader.forEachRecord(kind) { try expect(false, "found \($0)") }
        }
      }
    },
    Declaration("ids are bytes: none is mistaken for another") { subject in
      let store = try subject.store()
      let hostileIDs = hostileIDs(subject.traits)
      try store.write { transaction in
        for id in hostileIDs { try transaction.insert(StoreSamples.record(.patterns, id)) }
      }
      try store.read { reader in
        try expect(try reader.count(RecordQuery(.patterns)), equals: hostileIDs.count)
        for id in hostileIDs {
          let found = try reader.record(.patterns, id: id)?.id ?? "nothing"
          try expect(Array(found.utf8), equals: Array(id.utf8))
          try expect(try reader.contains(.patterns, id: id), "\(id)")
        }
        try expect(try !reader.contains(.patterns, id: "a\u{0}c"))
        try expect(try !reader.contains(.patterns, id: "PLAIN"))
      }
      try store.write { transaction in
        for id in hostileIDs {
          try expect(try transaction.delete(.patterns, id: id), "\(id) was not deleted")
        }
        try expect(try transaction.count(RecordQuery(.patterns)), equals: 0)
      }
    },
    Declaration("records come in byte order of the id") { subject in
      let store = try subject.store()
      let hostileIDs = hostileIDs(subject.traits)
      try store.write { transaction in
        for id in hostileIDs.reversed() {
          try transaction.insert(StoreSamples.record(.stripFamilies, id))
        }
      }
      let sorted = hostileIDs.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
      try expect(try store.ids(.stripFamilies).map { Array($0.utf8) }, equals: sorted)
      var streamed: [[UInt8]] = []
      try store.read { reader in
        try reader.forEachRecord(.stripFamilies) { streamed.append(Array($0.id.utf8)) }
      }
      try expect(streamed, equals: sorted)
    },
    Declaration("streams may be nested and left early") { store in
      try store.write { transaction in
        for id in ["a", "b", "c"] { try transaction.insert(StoreSamples.record(.patterns, id)) }
      }
      var pairs: [String] = []
      try store.read { reader in
        try reader.forEachRecord(.patterns) { outer in
          try reader.forEachRecord(.patterns) { inner in pairs.append(outer.id + inner.id) }
        }
        try expect(
          pairs, equals: ["aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"])
        do {
          try reader.forEachRecord(.patterns) { _ in throw Abandon(number: 1) }
          try expect(false)
        } catch is Abandon {}
        var count = 0
        try reader.forEachRecord(.patterns) { _ in count += 1 }
        try expect(count, equals: 3)
      }
    },
    Declaration("what is written during a stream is not in it") { store in
      let ids = (0..<20).map { "p\($0 + 10)" }
      func write(_ transaction: any StoreTransaction, _ id: String, _ number: Int) throws {
        try transaction.insert(StoreSamples.record(.patterns, id + "-copy"))
        if number == 0 {
          try expect(try transaction.delete(.patterns, id: "p11"))
          var record = try unwrap(try transaction.record(.patterns, id: "p12"))
          record["name"] = .text("renamed")
          try expect(try transaction.update(record))
        }
      }
      for reads in [0, 1] {
        try store.write { transaction in
          for id in ids { try transaction.insert(StoreSamples.record(.patterns, id)) }
        }
        var seen: [String] = []
        try store.write { transaction in
          let before = try unwrap(try transaction.record(.patterns, id: "p12")?["name"])
          func take(_ id: Value?, _ name: Value?) throws {
            guard case .text(let id)? = id else { return try expect(false) }
            if id == "p12" { try expect(name, equals: before) }
            try write(transaction, id, seen.count)
            seen.append(id)
          }
          if reads == 0 {
            try transaction.forEachRecord(.patterns) { try take($0["id"], $0["name"]) }
          } else {
            try transaction.forEachRow(.patterns, members: ["id", "name"]) {
              try take($0[0], $0[1])
            }
          }
          try expect(seen.sorted(), equals: ids)
          for id in try transaction.records(RecordQuery(.patterns)).map(\.id) {
            try expect(try transaction.delete(.patterns, id: id))
          }
        }
      }
    },
    Declaration("an id is known by its bytes") { store in
      let (composed, decomposed) = ("\u{E9}", "e\u{301}")
      try store.write { transaction in
        for id in ["a", composed] { try transaction.insert(StoreSamples.record(.patterns, id)) }
      }
      try store.read { reader in
        func isKnown(_ kind: EntityKind, _ id: String) throws -> Bool {
          try reader.contains(kind, id: Array(id.utf8).span)
        }
        for id in ["a", composed] { try expect(try isKnown(.patterns, id)) }
        for id in [decomposed, "b", ""] { try expect(try !isKnown(.patterns, id)) }
        try expect(try !isKnown(.joblogs, "a"))
      }
    },
    Declaration("an update replaces all values of one record") { store in
      try store.write { transaction in
        for id in ["a", "b"] { try transaction.insert(StoreSamples.record(.patterns, id)) }
        let changed = StoreSamples.record(
          .patterns, "a", ["name": .text("new"), "metadata": .null, "ring_count": .integer(9)])
        try expect(try transaction.update(changed))
        try expect(try transaction.record(.patterns, id: "a"), equals: changed)
        try expect(
          try transaction.record(.patterns, id: "b"),
          equals: StoreSamples.record(.patterns, "b"))
        try expect(try !transaction.update(StoreSamples.record(.patterns, "c")))
        try expect(try transaction.record(.patterns, id: "c") == nil)
      }
    },
    Declaration("a deletion takes one record and its provenance") { store in
      let batch = StoreSamples.batch(
        .patterns, ["a", "b"].map { .init(StoreSamples.record(.patterns, $0)) })
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        for index in 0..<2 { try transaction.insert(batch, at: index, run: run) }
        try expect(try transaction.delete(.patterns, id: "a"))
        try expect(try !transaction.delete(.patterns, id: "a"))
      }
      try store.read { reader in
        try expect(try reader.provenance(.patterns, id: "a") == nil)
        try expect(try reader.provenance(.patterns, id: "b") != nil)
      }
      try expect(try store.ids(.patterns), equals: ["b"])
    },
    Declaration("values are converted to their column's type") { store in
      let record = StoreSamples.record(
        .stripFamilies, "a",
        [
          "strip_width_mm": .integer(3), "strip_thickness_mm": .text("0.5"),
          "name": .integer(12), "metadata": .real(.nan),
        ])
      try store.write { transaction in
        try transaction.insert(record)
        try transaction.insert(
          StoreSamples.record(.patterns, "p", ["ring_count": .real(4), "name": .text("")]))
      }
      try store.read { reader in
        let family = try reader.record(.stripFamilies, id: "a")
        try expect(family?["strip_width_mm"], equals: .real(3))
        try expect(family?["strip_thickness_mm"], equals: .real(0.5))
        try expect(family?["name"], equals: .text("12"))
        try expect(family?["metadata"], equals: .null)
        let pattern = try reader.record(.patterns, id: "p")
        try expect(pattern?["ring_count"], equals: .integer(4))
        try expect(pattern?["name"], equals: .text(""))
      }
    },
    Declaration("what cannot be converted is kept as it is, or refused alone") { subject in
      let store = try subject.store()
      let values: [(String, Value)] = [
        ("ring_count", .real(4.5)), ("ring_count", .text("x4")), ("name", .blob([0, 255])),
      ]
      try store.write { transaction in
        for (index, (member, value)) in values.enumerated() {
          let record = StoreSamples.record(.patterns, "p\(index)", [member: value])
          if subject.traits.contains(.keepsAnyType) {
            try transaction.insert(record)
          } else {
            try expect(.constraint) { try transaction.insert(record) }
          }
        }
        try transaction.insert(StoreSamples.record(.patterns, "q"))
      }
      try store.read { reader in
        for (index, (member, value)) in values.enumerated() {
          let expected = subject.traits.contains(.keepsAnyType) ? value : nil
          try expect(
            try reader.record(.patterns, id: "p\(index)")?[member], equals: expected, member)
        }
        try expect(try reader.contains(.patterns, id: "q"))
      }
    },
    Declaration("text with NUL is kept whole, or refused alone") { subject in
      let store = try subject.store()
      let record = StoreSamples.record(.patterns, "p", ["name": .text("a\u{0}b")])
      try store.write { transaction in
        if subject.traits.contains(.keepsNUL) {
          try transaction.insert(record)
        } else {
          try expect(.constraint) { try transaction.insert(record) }
          let batch = StoreSamples.batch(.patterns, [.init(record)])
          let refusals = try transaction.insert(batch, at: [0], run: 1)
          try expect(refusals[0]?.code, equals: .constraint)
        }
        try transaction.insert(StoreSamples.record(.patterns, "q"))
      }
      try store.read { reader in
        let expected = subject.traits.contains(.keepsNUL) ? record : nil
        try expect(try reader.record(.patterns, id: "p"), equals: expected)
        try expect(try reader.contains(.patterns, id: "q"))
      }
    },
    Declaration("numbers keep every bit, and text every character") { store in
      let text = String(repeating: "Ωé🎸\"'\\%_\n\t\u{7F}\u{FFFF}", count: 20_000)
      let numbers: [Double] = [
        0, -0.0, 0.1, 0.1 + 0.2, 9_007_199_254_740_992, .pi, .leastNonzeroMagnitude,
        .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      ]
      let integers = [Int64.min, .max, 0, -1, 1 << 53 + 1]
      try store.write { transaction in
        for (index, number) in numbers.enumerated() {
          try transaction.insert(
            StoreSamples.record(.joblogs, "j\(index)", ["duration_seconds": .real(number)]))
        }
        for (index, number) in integers.enumerated() {
          try transaction.insert(
            StoreSamples.record(.patterns, "p\(index)", ["ring_count": .integer(number)]))
        }
        try transaction.insert(
          StoreSamples.record(.patterns, "long", ["name": .text(text), "metadata": .text(text)]))
      }
      try store.read { reader in
        for (index, number) in numbers.enumerated() {
          try expect(
            try reader.record(.joblogs, id: "j\(index)")?["duration_seconds"],
            equals: .real(number))
        }
        for (index, number) in integers.enumerated() {
          try expect(
            try reader.record(.patterns, id: "p\(index)")?["ring_count"],
            equals: .integer(number))
        }
        let long = try reader.record(.patterns, id: "long")
        try expect(long?["name"] == .text(text) && long?["metadata"] == .text(text))
      }
    },
  ]
}
