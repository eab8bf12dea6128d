import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Trees whose entities are disguised by other names, values and wrappers: read with the proposed
/// mapping, they give the rows of the plain tree.
@Suite struct DisguiseTests {
  /// How the entities of a kind are disguised.
  private struct Disguise {
    var random: SeededGenerator
    let spelling: Int
    let usesAliases: Bool
    let times: Int
    let numbersAreText: Bool
    let usesOtherWords: Bool
    let wrapper: Int

    init(_ random: SeededGenerator) {
      self.random = random
      spelling = self.random.int(0...5)
      usesAliases = self.random.chance(50)
      times = self.random.int(0...2)
      numbersAreText = self.random.chance(50)
      usesOtherWords = self.random.chance(50)
      wrapper = self.random.int(0...3)
    }

    private static let aliases = [
      "material_type": "wood", "strips": "pieces", "status": "state", "parameters": "params",
      "results": "output", "start_time": "started", "end_time": "finished", "name": "title",
      "job_type": "operation", "geometry": "design", "strip_width_mm": "width",
      "strip_thickness_mm": "thickness", "duration_seconds": "elapsed", "metadata": "extra",
      "created_at": "created", "updated_at": "modified",
    ]
    private static let words = [
      "completed": "Done", "failed": "ERROR", "running": "in progress", "pending": "queued",
      "planned": "scheduled", "cancelled": "aborted",
    ]

    func name(_ member: String) -> String {
      if usesAliases, let alias = Self.aliases[member] { return alias }
      let parts = member.split(separator: "_").map(String.init)
      switch spelling {
      case 0: return member.uppercased()
      case 1: return parts.map(\.capitalized).joined()
      case 2: return parts[0] + parts.dropFirst().map(\.capitalized).joined()
      case 3: return parts.joined(separator: "-")
      case 4: return parts.map(\.capitalized).joined(separator: " ")
      default: return member
      }
    }

    func value(_ value: JSONValue, of field: FieldSchema) -> JSONValue {
      switch (field.type, value) {
      case (.timestamp, .string(let text)):
        guard times > 0 else { return value }
        // 2025-01-15T10:MM:SSZ.
        let parts = text.split { !$0.isNumber }.compactMap { Int($0) }
        let seconds = 1_736_899_200 + parts[3] * 3_600 + parts[4] * 60 + parts[5]
        return .number(JSONNumber(times == 1 ? seconds : seconds * 1_000))
      case (.real, .number(let number)), (.integer, .number(let number)):
        return numbersAreText ? .string(number.text) : value
      case (.text(let rule), .string(let word)) where rule.unknownValue == .error:
        guard usesOtherWords, !rule.knownValues.isEmpty else { return value }
        return .string(Self.words[word] ?? word)
      default: return value
      }
    }

    func document(_ entities: [JSONValue], _ table: String) -> JSONValue {
      switch wrapper {
      case 0: .array(entities)
      case 1:
        .object([
          .init(name: "success", value: .bool(true)), .init(name: table, value: .array(entities)),
        ])
      case 2:
        .object([
          .init(name: "version", value: .number(JSONNumber(2))),
          .init(name: "data", value: .array(entities)),
          .init(name: "total", value: .number(JSONNumber(entities.count))),
        ])
      default:
        .object([
          .init(name: "categories", value: .object([.init(name: "all", value: .array(entities))]))
        ])
      }
    }
  }

  /// Creates a valid entity.
  private static func entity(
    _ kind: EntityKind, _ number: Int, _ random: inout SeededGenerator
  ) -> [(field: FieldSchema, value: JSONValue)] {
    func time(_ minute: Int) -> JSONValue {
      .string("2025-01-15T10:\(10 + minute):\(10 + number)Z")
    }
    let status = ["completed", "failed", "running", "pending", "planned", "cancelled"][number % 6]
    return kind.schema.fields.compactMap { field in
      let isNeeded =
        field.isRequired
        || ["id", "created_at", "status", "end_time"]
          .contains(field.member)
      guard isNeeded || random.chance(70) else { return nil }
      let value: JSONValue
      switch field.member {
      case "id": value = .string("\(kind.table)-\(number)")
      case "status": value = .string(status)
      case "job_type": value = .string("slice")
      case "end_time": value = time(40)
      case "start_time": value = time(20)
      default:
        switch field.type {
        case .text: value = .string("\(field.member) of \(number)")
        case .reference(let target): value = .string("\(target.table)-\(number)")
        case .integer: value = .number(JSONNumber(1 + number))
        case .real: value = (try? JSONValue(parsing: "\(1 + number).25")) ?? .null
        case .timestamp: value = time(0)
        case .json(let shape, _, _):
          value =
            shape == .object
            ? .object([.init(name: "a", value: .number(JSONNumber(number)))])
            : .array([.number(JSONNumber(number))])
        }
      }
      return (field, value)
    }
  }

