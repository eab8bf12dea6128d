import RMOSModels
import RMOSStore

extension StoreConformance {
  static let transactions = [
    Declaration("a transaction that throws leaves nothing, and its error comes out") { store in
      try store.write { try $0.insert(StoreSamples.record(.patterns, "kept")) }
      do {
        try store.write { transaction in
          try transaction.insert(StoreSamples.record(.patterns, "lost"))
          _ = try transaction.delete(.patterns, id: "kept")
          _ = try transaction.beginRun(StoreSamples.run())
          throw Abandon(number: 3)
        }
        try expect(false)
      } catch let error as Abandon {
        try expect(error, equals: Abandon(number: 3))
      }
      try expect(try store.ids(.patterns), equals: ["kept"])
      try expect(try store.read { try $0.runs(limit: nil) }, equals: [])
      try store.write { try $0.insert(StoreSamples.record(.patterns, "later")) }
      try expect(try store.ids(.patterns), equals: ["kept", "later"])
    },
    Declaration("cancelled work is rolled back with its transaction") { store in
      for cancelsAt in 1...2 {
        var polls = 0
        try expect(.cancelled) {
          try store.write { transaction in
            try transaction.insert(StoreSamples.record(.patterns, "a"))
            try transaction.run(whileNot: {
              polls += 1
              return polls >= cancelsAt
            }) {}
          }
        }
        try expect(try store.ids(.patterns), equals: [])
      }
      try expect(try store.read { try $0.run(whileNot: { false }) { 7 } }, equals: 7)
    },
    Declaration("a transaction sees what it wrote, and its result comes out") { store in
      let count = try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "a"))
        return try transaction.count(RecordQuery(.patterns))
      }
      try expect(count, equals: 1)
    },
    Declaration("a snapshot does not change while it is read") { store in
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      try store.read { reader in
        try store.write { transaction in
          try transaction.insert(StoreSamples.record(.patterns, "b"))
          _ = try transaction.delete(.patterns, id: "a")
        }
        try expect(try reader.records(RecordQuery(.patterns)).map(\.id), equals: ["a"])
        try expect(try reader.count(RecordQuery(.patterns)), equals: 1)
        try expect(try store.ids(.patterns), equals: ["b"])
      }
    },
    Declaration("a read within a write shows what is committed") { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "a"))
        try expect(try store.ids(.patterns), equals: [])
      }
      try expect(try store.ids(.patterns), equals: ["a"])
    },
    Declaration("a reader expires with its closure") { store in
      let reader = try store.read { $0 }
      let record = StoreSamples.record(.patterns, "a")
      let batch = StoreSamples.batch(.patterns, [.init(record)])
      try expect(.handleExpired) { _ = try reader.record(.patterns, id: "a") }
      try expect(.handleExpired) { _ = try reader.contains(.patterns, id: [97].span) }
      try expect(.handleExpired) { _ = try reader.comparison(of: batch, at: 0) }
      try expect(.handleExpired) { _ = try reader.records(RecordQuery(.patterns)) }
      try expect(.handleExpired) { _ = try reader.count(RecordQuery(.patterns)) }
      try expect(.handleExpired) { try reader.forEachRecord(.patterns) { _ in } }
      try expect(.handleExpired) { _ = try reader.provenance(.patterns, id: "a") }
      try expect(.handleExpired) { _ = try reader.runs(limit: nil) }
      try expect(.handleExpired) { _ = try reader.run(1) }
      try expect(.handleExpired) { _ = try reader.issues(ofRun: 1, limit: nil) }
    },
    Declaration("a transaction expires with its closure, also when it throws") { store in
      var kept: [any StoreTransaction] = []
      try store.write { kept.append($0) }
      try? store.write { transaction in
        kept.append(transaction)
        throw Abandon(number: 0)
      }
      try expect(kept.count, equals: 2)
      let record = StoreSamples.record(.patterns, "a")
      let batch = StoreSamples.batch(.patterns, [.init(record)])
      for transaction in kept {
        try expect(.handleExpired) { try transaction.insert(record) }
        try expect(.handleExpired) { try transaction.insert(batch, at: 0, run: 1) }
        try expect(.handleExpired) { _ = try transaction.update(record) }
        try expect(.handleExpired) { _ = try transaction.delete(.patterns, id: "a") }
        try expect(.handleExpired) { _ = try transaction.beginRun(StoreSamples.run()) }
        try expect(.handleExpired) { try transaction.updateRun(StoreSamples.run()) }
        try expect(.handleExpired) { try transaction.appendIssues([], run: 1) }
        try expect(.handleExpired) { _ = try transaction.record(.patterns, id: "a") }
      }
      try expect(try store.ids(.patterns), equals: [])
    },
    Declaration("transactions do not nest, and the outer one goes on") { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "a"))
        try expect(.nested) { try store.write { _ in } }
        try expect(.nested) { try store.withExclusiveWriter {} }
        try transaction.insert(StoreSamples.record(.patterns, "b"))
      }
      try expect(try store.ids(.patterns), equals: ["a", "b"])
    },
  ]

  static let constraints = [
    Declaration("a taken id is refused alone") { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "a"))
        let other = StoreSamples.record(.patterns, "a", ["name": .text("other")])
        try expect(.duplicateID) { try transaction.insert(other) }
        try transaction.insert(StoreSamples.record(.stripFamilies, "a"))
        try transaction.insert(StoreSamples.record(.patterns, "b"))
      }
      try expect(try store.ids(.patterns), equals: ["a", "b"])
      try expect(
        try store.read { try $0.record(.patterns, id: "a") },
        equals: StoreSamples.record(.patterns, "a"))
    },
    Declaration("a missing value that must be there is refused alone") { store in
      try store.write { transaction in
        for kind in EntityCatalog.rmos.kinds {
          try transaction.insert(StoreSamples.record(kind, "good"))
          for field in kind.schema.fields where field.isNotNull {
            let bad = StoreSamples.record(kind, "bad", [field.member: .null])
            try expect(.constraint) { try transaction.insert(bad) }
            let worse = StoreSamples.record(kind, "good", [field.member: .null])
            try expect(.constraint) { _ = try transaction.update(worse) }
          }
        }
      }
      for kind in EntityCatalog.rmos.kinds {
        try expect(try store.ids(kind), equals: ["good"])
        try expect(
          try store.read { try $0.record(kind, id: "good") },
          equals: StoreSamples.record(kind, "good"))
      }
    },
    Declaration("an id must be text") { store in
      try store.write { transaction in
        for id in [Value.null, .integer(1), .real(1), .blob([97])] {
          let record = StoreSamples.record(.patterns, "a", ["id": id])
          try expect(.constraint) { try transaction.insert(record) }
          try expect(.constraint) { _ = try transaction.update(record) }
        }
      }
      try expect(try store.ids(.patterns), equals: [])
    },
    Declaration("a job log's references must lead somewhere") { store in
      func log(_ id: String, _ pattern: String, _ family: String) -> Record {
        StoreSamples.record(
          .joblogs, id, ["pattern_id": .text(pattern), "strip_family_id": .text(family)])
      }
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "p"))
        try transaction.insert(StoreSamples.record(.stripFamilies, "f"))
        try transaction.insert(log("good", "p", "f"))
        try expect(.constraint) { try transaction.insert(log("bad", "p", "x")) }
        try expect(.constraint) { try transaction.insert(log("bad", "x", "f")) }
        try expect(.constraint) { _ = try transaction.update(log("good", "x", "f")) }
        try transaction.insert(StoreSamples.record(.joblogs, "none"))
      }
      try expect(try store.ids(.joblogs), equals: ["good", "none"])
    },
    Declaration("a pattern's strip family need not exist") { store in
      let record = StoreSamples.record(.patterns, "p", ["strip_family_id": .text("nowhere")])
      try store.write { try $0.insert(record) }
      try expect(try store.ids(.patterns), equals: ["p"])
    },
    Declaration("what job logs refer to cannot be deleted") { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "p"))
        try transaction.insert(StoreSamples.record(.stripFamilies, "f"))
        let references: [String: Value] = ["pattern_id": .text("p"), "strip_family_id": .text("f")]
        try transaction.insert(StoreSamples.record(.joblogs, "j", references))
        try expect(.constraint) { _ = try transaction.delete(.patterns, id: "p") }
        try expect(.constraint) { _ = try transaction.delete(.stripFamilies, id: "f") }
        try expect(try transaction.delete(.joblogs, id: "j"))
        try expect(try transaction.delete(.patterns, id: "p"))
        try expect(try transaction.delete(.stripFamilies, id: "f"))
      }
    },
    Declaration("an entity of a batch that is refused leaves no provenance") { store in
      let entities = [
        StoreSamples.record(.joblogs, "a"),
        StoreSamples.record(.joblogs, "b", ["pattern_id": .text("nowhere")]),
        StoreSamples.record(.joblogs, "a"), StoreSamples.record(.joblogs, "c"),
      ].map { StoreSamples.Entity($0) }
      let batch = StoreSamples.batch(.joblogs, entities)
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        try transaction.insert(batch, at: 0, run: run)
        try expect(.constraint) { try transaction.insert(batch, at: 1, run: run) }
        try expect(.duplicateID) { try transaction.insert(batch, at: 2, run: run) }
        try transaction.insert(batch, at: 3, run: run)
      }
      try store.read { reader in
        try expect(try reader.records(RecordQuery(.joblogs)).map(\.id), equals: ["a", "c"])
        try expect(try reader.provenance(.joblogs, id: "a")?.byteOffset, equals: 0)
        try expect(try reader.provenance(.joblogs, id: "b") == nil)
        try expect(try reader.provenance(.joblogs, id: "c")?.byteOffset, equals: 30)
      }
    },
  ]
}
