import RMOSModels

/// An entity as random text: its members as tokens and, while it is sound, what they mean.
struct RandomEntity {
  let kind: EntityKind
  var members: [(name: String, tokens: [String])] = []
  /// What the columns must hold, for the members that are given.
  var expected: [String: Value] = [:]

  /// A sound entity; it refers only to `targets`, the sound ids of other kinds.
  init(
    sound kind: EntityKind, id: String, targets: [EntityKind: [String]],
    _ source: inout RandomTokens
  ) {
    self.kind = kind
    let isCompleted = source.random.chance(40)
    let hasSubstitute = source.random.chance(20)
    for field in kind.schema.fields {
      let isNeeded =
        field.isRequired && !(field.member == "geometry" && hasSubstitute)
        || isCompleted && ["status", "end_time"].contains(field.member)
        || hasSubstitute && field.member == "rosette_geometry" || field.member == "id"
      guard isNeeded || source.random.chance(50) else {
        if source.random.chance(10) { members.append((field.member, ["null"])) }
        continue
      }
      switch field.type {
      case .text(let rule):
        let text: (value: String, token: String) =
          if field.member == "id" {
            (id, source.quoted(id))
          } else if let known = rule.knownValues.first {
            {
              let value =
                isCompleted && field.member == "status"
                ? "completed"
                : source.random.pick(rule.knownValues.filter { $0 != "completed" } + [known])
              return (value, source.quoted(value))
            }()
          } else {
            source.text("N")
          }
        add(field.member, text.token, .text(text.value))
      case .reference(let target):
        guard let id = targets[target].flatMap({ $0.isEmpty ? nil : source.random.pick($0) })
        else { continue }
        add(field.member, source.quoted(id), .text(id))
      case .integer:
        let number = source.random.int(1...12)
        let token = source.random.pick(["\(number)", "\(number).0", "\(number)0e-1"])
        add(field.member, token, .integer(Int64(number)))
      case .real:
        let token = source.random.pick(["2", "0.8", "2.50", "1e1", "7.699999999999999", "4.9e-324"])
        add(field.member, token, .real(Double(token) ?? 0))
      case .timestamp:
        let text = source.random.pick([
          "2025-01-15", "2025-01-15T10:30", "2024-02-29 10:30:00.5+01:00", "2025-12-31T23:59:59Z",
        ])
        add(field.member, source.quoted(text), .text(text))
      case .json(let shape, _, _):
        let count = source.random.int(1...5)
        let tokens =
          shape == .object ? source.object(count: count) : source.array(count: count)
        members.append((field.member, tokens))
        expected[field.member] = .text(tokens.joined())
      }
    }
    if source.random.chance(30) {
      members.append(("x-\(source.random.int(0...3))", source.value()))
    }
    members.shuffle(using: &source.random)
  }

  private mutating func add(_ member: String, _ token: String, _ value: Value) {
    members.append((member, [token]))
    expected[member] = value
  }

  /// The entity as tokens.
  func tokens(_ source: inout RandomTokens) -> [String] {
    source.list("{", "}", members.map { [source.quoted($0.name), ":"] + $0.tokens })
  }

  /// Makes the entity odd or broken, in one way or several, or leaves it alone.
  mutating func spoil(_ source: inout RandomTokens) {
    let required = kind.schema.fields.filter(\.isRequired).map(\.member)
    let any = source.random.pick(kind.schema.fields).member
    for _ in 0..<source.random.pick([0, 1, 1, 1, 2, 3]) {
      switch source.random.int(0...15) {
      case 0: remove(source.random.pick(required))
      case 1: set(any, ["null"])
      case 2, 3: set(any, source.value())
      case 4: set(any, [source.number()])
      case 5: set(any, [source.random.pick(["\"\"", "\" \\t\"", "\"\\u00a0\"", "{}", "[]"])])
      case 6: set("created_at", [source.random.pick(["\"2025-02-29\"", "\"now\"", "20250115"])])
      case 7: set("status", [source.random.pick(["\"done\"", "\"COMPLETED\"", "\"completed\""])])
      case 8: members.append((any, source.value()))
      case 9: set("id", [source.random.pick(["42", "\"\"", "-7", "1.0", "[]", "true", "\" \""])])
      case 10: remove("id")
      case 11: set(any, [source.random.pick(["\"\\ud800\"", "\"\\udc00x\"", "\"a\\u0000b\""])])
      case 12: set("metadata", source.nested(depth: source.random.pick([400, 511, 512, 600])))
      case 13:
        members.append(("extra", source.nested(depth: source.random.pick([10, 511, 2_000]))))
      case 14:
        for reference in kind.schema.references {
          let id = source.random.pick(["doubtful-1", "doubtful-2", "doubtful-3", "nowhere"])
          set(kind.schema.fields[reference.field].member, ["\"\(id)\""])
        }
      default:
        set("start_time", ["\"2025-02-01T10:00:00Z\""])
        set("end_time", [source.random.pick(["\"2025-01-01T10:00:00Z\"", "\"2025-01-01\""])])
      }
    }
  }

  private mutating func remove(_ member: String) { members.removeAll { $0.name == member } }

  private mutating func set(_ member: String, _ tokens: [String]) {
    if let index = members.firstIndex(where: { $0.name == member }) {
      members[index].tokens = tokens
    } else {
      members.append((member, tokens))
    }
  }
}