  @Test(arguments: 0..<24 as Range<UInt64>)
  func theProposalUndoesTheDisguise(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (plain, disguised) = (try SourceTree(), try SourceTree())
    for kind in EntityCatalog.rmos.kinds {
      let disguise = Disguise(SeededGenerator(seed: random.next()))
      var (sound, odd): ([JSONValue], [JSONValue]) = ([], [])
      for number in 0..<6 {
        let members = Self.entity(kind, number, &random)
        sound.append(.object(members.map { .init(name: $0.field.member, value: $0.value) }))
        odd.append(
          .object(
            members.map {
              .init(
                name: disguise.name($0.field.member),
                value: disguise.value($0.value, of: $0.field))
            }))
      }
      try plain.add("\(kind.table)/a.json", JSONValue.array(sound).text)
      try disguised.add("\(kind.table)/a.json", disguise.document(odd, kind.table).text)
    }
    let (expected, found) = (InMemoryStore(), InMemoryStore())
    let soundRun = try RecordedMigration(plain, into: expected).summary.statistics.total
    #expect(soundRun.failed == 0)
    try withExtendedLifetime(disguised) {
      var options = Survey.Options()
      options.proposesMapping = true
      let report = try Survey(of: disguised.path, options: options).runSynchronously()
      var migration = Migration.Options()
      migration.mappings = try report.advisedMappings()
      let run = try RecordedMigration(disguised, into: found, migration)
      let total = run.summary.statistics.total
      #expect(total.found == soundRun.found)
      if let proposal = report.proposal {
        #expect(
          proposal.outcome.found == total.found && proposal.outcome.migrates == total.migrated)
      }
      let unplaced = report.shapes.flatMap(\.members).filter { $0.field == nil }.map(\.name)
      // All disguises are known, so each member has a field.
      #expect(unplaced.isEmpty)
      #expect(total.failed == 0, "\(run.issues.prefix(3)) \(report.proposal?.text ?? "")")
      #expect(try Self.rows(of: found) == Self.rows(of: expected), "\(report.proposal?.text ?? "")")
    }
  }

  /// Collections of all kinds in one document, with anything around them.
  private struct Nest {
    var random: SeededGenerator
    var entities: [(kind: EntityKind, id: String, value: JSONValue)] = []

    /// Creates an object around collections of entities with some numbers.
    mutating func object(_ numbers: Range<Int>, depth: Int = 0) -> JSONValue {
      switch depth < 2 ? random.int(0...3) : 0 {
      case 1: return .object([.init(name: "data", value: object(numbers, depth: depth + 1))])
      case 2:
        let middle = (numbers.lowerBound + numbers.upperBound) / 2
        let parts = [numbers.lowerBound..<middle, middle..<numbers.upperBound]
        let objects = parts.map { object($0, depth: depth + 2) }
        return .object([.init(name: "customers", value: .array(objects))])
      case 3:
        return .object([
          .init(name: "success", value: .bool(true)),
          .init(name: "export", value: object(numbers, depth: depth + 1)),
        ])
      default: return .object(collections(of: numbers))
      }
    }

    private mutating func collections(of numbers: Range<Int>) -> [JSONValue.Member] {
      let isKeyed = random.chance(50)
      return zip(EntityCatalog.rmos.kinds, ["families", "patterns", "jobs"]).map { kind, name in
        let entities = numbers.map { number in
          let members = DisguiseTests.entity(kind, number, &random)
          let value = JSONValue.object(
            members.map { .init(name: $0.field.member, value: $0.value) })
          self.entities.append((kind, "\(kind.table)-\(number)", value))
          return value
        }
        return .init(
          name: name,
          value: isKeyed
            ? .object(zip(numbers, entities).map { .init(name: "\(kind.table)-\($0)", value: $1) })
            : .array(entities))
      }
    }
  }

  @Test(arguments: 0..<32 as Range<UInt64>)
  func allCollectionsOfADocumentAreRead(_ seed: UInt64) throws {
    var nest = Nest(random: SeededGenerator(seed: seed))
    let text = nest.object(0..<4).text
    let path = ["all.json", "patterns/all.json", "joblogs/all.json"][Int(seed % 3)]
    let trial = try ProposalTests.Trial(path, text)
    #expect(trial.report.objectCount == 12, "\(text) \(trial.report.json)")
    #expect(trial.migrated == 12 && trial.failed == 0, "\(text) \(trial.text)")
  }

  /// Returns the rows of a store.
  private static func rows(of store: InMemoryStore) throws -> [String] {
    var rows: [String] = []
    try store.read { reader in
      for kind in EntityCatalog.rmos.kinds {
        try reader.forEachRecord(kind) { record in
          let values = zip(kind.schema.fields, record.values).map { field, value in
            var text = "\(field.member)=\(value)"
            // Times in milliseconds have three decimals.
            if let dot = text.range(of: ".000Z") { text.replaceSubrange(dot, with: "Z") }
            return text
          }
          rows.append(values.joined(separator: " "))
        }
      }
    }
    return rows.sorted()
  }
}
