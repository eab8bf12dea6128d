import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Returns the comparison of `incoming` with a store that contains `stored`.
  private static func compare(
    _ store: any RecordStore, _ stored: StoreSamples.Entity, _ incoming: StoreSamples.Entity
  ) throws -> StoredComparison {
    let kind = stored.record.kind
    try store.write { transaction in
      _ = try transaction.delete(kind, id: stored.record.id)
      try transaction.insert(StoreSamples.batch(kind, [stored]), at: 0, run: 1)
    }
    let batch = StoreSamples.batch(
      kind, [.init(StoreSamples.record(kind, "other")), incoming])
    let (outside, absent) = try store.read { reader in
      (try reader.comparison(of: batch, at: 1), try reader.comparison(of: batch, at: 0))
    }
    try expect(absent, equals: .absent)
    try expect(try store.write { try $0.comparison(of: batch, at: 1) }, equals: outside)
    return outside
  }

  static let comparisons = [
    Declaration("the same content is identical") { store in
      for kind in EntityCatalog.rmos.kinds {
        let entity = StoreSamples.Entity(StoreSamples.record(kind, "a"))
        try expect(try compare(store, entity, entity), equals: .identical)
      }
    },
    Declaration("every member that differs is named, in schema order") { store in
      for kind in EntityCatalog.rmos.kinds {
        let stored = StoreSamples.Entity(StoreSamples.record(kind, "a"))
        var incoming = stored
        var members: [String] = []
        for (position, field) in kind.schema.fields.enumerated().dropFirst() {
          if case .reference = field.type { continue }
          members.append(field.member)
          incoming.record.values[position] =
            switch field.type {
            case .integer: .integer(8)
            case .real: .real(2.5)
            case .json: .text(#"{"other":true}"#)
            case .text, .reference, .timestamp: .text("other")
            }
          var alone = stored
          alone.record.values[position] = incoming.record.values[position]
          try expect(
            try compare(store, stored, alone), equals: .differs(members: [field.member]))
        }
        try expect(try compare(store, stored, incoming), equals: .differs(members: members))
      }
    },
    Declaration("null differs from a value, and from empty text") { store in
      let plain = StoreSamples.Entity(StoreSamples.record(.patterns, "a"))
      let null = StoreSamples.Entity(
        StoreSamples.record(.patterns, "a", ["metadata": .null, "strip_family_id": .null]))
      let empty = StoreSamples.Entity(
        StoreSamples.record(.patterns, "a", ["metadata": .null, "strip_family_id": .text("")]))
      try expect(try compare(store, plain, null), equals: .differs(members: ["metadata"]))
      try expect(try compare(store, null, plain), equals: .differs(members: ["metadata"]))
      try expect(try compare(store, null, empty), equals: .differs(members: ["strip_family_id"]))
      try expect(try compare(store, null, null), equals: .identical)
    },
    Declaration("a timestamp the source does not give is not compared") { store in
      let stored = StoreSamples.Entity(StoreSamples.record(.patterns, "a"))
      var incoming = StoreSamples.Entity(
        StoreSamples.record(
          .patterns, "a", ["created_at": .text("now"), "updated_at": .text("now")]))
      try expect(
        try compare(store, stored, incoming),
        equals: .differs(members: ["created_at", "updated_at"]))
      incoming.given = ["name", "updated_at"]
      try expect(
        try compare(store, stored, incoming), equals: .differs(members: ["updated_at"]))
      incoming.given = ["name"]
      try expect(try compare(store, stored, incoming), equals: .identical)
    },
    Declaration("texts differ where their bytes do") { subject in
      let store = try subject.store()
      func named(_ name: String) -> StoreSamples.Entity {
        .init(StoreSamples.record(.patterns, "a", ["name": .text(name)]))
      }
      let different = StoredComparison.differs(members: ["name"])
      try expect(try compare(store, named("é"), named("e\u{301}")), equals: different)
      try expect(try compare(store, named(""), named("")), equals: .identical)
      guard subject.traits.contains(.keepsNUL) else { return }
      try expect(try compare(store, named("a\u{0}b"), named("a\u{0}c")), equals: different)
      try expect(try compare(store, named("a\u{0}b"), named("a\u{0}b")), equals: .identical)
    },
    Declaration("JSON is compared by its data") { store in
      func json(_ text: String) -> StoreSamples.Entity {
        .init(StoreSamples.record(.patterns, "a", ["geometry": .text(text)]))
      }
      let stored = json(#"{"a":1.0,"b":["é"]}"#)
      for same in [
        #"{"b":["é"],"a":1.0}"#, #"{"a":1,"b":["\u00e9"]}"#, #"{ "a": 10e-1, "b": ["é"] }"#,
      ] {
        try expect(try compare(store, stored, json(same)), equals: .identical)
      }
      try expect(
        try compare(store, stored, json(#"{"a":2,"b":["é"]}"#)),
        equals: .differs(members: ["geometry"]))
    },
    Declaration("unknown members count, by their data") { store in
      func entity(_ unknown: String) -> StoreSamples.Entity {
        var entity = StoreSamples.Entity(StoreSamples.record(.patterns, "a"))
        entity.unknownMembers = unknown
        return entity
      }
      let stored = entity(#"{"x":1,"y":"z"}"#)
      try expect(try compare(store, stored, stored), equals: .identical)
      try expect(
        try compare(store, stored, entity(#"{"y":"z","x":1.0}"#)), equals: .identical)
      try expect(
        try compare(store, stored, entity(#"{"x":2,"y":"z"}"#)), equals: .differs(members: ["x"]))
      try expect(
        try compare(store, stored, entity("")), equals: .differs(members: ["x", "y"]))
      try expect(
        try compare(store, entity(""), stored), equals: .differs(members: ["x", "y"]))
    },
    Declaration("facts come in order, with the references that lead nowhere") { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "p"))
        try transaction.insert(StoreSamples.record(.joblogs, "known"))
      }
      func log(_ id: String, _ pattern: String, _ family: String?) -> StoreSamples.Entity {
        .init(
          StoreSamples.record(
            .joblogs, id,
            ["pattern_id": .text(pattern), "strip_family_id": family.map(Value.text) ?? .null]))
      }
      let batch = StoreSamples.batch(
        .joblogs,
        [
          log("a", "p", nil), log("known", "nowhere", "neither"), log("b", "nowhere", nil),
          .init(StoreSamples.record(.joblogs, "known")), log("c", "p", "neither"),
        ])
      func expectFacts(_ reader: any StoreReader) throws {
        let facts = try reader.facts(of: batch, in: 0..<5)
        try expect(facts.map(\.danglingReferences), equals: [[], [0, 1], [0], [], [1]])
        try expect(
          facts.map(\.comparison),
          equals: [
            .absent, .differs(members: ["pattern_id", "strip_family_id"]), .absent, .identical,
            .absent,
          ])
        try expect(try reader.facts(of: batch, in: 2..<3), equals: [facts[2]])
        try expect(try reader.facts(of: batch, in: 4..<4), equals: [])
      }
      try store.read(expectFacts)
      try store.write(expectFacts)
    },
  ]
}
