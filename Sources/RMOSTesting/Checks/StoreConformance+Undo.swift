import RMOSModels
import RMOSStore

extension StoreConformance {
  private static let later = "2026-04-01T00:00:00Z"

  /// Returns a batch of one entity, with values that differ from those of the sample.
  private static func changed(
    _ kind: EntityKind, _ id: String, _ values: [String: Value]
  ) -> RecordBatch {
    StoreSamples.batch(kind, [.init(StoreSamples.record(kind, id, values))])
  }

  private static func images(_ store: any RecordStore, _ run: Int64) throws -> [BeforeImage] {
    var images: [BeforeImage] = []
    try store.read { try $0.forEachBeforeImage(ofRun: run) { images.append($0) } }
    return images
  }

  private static func obstacles(_ store: any RecordStore, _ run: Int64) throws -> [UndoObstacle] {
    var obstacles: [UndoObstacle] = []
    try store.read { try $0.forEachUndoObstacle(ofRun: run) { obstacles.append($0) } }
    return obstacles
  }

  static let updates = [
    Declaration("a rewritten row is kept as it was, with every type of value") { subject in
      let store = try subject.store()
      let values: [String: Value] = [
        "job_type": .text(subject.traits.contains(.keepsNUL) ? "a\u{0}b" : "a'b"),
        "duration_seconds": .real(0.1), "status": .text(""),
        "start_time": .null, "results": .null,
      ]
      var entity = StoreSamples.Entity(StoreSamples.record(.joblogs, "j'", values))
      (entity.path, entity.locator) = ("joblogs/é.json", .key("k"))
      entity.unknownMembers = #"{"x":1.0}"#
      let batch = StoreSamples.batch(.joblogs, [entity])
      let next = changed(.joblogs, "j'", ["job_type": .text("slice")])
      try store.write { transaction in
        try transaction.insert(batch, at: 0, run: 1)
        try transaction.update(next, at: 0, run: 2, startedAt: later)
      }
      let image = BeforeImage(
        record: batch.record(at: 0), provenance: batch.provenance(at: 0, run: 1))
      try expect(try images(store, 2), equals: [image])
      try expect(try images(store, 1), equals: [])
      try store.read { reader in
        try expect(try reader.record(.joblogs, id: "j'"), equals: next.record(at: 0))
        try expect(
          try reader.provenance(.joblogs, id: "j'"), equals: next.provenance(at: 0, run: 2))
        try expect(try reader.editState(.joblogs, id: "j'"), equals: .asWritten(run: 2))
      }
    },
    Declaration("a row that no run wrote is kept without provenance") { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "p"))
        try expect(try transaction.editState(.patterns, id: "p"), equals: .unknown(run: nil))
        try transaction.update(
          changed(.patterns, "p", ["ring_count": .integer(8)]), at: 0, run: 1, startedAt: later)
      }
      try expect(
        try images(store, 1),
        equals: [BeforeImage(record: StoreSamples.record(.patterns, "p"), provenance: nil)])
    },
    Declaration("a time that the source does not give stays, or is the run's") { store in
      var entity = StoreSamples.Entity(
        StoreSamples.record(.patterns, "p", ["created_at": .text("x"), "updated_at": .text("x")]))
      entity.given = ["name"]
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "p"))
        try transaction.update(
          StoreSamples.batch(.patterns, [entity]), at: 0, run: 1, startedAt: later)
        let record = try transaction.record(.patterns, id: "p")
        let sample = StoreSamples.record(.patterns, "p")
        try expect(record?["created_at"], equals: sample["created_at"])
        try expect(record?["updated_at"], equals: .text(later))
        try expect(try transaction.editState(.patterns, id: "p"), equals: .asWritten(run: 1))
      }
    },
    Declaration("a rewriting that is refused leaves no before-image") { store in
      try store.write { transaction in
        try transaction.insert(changed(.joblogs, "j", [:]), at: 0, run: 1)
        try expect(.constraint) {
          try transaction.update(
            changed(.joblogs, "j", ["pattern_id": .text("none")]), at: 0, run: 2, startedAt: later)
        }
        try expect(.other) {
          try transaction.update(changed(.joblogs, "none", [:]), at: 0, run: 2, startedAt: later)
        }
      }
      try expect(try images(store, 2), equals: [])
      try store.read { reader in
        try expect(try reader.editState(.joblogs, id: "j"), equals: .asWritten(run: 1))
      }
    },
    Declaration("a run rewrites a row that is there, once") { store in
      let batch = changed(.joblogs, "j", ["job_type": .text("slice")])
      let origin = batch.provenance(at: 0, run: 2)
      try store.write { transaction in
        try transaction.insert(changed(.joblogs, "j", [:]), at: 0, run: 1)
        try expect(.other) {
          try transaction.rewrite(StoreSamples.record(.joblogs, "none"), provenance: origin)
        }
        try transaction.rewrite(batch.record(at: 0), provenance: origin)
      }
      let before = try images(store, 2)
      try expect(before.count, equals: 1)
      try expect(.other) {
        try store.write { transaction in
          try transaction.rewrite(StoreSamples.record(.joblogs, "j"), provenance: origin)
        }
      }
      try expect(try images(store, 2), equals: before)
      try expect(try store.read { try $0.contains(.joblogs, id: "none") }, equals: false)
    },
    Declaration("an edit shows in the digest, one that changes nothing does not") { store in
      let record = StoreSamples.record(.patterns, "p")
      try store.write { transaction in
        try transaction.insert(StoreSamples.batch(.patterns, [.init(record)]), at: 0, run: 1)
        _ = try transaction.update(record)
        try expect(try transaction.editState(.patterns, id: "p"), equals: .asWritten(run: 1))
        for (position, field) in EntityKind.patterns.schema.fields.enumerated().dropFirst() {
          var edited = record
          edited.values[position] = field.type == .integer(minimum: 1) ? .integer(9) : .text("9")
          _ = try transaction.update(edited)
          try expect(
            try transaction.editState(.patterns, id: "p"), equals: .edited(since: 1))
        }
      }
    },
    Declaration("what undid a run is kept with it") { store in
      try store.write { transaction in
        var run = StoreSamples.run()
        run.id = try transaction.beginRun(run)
        try expect(try transaction.run(run.id)?.undoneBy == nil)
        run.undoneBy = 7
        try transaction.updateRun(run)
        try expect(try transaction.runs(limit: nil), equals: [run])
      }
    },
  ]

  /// Fills a store: run 1 inserts f, p (which refers to f) and j (which refers to p and f); run 2
  /// rewrites p and inserts q.
  private static func fill(_ store: any RecordStore) throws {
    func batch(_ kind: EntityKind, _ id: String, _ values: [String: Value] = [:]) -> RecordBatch {
      changed(kind, id, values)
    }
    try store.write { transaction in
      for _ in 1...3 { _ = try transaction.beginRun(StoreSamples.run()) }
      try transaction.insert(batch(.stripFamilies, "f"), at: 0, run: 1)
      try transaction.insert(
        batch(.patterns, "p", ["strip_family_id": .text("f")]), at: 0, run: 1)
      try transaction.insert(
        batch(.joblogs, "j", ["pattern_id": .text("p"), "strip_family_id": .text("f")]), at: 0,
        run: 1)
      try transaction.update(
        batch(.patterns, "p", ["strip_family_id": .null]), at: 0, run: 2, startedAt: later)
      try transaction.insert(batch(.patterns, "q"), at: 0, run: 2)
    }
  }

  static let undoing = [
    Declaration("undoing removes what a run inserted and restores what it rewrote") { store in
      try fill(store)
      try expect(try obstacles(store, 2), equals: [])
      let expected = try store.read { try $0.undoCounts(ofRun: 2) }
      let counts = try store.write { try $0.undo(run: 2) }
      try expect(counts, equals: expected)
      try expect(counts.removed[.patterns], equals: 1)
      try expect(counts.restored[.patterns], equals: 1)
      try expect(try store.ids(.patterns), equals: ["p"])
      try expect(try images(store, 2), equals: [])
      try store.read { reader in
        try expect(
          try reader.record(.patterns, id: "p")?["strip_family_id"], equals: .text("f"))
        try expect(try reader.editState(.patterns, id: "p"), equals: .asWritten(run: 1))
        try expect(try reader.provenance(.patterns, id: "q") == nil)
      }
      try expect(try obstacles(store, 1), equals: [])
      _ = try store.write { try $0.undo(run: 1) }
      for kind in EntityCatalog.rmos.kinds { try expect(try store.ids(kind), equals: []) }
    },
    Declaration("a run whose row a later one rewrote cannot be undone") { store in
      try fill(store)
      try expect(
        try obstacles(store, 1),
        equals: [UndoObstacle(kind: .patterns, id: "p", .isUpdated(by: 2))])
    },
    Declaration("a row that was edited or deleted since stands in the way") { store in
      try fill(store)
      try store.write { transaction in
        for id in ["p", "q"] {
          _ = try transaction.update(StoreSamples.record(.patterns, id, ["name": .text("mine")]))
        }
      }
      try expect(
        try obstacles(store, 2),
        equals: [
          UndoObstacle(kind: .patterns, id: "q", .isEdited),
          UndoObstacle(kind: .patterns, id: "p", .isEdited),
        ])
      try store.write { transaction in
        _ = try transaction.delete(.joblogs, id: "j")
        _ = try transaction.delete(.patterns, id: "p")
        _ = try transaction.delete(.patterns, id: "q")
      }
      // A row that the run inserted and that was deleted since is no obstacle.
      try expect(
        try obstacles(store, 2), equals: [UndoObstacle(kind: .patterns, id: "p", .isDeleted)])
      try expect(try obstacles(store, 1), equals: [])
      try store.write { try $0.insert(changed(.patterns, "p", [:]), at: 0, run: 3) }
      try expect(
        try obstacles(store, 2),
        equals: [UndoObstacle(kind: .patterns, id: "p", .isReplaced(by: 3))])
      try store.write { transaction in
        _ = try transaction.delete(.patterns, id: "p")
        try transaction.insert(StoreSamples.record(.patterns, "p"))
      }
      try expect(
        try obstacles(store, 2),
        equals: [UndoObstacle(kind: .patterns, id: "p", .isReplaced(by: nil))])
    },
    Declaration("a row that stays must not lose what it refers to") { store in
      try fill(store)
      try store.write { transaction in
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "mine", ["pattern_id": .text("q"), "strip_family_id": .text("f")]))
        try transaction.insert(
          StoreSamples.record(.patterns, "own", ["strip_family_id": .text("f")]))
      }
      try expect(
        try obstacles(store, 2),
        equals: [UndoObstacle(kind: .patterns, id: "q", .isReferred(by: .joblogs, id: "mine"))])
      let all = try obstacles(store, 1)
      for (kind, id) in [(EntityKind.joblogs, "mine"), (.patterns, "own")] {
        let obstacle = UndoObstacle(
          kind: .stripFamilies, id: "f", .isReferred(by: kind, id: id))
        try expect(all.contains(obstacle), "\(obstacle) is not among \(all)")
      }
    },
    Declaration("a row that is restored needs what it referred to") { store in
      try fill(store)
      try store.write { transaction in
        _ = try transaction.delete(.joblogs, id: "j")
        _ = try transaction.delete(.stripFamilies, id: "f")
      }
      try expect(
        try obstacles(store, 2),
        equals: [UndoObstacle(kind: .patterns, id: "p", .misses(.stripFamilies, id: "f"))])
    },
    Declaration("a rewritten row may refer to what goes, where it did not before") { store in
      try store.write { transaction in
        try transaction.insert(changed(.joblogs, "j", [:]), at: 0, run: 1)
        try transaction.insert(changed(.patterns, "p", [:]), at: 0, run: 2)
        try transaction.update(
          changed(.joblogs, "j", ["pattern_id": .text("p")]), at: 0, run: 2, startedAt: later)
      }
      try expect(try obstacles(store, 2), equals: [])
      _ = try store.write { try $0.undo(run: 2) }
      try expect(try store.ids(.patterns), equals: [])
      try expect(
        try store.read { try $0.record(.joblogs, id: "j") },
        equals: StoreSamples.record(.joblogs, "j"))
    },
    Declaration("undoing is part of its transaction") { store in
      try fill(store)
      do {
        try store.write { transaction in
          _ = try transaction.undo(run: 2)
          throw Abandon(number: 1)
        }
      } catch is Abandon {}
      try expect(try store.ids(.patterns), equals: ["p", "q"])
      try expect(try images(store, 2).count, equals: 1)
    },
    Declaration("a row that is restored is as it was, digest and provenance included") { store in
      try fill(store)
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.stripFamilies, "own"))
        for id in ["f", "own"] {
          let next = changed(.stripFamilies, id, ["name": .text("new")])
          try transaction.update(next, at: 0, run: 3, startedAt: later)
        }
        let gone = BeforeImage(record: StoreSamples.record(.patterns, "gone"), provenance: nil)
        try expect(try !transaction.restore(gone, run: 3))
      }
      for image in try images(store, 3) {
        try expect(try store.write { try $0.restore(image, run: 3) })
      }
      try expect(try images(store, 3), equals: [])
      try store.read { reader in
        for id in ["f", "own"] {
          try expect(
            try reader.record(.stripFamilies, id: id),
            equals: StoreSamples.record(.stripFamilies, id))
        }
        try expect(try reader.editState(.stripFamilies, id: "f"), equals: .asWritten(run: 1))
        try expect(try reader.provenance(.stripFamilies, id: "own") == nil)
        try expect(try !reader.contains(.patterns, id: "gone"))
      }
    },
  ]
}
