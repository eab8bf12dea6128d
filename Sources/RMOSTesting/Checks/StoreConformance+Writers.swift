import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

extension StoreConformance {
  static let writers = [
    Declaration("within an exclusive section its thread writes as usual") { store in
      let result = try store.withExclusiveWriter {
        try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
        try store.withExclusiveWriter {
          try store.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
        }
        try store.write { try $0.insert(StoreSamples.record(.patterns, "c")) }
        return 7
      }
      try expect(result, equals: 7)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "d")) }
      try expect(try store.ids(.patterns), equals: ["a", "b", "c", "d"])
    },
    Declaration("an exclusive section that throws ends") { store in
      do {
        try store.withExclusiveWriter { throw Abandon(number: 1) }
        try expect(false)
      } catch is Abandon {}
      try store.withExclusiveWriter {}
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    },
    Declaration("an exclusive section refuses others at once and lets them read") { store in
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      try store.withExclusiveWriter {
        try inParallel(4) { _ in
          try expect(.locked) { try store.withExclusiveWriter {} }
          try expect(try store.ids(.patterns), equals: ["a"])
        }
      }
      try inParallel(1) { _ in try store.withExclusiveWriter {} }
    },
    Declaration("a bulk load leaves the store as a plain one does") { store in
      let count = try store.withExclusiveWriter {
        try store.withBulkLoad {
          try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
          return try store.read { try $0.count(RecordQuery(.patterns)) }
        }
      }
      try expect(count, equals: 1)
      do {
        try store.withBulkLoad {
          try store.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
          throw Abandon(number: 1)
        }
      } catch is Abandon {}
      try expect(try store.ids(.patterns), equals: ["a", "b"])
    },
    Declaration("threads write one after another and lose nothing") { store in
      try store.write { try $0.insert(StoreSamples.record(.patterns, "sum")) }
      let (threads, rounds) = (4, 10)
      try inParallel(threads) { thread in
        for round in 0..<rounds {
          try store.write { transaction in
            guard var sum = try transaction.record(.patterns, id: "sum"),
              case .integer(let old)? = sum["ring_count"],
              let position = EntityKind.patterns.schema.position(ofMember: "ring_count")
            else { throw Abandon(number: round) }
            sum.values[position] = .integer(old + 1)
            _ = try transaction.update(sum)
            try transaction.insert(StoreSamples.record(.joblogs, "\(thread)-\(round)"))
          }
        }
      }
      try store.read { reader in
        try expect(
          try reader.record(.patterns, id: "sum")?["ring_count"],
          equals: .integer(Int64(7 + threads * rounds)))
        try expect(try reader.count(RecordQuery(.joblogs)), equals: threads * rounds)
      }
    },
    Declaration("readers see whole transactions while others write") { store in
      try inParallel(4) { thread in
        for round in 0..<20 {
          if thread == 0 {
            try store.write { transaction in
              for kind in [EntityKind.patterns, .stripFamilies] {
                try transaction.insert(StoreSamples.record(kind, "\(round)"))
              }
            }
          } else {
            try store.read { reader in
              let patterns = try reader.count(RecordQuery(.patterns))
              let families = try reader.count(RecordQuery(.stripFamilies))
              try expect(patterns, equals: families)
            }
          }
        }
      }
      try expect(try store.ids(.patterns).count, equals: 20)
    },
  ]
}

/// Calls `body` on `count` threads, with the index of each, and waits for all of them.
///
/// - Throws: The error of the first thread that throws one.
func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let outcomes = Outcomes()
  var threads: [SystemThread] = []
  defer { for thread in threads { thread.join() } }
  for index in 0..<count {
    threads.append(
      try SystemThread {
        let outcome = Result { try body(index) }
        outcomes.values.withLock { $0[index] = outcome }
      })
  }
  for thread in threads { thread.join() }
  threads = []
  for (_, outcome) in outcomes.values.withLock({ $0.sorted { $0.key < $1.key } }) {
    try outcome.get()
  }
}

private final class Outcomes: Sendable {
  let values = Mutex<[Int: Result<Void, any Error>]>([:])
}
