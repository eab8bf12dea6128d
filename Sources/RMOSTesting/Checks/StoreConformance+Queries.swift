import RMOSModels
import RMOSStore

extension StoreConformance {
  private static func fill(_ store: any RecordStore, _ traits: StoreTraits = []) throws {
    let odd = traits.contains(.keepsNUL) ? "nul\u{0}Inside" : "nulInside"
    let names = [
      "a": "Rope 50%", "b": "rope_5x9", "c": "Wave", "d": "it's \"quoted\"", "e": "ÉPÉE",
      "f": "épée", "g": odd, "h": "", "i": "back\\slash", "j": "50 percent", "k": "🎸 guitar",
    ]
    try store.write { transaction in
      for (id, name) in names {
        try transaction.insert(StoreSamples.record(.patterns, id, ["name": .text(name)]))
      }
    }
  }

  static let queries = [
    Declaration("a search is literal, and blind to the case of ASCII letters only") { subject in
      let store = try subject.store()
      try fill(store, subject.traits)
      var expected = [
        "rope": "ab", "ROPE": "ab", "%": "a", "_": "b", "50%": "a", "it's": "d", "\"QUOTED\"": "d",
        "É": "e", "é": "f", "inside": "g", "\\": "i", "🎸": "k",
        "": "abcdefghijk", "rope ": "a", "' OR 1=1 --": "", "50": "aj",
      ]
      if subject.traits.contains(.keepsNUL) {
        expected.merge(["l\u{0}i": "g", "\u{0}": "g"]) { $1 }
      }
      for (text, ids) in expected {
        let query = RecordQuery(.patterns).filter("name", contains: text)
        try store.read { reader in
          let found = try reader.records(query).map(\.id).joined()
          try expect(found == ids, "“\(text)” found “\(found)”, not “\(ids)”")
          try expect(try reader.count(query), equals: ids.count)
        }
      }
    },
    Declaration("a search passes over what is no text", needs: .keepsAnyType) { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "a", ["metadata": .null]))
        try transaction.insert(StoreSamples.record(.patterns, "b", ["name": .blob([55])]))
      }
      try store.read { reader in
        for (member, text, count) in [
          ("metadata", "", 1), ("ring_count", "7", 0), ("name", "7", 0),
        ] {
          let query = RecordQuery(.patterns).filter(member, contains: text)
          try expect(try reader.count(query), equals: count)
        }
      }
    },
    Declaration("an equality compares as the column does") { store in
      try store.write { transaction in
        try transaction.insert(
          StoreSamples.record(
            .patterns, "a",
            ["name": .text("5"), "ring_count": .integer(5), "metadata": .null]))
        try transaction.insert(StoreSamples.record(.patterns, "b", ["name": .text("A")]))
        try transaction.insert(
          StoreSamples.record(.stripFamilies, "f", ["strip_width_mm": .real(5)]))
      }
      func ids(_ kind: EntityKind, _ member: String, _ value: Value) throws -> [String] {
        try store.read { reader in
          try reader.records(RecordQuery(kind).filter(member, is: value)).map(\.id)
        }
      }
      try expect(try ids(.patterns, "ring_count", .integer(5)), equals: ["a"])
      try expect(try ids(.patterns, "ring_count", .real(5)), equals: ["a"])
      try expect(try ids(.patterns, "ring_count", .text("5")), equals: ["a"])
      try expect(try ids(.patterns, "name", .integer(5)), equals: ["a"])
      try expect(try ids(.patterns, "name", .text("a")), equals: [])
      try expect(try ids(.patterns, "name", .text("A")), equals: ["b"])
      try expect(try ids(.patterns, "name", .blob([65])), equals: [])
      try expect(try ids(.patterns, "metadata", .null), equals: ["a"])
      try expect(try ids(.patterns, "metadata", .text(#"{"a":1.0}"#)), equals: ["b"])
      try expect(try ids(.stripFamilies, "strip_width_mm", .integer(5)), equals: ["f"])
    },
    Declaration("conditions add up") { store in
      try fill(store)
      let both = RecordQuery(.patterns).filter("name", contains: "rope")
        .filter("name", contains: "%").filter("ring_count", is: .integer(7))
      try store.read { reader in
        try expect(try reader.records(both).map(\.id), equals: ["a"])
        try expect(
          try reader.count(both.filter("ring_count", is: .integer(8))), equals: 0)
      }
    },
    Declaration("limit and offset cut a page out, and the count ignores them") { store in
      try fill(store)
      func page(_ limit: Int?, _ offset: Int) throws -> String {
        let query = RecordQuery(.patterns).limit(limit, offset: offset)
        return try store.read { reader in
          try expect(try reader.count(query), equals: 11)
          return try reader.records(query).map(\.id).joined()
        }
      }
      try expect(try page(3, 0), equals: "abc")
      try expect(try page(3, 9), equals: "jk")
      try expect(try page(nil, 8), equals: "ijk")
      try expect(try page(0, 0), equals: "")
      try expect(try page(3, 100), equals: "")
      try expect(try page(-1, -5), equals: "")
      try expect(try page(Int.max, 10), equals: "k")
    },
    Declaration("newest first orders by created_at as text, then as added") { store in
      let dates = [
        ("c", "2025-01-01"), ("d", "2024"), ("b", "2025-03-01T00:00:00Z"), ("a", "2025-01-01"),
        ("e", "2025-01-01"),
      ]
      try store.write { transaction in
        for (id, date) in dates {
          for kind in EntityCatalog.rmos.kinds {
            try transaction.insert(StoreSamples.record(kind, id, ["created_at": .text(date)]))
          }
        }
      }
      for kind in EntityCatalog.rmos.kinds {
        let query = RecordQuery(kind).order(.newestFirst)
        try store.read { reader in
          try expect(try reader.records(query).map(\.id), equals: ["b", "c", "a", "e", "d"])
          try expect(
            try reader.records(query.limit(2, offset: 1)).map(\.id), equals: ["c", "a"])
        }
        // A row that is updated keeps its place; one that is deleted and inserted again comes last.
        try store.write { transaction in
          let record = StoreSamples.record(kind, "c", ["created_at": .text("2025-01-01")])
          try expect(try transaction.update(record), equals: true)
          try expect(try transaction.delete(kind, id: "a"), equals: true)
          try transaction.insert(
            StoreSamples.record(kind, "a", ["created_at": .text("2025-01-01")]))
        }
        try store.read { reader in
          try expect(try reader.records(query).map(\.id), equals: ["b", "c", "e", "a", "d"])
        }
      }
    },
    Declaration("a member that the schema does not have is refused by name") { store in
      try store.read { reader in
        for member in ["nonsense", "geometry_json", "id; --", ""] {
          for query in [
            RecordQuery(.patterns).filter(member, is: .text("a")),
            RecordQuery(.patterns).filter(member, is: .null),
            RecordQuery(.patterns).filter(member, contains: "a"),
          ] {
            try expect(.unknownMember) { _ = try reader.records(query) }
            try expect(.unknownMember) { _ = try reader.count(query) }
          }
        }
      }
    },
  ]
}
