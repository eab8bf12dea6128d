import RMOSModels

/// An oddity or error of an entity in a sample tree.
enum SampleFlaw: CaseIterable {
  // Refused.
  case missingField, nullField, wrongType, outOfRange, blankText, impossibleTimestamp
  case danglingReference, unknownStatus, completedWithoutEnd, duplicateKey, emptyID, keyMismatch
  case syntaxError, badEncoding, emptyFile, notAnObject, tooDeep
  // Skipped: the id is taken.
  case identicalDuplicate, differingDuplicate
  // Odd, but migrated.
  case noID, numberID, byteOrderMark, utf16, unknownJobType, endBeforeStart, oddMetadata

  /// The flaws that entities of a kind can have.
  static func flaws(of schema: EntitySchema) -> [SampleFlaw] {
    allCases.filter { $0.concerns(schema) }
  }

  private func concerns(_ schema: EntitySchema) -> Bool {
    switch self {
    case .danglingReference: !schema.references.isEmpty
    case .unknownStatus, .completedWithoutEnd, .unknownJobType, .endBeforeStart:
      schema.kind == .joblogs
    case .oddMetadata: schema.position(ofMember: "metadata") != nil
    default: true
    }
  }

  /// Whether it needs another entity of the kind that is sound.
  var needsSoundEntity: Bool { self == .identicalDuplicate || self == .differingDuplicate }

  /// Whether the entity needs its own file.
  var needsOwnFile: Bool {
    switch self {
    case .emptyID, .keyMismatch, .syntaxError, .badEncoding, .emptyFile, .notAnObject, .tooDeep,
      .identicalDuplicate, .differingDuplicate, .noID, .numberID, .byteOrderMark, .utf16:
      true
    default: false
    }
  }

  /// Changes the members of a sound entity so that they have the flaw, if it is about members.
  func apply(
    to members: inout [JSONValue.Member], of schema: EntitySchema, _ random: inout SampleRandom
  ) {
    // Required members other than JSON: no other member can replace them.
    let required = schema.fields.filter { field in
      if case .json = field.type { return false }
      return field.isRequired
    }
    let field = random.pick(required).member
    switch self {
    case .missingField: members.removeAll { $0.name == field }
    case .nullField: members.set(field, nil)
    case .wrongType: members.set(field, random.pick([["a", "list"], true, ["an": "object"]]))
    case .outOfRange: setOutOfRange(&members, schema, &random)
    case .blankText: members.set(required[0].member, random.pick(["", " \t\u{A0}"]))
    case .impossibleTimestamp:
      members.set(
        "created_at",
        random.pick(["2025-02-30T10:00:00", "2025-01-15T25:00:00", "15/01/2025", "yesterday"]))
    case .danglingReference:
      members.set(schema.fields[schema.references[0].field].member, "no-such-entity")
    case .unknownStatus: members.set("status", random.pick(["done", "Completed", ""]))
    case .completedWithoutEnd:
      members.set("status", "completed")
      members.removeAll { $0.name == "end_time" }
    case .duplicateKey: members.append(members[1])
    case .emptyID: members.set("id", "")
    case .differingDuplicate:
      // Copies of one entity differ from each other too.
      members.append(.init("remark", .string("entered again on line \(random.int(1...1_000_000))")))
    case .noID: members.removeAll { $0.name == "id" }
    case .numberID:
      members.set("id", .number(JSONNumber(random.int(1_000_000_000...9_999_999_999))))
    case .unknownJobType: members.set("job_type", "inlay_routing")
    case .endBeforeStart:
      members.set("start_time", "2025-06-02T08:00:00")
      members.set("end_time", "2025-06-01T17:30:00")
    case .oddMetadata: members.set("metadata", random.pick([["a", "list"], "a text", 7]))
    case .keyMismatch, .syntaxError, .badEncoding, .emptyFile, .notAnObject, .tooDeep,
      .identicalDuplicate, .byteOrderMark, .utf16:
      break
    }
  }

  private func setOutOfRange(
    _ members: inout [JSONValue.Member], _ schema: EntitySchema, _ random: inout SampleRandom
  ) {
    for field in schema.fields {
      switch field.type {
      case .integer: return members.set(field.member, random.pick([0, -3]))
      case .real: return members.set(field.member, random.pick([-1, -0.5]))
      default: continue
      }
    }
  }

  /// The bytes of the entity's own file with the flaw.
  func fileContent(
    _ text: [UInt8], id: String, _ random: inout SampleRandom
  ) -> [UInt8] {
    // The text of an object, up to where another member could follow.
    let head = Array(text.prefix(text.count - 3))
    switch self {
    case .syntaxError:
      let broken: [[UInt8]] = [
        Array(text.prefix(text.count * 2 / 3)), head + Array(",\n}\n".utf8),
        Array("// entered by hand\n".utf8) + text, text + text,
        Array(
          String(decoding: text, as: UTF8.self).map { $0 == "\"" ? "'" : $0 }.map(\.utf8).joined()),
      ]
      return random.pick(broken)
    case .badEncoding:
      // In Latin-1, é is one byte.
      return head + Array(",\n  \"remark\": \"caf".utf8) + [0xE9]
        + Array("\"\n}\n".utf8)
    case .tooDeep:
      return head + Array(",\n  \"nested\": ".utf8) + [UInt8](repeating: 0x5B, count: 600)
        + [UInt8](repeating: 0x5D, count: 600) + Array("\n}\n".utf8)
    case .emptyFile: return random.pick([[], Array(" \n".utf8)])
    case .notAnObject:
      return Array(random.pick(["42\n", "\"\(id)\"\n", "[null]\n", "true\n"]).utf8)
    case .keyMismatch: return Array("{ \"another-key\": ".utf8) + text + Array("}\n".utf8)
    case .byteOrderMark: return [0xEF, 0xBB, 0xBF] + text
    case .utf16:
      let isBigEndian = random.chance(50)
      return ("\u{FEFF}" + String(decoding: text, as: UTF8.self)).utf16.flatMap { unit in
        let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
        return isBigEndian ? [high, low] : [low, high]
      }
    default: return text
    }
  }
}

extension [JSONValue.Member] {
  /// Sets the value of a member; appends it if it is missing.
  mutating func set(_ name: String, _ value: JSONValue) {
    if let index = firstIndex(where: { $0.name == name }) {
      self[index].value = value
    } else {
      append(.init(name, value))
    }
  }
}
