import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Checks of abilities that stores may or may not have.
  static let abilities = [
    Declaration("the change token tells commits apart, and nothing else") { subject in
      let store = try subject.store()
      guard subject.traits.contains(.tellsChanges) else {
        return try expect(store.changeToken(), equals: nil)
      }
      let first = store.changeToken()
      try expect(first != nil)
      try expect(store.changeToken(), equals: first)
      _ = try store.read { try $0.count(RecordQuery(.patterns)) }
      try expect(store.changeToken(), equals: first)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      let second = store.changeToken()
      try expect(second != first && second != nil)
      try? store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "b"))
        throw Abandon()
      }
      try expect(store.changeToken(), equals: second)
      _ = try store.write { try $0.delete(.patterns, id: "a") }
      try expect(store.changeToken() != second)
    },
    Declaration("a writer at work is distinguished from one that is not") { subject in
      let store = try subject.store()
      guard subject.traits.contains(.tellsWriter) else {
        return try expect(store.hasWriter, equals: nil)
      }
      try expect(store.hasWriter, equals: false)
      try store.withExclusiveWriter { try expect(store.hasWriter, equals: true) }
      try expect(store.hasWriter, equals: false)
    },
    Declaration("writing is possible, and a rehearsal leaves no trace") { store in
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      let token = store.changeToken()
      try expect(try store.checkWriting().filter { $0.severity == .error }, equals: [])
      switch try store.rehearsal(isCancelled: { false }) {
      case .lookUps: break
      case .copy(let copy):
        try copy.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
        try expect(try copy.ids(.patterns), equals: ["a", "b"])
      case .unforeseeable(let reason): throw Abandoned(reason: reason)
      }
      try expect(try store.ids(.patterns), equals: ["a"])
      try expect(store.changeToken(), equals: token)
    },
    Declaration("it has a name, and holds the kinds of RMOS") { store in
      try expect(!store.location.isEmpty)
      try expect(store.catalog.kinds.starts(with: EntityCatalog.rmos.kinds))
      try store.read { reader in
        try expect(reader.catalog, equals: store.catalog)
        try expect(try reader.inspection.missingTables(), equals: [])
        try expect(try reader.inspection.writingObstacles(), equals: [])
      }
      if let size = store.sizeOnDisk { try expect(size >= 0) }
    },
    Declaration("a backup is made, or said not to be") { subject in
      let store = try subject.store()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      let content = try StoreContent(of: store)
      let backup = try store.withExclusiveWriter { try store.backUp(beforeRun: 7) }
      guard subject.traits.contains(.backsUp) else {
        return try expect(backup == nil, "a store without the trait backsUp made a backup")
      }
      try expect(backup?.run, equals: 7)
      try expect(backup?.path.isEmpty, equals: false)
      try expect(try StoreContent(of: store), equals: content)
      let second = try store.withExclusiveWriter {
        try store.withBackup(beforeRun: 8, isCancelled: { false }) { take in
          let first = try take()
          try expect(try take(), equals: first)
          return first
        }
      }
      try expect(second?.run, equals: 8)
      try store.withExclusiveWriter {
        try store.write { transaction in
          _ = try transaction.delete(.patterns, id: "a")
          let third = try store.backUp(beforeRun: 9)
          try expect(third?.run, equals: 9)
          third?.discard()
        }
      }
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      second?.removeOlder()
      second?.discard()
      backup?.discard()
      try expect(.cancelled) {
        _ = try store.withExclusiveWriter {
          try store.backUp(beforeRun: 10, isCancelled: { true })
        }
      }
      try store.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
    },
    Declaration("what is committed is there when it is opened again", needs: .persistent) {
      subject in
      let batch = StoreSamples.batch(.patterns, [.init(StoreSamples.record(.patterns, "a"))])
      let content: StoreContent
      do {
        let store = try subject.store("again")
        try store.write { transaction in
          let run = try transaction.beginRun(StoreSamples.run())
          try transaction.insert(batch, at: 0, run: run)
        }
        try? store.write { transaction in
          try transaction.insert(StoreSamples.record(.patterns, "lost"))
          throw Abandon()
        }
        content = try StoreContent(of: store)
      }
      let store = try subject.store("again")
      try expect(try StoreContent(of: store), equals: content)
      try expect(try store.ids(.patterns), equals: ["a"])
      try expect(try store.read { try $0.runs(limit: nil).map(\.command) }, equals: ["migrate"])
    },
    Declaration("two that are open see each other's commits", needs: .persistent) { subject in
      let (one, two) = (try subject.store("shared"), try subject.store("shared"))
      try one.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      try expect(try two.ids(.patterns), equals: ["a"])
      let token = one.changeToken()
      try two.read { reader in
        try one.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
        try expect(try reader.count(RecordQuery(.patterns)), equals: 1)
      }
      try two.write { try $0.insert(StoreSamples.record(.patterns, "c")) }
      try expect(try one.ids(.patterns), equals: ["a", "b", "c"])
      if subject.traits.contains(.tellsChanges) { try expect(one.changeToken() != token) }
    },
    Declaration("of two that are open one is the writer", needs: .persistent) { subject in
      let (one, two) = (try subject.store("writers"), try subject.store("writers"))
      try one.withExclusiveWriter {
        try expect(.locked) { try two.withExclusiveWriter {} }
        if subject.traits.contains(.tellsWriter) { try expect(two.hasWriter, equals: true) }
        try one.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
        try expect(try two.ids(.patterns), equals: ["a"])
      }
      try two.withExclusiveWriter {
        try two.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
      }
      try expect(try one.ids(.patterns), equals: ["a", "b"])
    },
    Declaration("a long reading is abandoned when it is cancelled") { store in
      try store.write { transaction in
        for number in 0..<3000 {
          try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
        }
      }
      var rows = 0
      var polls = 0
      try expect(.cancelled) {
        try store.read { reader in
          try reader.run(whileNot: {
            polls += 1
            return polls > 2
          }) {
            for _ in 0..<100 { try reader.forEachRecord(.patterns) { _ in rows += 1 } }
          }
        }
      }
      try expect(rows < 100 * 3000, "all rows were read although the work was cancelled")
      try expect(try store.read { try $0.count(RecordQuery(.patterns)) }, equals: 3000)
    },
  ]

  private struct Abandoned: Error {
    let reason: String
  }
}

extension RecordStore {
  fileprivate func backUp(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool = { false }
  ) throws -> RunBackup? {
    try withBackup(beforeRun: run, isCancelled: isCancelled) { take in try take() }
  }
}
