import RMOSModels

/// Parses the JSON text of a mapping.
struct MappingParser {
  /// The words of the format, which the JSON Schema in the documentation lists too.
  enum Words {
    static let mapping = ["$schema", "mapping", "name", "about", "names"]
    static let rule = ["about", "files", "entities", "when", "members", "skip"]
    static let condition = ["has", "lacks", "is"]
    static let source = [
      "about", "from", "count", "common", "object", "rest", "value", "values", "as", "decimal",
      "when",
    ]
    static let conversions =
      MappingConversion.Single.Form.allCases.map(\.rawValue)
      + MappingConversion.Pair.allCases.map(\.rawValue)
    static let decimals = [".", ","]
    static let names = ["exact", "any-case"]
  }

  /// The maximum number of steps of a pointer, which bounds the depth to which objects are mapped.
  private static let maximumSteps = 32

  private let text: String
  private let bytes: [UInt8]
  private let catalog: EntityCatalog

  init(_ text: String, _ catalog: EntityCatalog) {
    self.text = text
    bytes = Array(text.utf8)
    self.catalog = catalog
  }

  func parse() throws(ParsingError) -> (
    name: String, about: String?, ignoresSpelling: Bool, rules: [EntityKind: [MappingRule]]
  ) {
    let root: PlacedJSON
    do throws(ParsingError) {
      root = try PlacedJSON(parsing: text)
    } catch {
      throw self.error("a mapping is JSON: \(error.message)", at: error.offset)
    }
    let members = try members(
      of: root, "a mapping", words: Words.mapping + catalog.kinds.map(\.table))
    guard let version = members["mapping"] else {
      throw error("\"mapping\" is missing; expected \"mapping\": 1", at: root)
    }
    guard case .other(.number) = version.form, literal(version).text == [UInt8(ascii: "1")] else {
      throw error(
        "\"mapping\" is \(shown(version)); this version reads mappings of format 1", at: version)
    }
    guard let nameValue = members["name"] else {
      throw error("\"name\" is missing; a mapping needs a name for reports to show", at: root)
    }
    let name = try string(nameValue, "\"name\"")
    guard name.unicodeScalars.contains(where: { !$0.properties.isWhitespace }),
      !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw error("\"name\" must not be blank or hold control characters", at: nameValue) }
    var rules: [EntityKind: [MappingRule]] = [:]
    for kind in catalog.kinds {
      guard let value = members[kind.table] else { continue }
      for rule in try list(value, "\"\(kind.table)\"", of: "rules") {
        rules[kind, default: []].append(try self.rule(rule, kind))
      }
    }
    guard !rules.isEmpty else {
      let kinds = catalog.kinds.map(\.table).joined(separator: ", ")
      throw error(
        "the mapping has no rules; expected a list of them under one of \(kinds)", at: root)
    }
    let names = try members["names"].map { names throws(ParsingError) in
      try word(names, "\"names\"", of: Words.names)
    }
    let about = try members["about"].map { about throws(ParsingError) in
      try string(about, "\"about\"")
    }
    return (name, about, names == "any-case", rules)
  }

  // MARK: Rules

  private func rule(_ value: PlacedJSON, _ kind: EntityKind) throws(ParsingError) -> MappingRule {
    let words = try members(of: value, "a rule", words: Words.rule)
    var rule = MappingRule()
    if let about = words["about"] { _ = try string(about, "\"about\"") }
    if let files = words["files"] {
      rule.files = try oneOrMore(files, "\"files\"").map { file throws(ParsingError) in
        guard let glob = FileGlob(try string(file, "\"files\"")) else {
          throw error(
            "\(shown(file)) is not a relative path; expected one like joblogs/**/runs*.json",
            at: file)
        }
        return glob
      }
    }
    if let entities = words["entities"] {
      rule.entities = try pointer(entities)
      guard rule.entities?.steps.last == .any else {
        throw error(
          "\(shown(entities)) leads to no collection; expected a pointer that ends in /*",
          at: entities)
      }
    }
    if let condition = words["when"] { rule.condition = try self.condition(condition) }
    if let skip = words["skip"] {
      guard case .other(.true) = skip.form else {
        throw error("\"skip\" is \(shown(skip)); expected true, or no \"skip\"", at: skip)
      }
      guard words["when"] != nil, words["members"] == nil else {
        throw error(
          "a rule with \"skip\" says by \"when\" which objects are not entities, and has no "
            + "\"members\"", at: value)
      }
      rule.skips = true
    }
    if let members = words["members"] { rule.members = try sources(members, kind.schema) }
    return rule
  }

  /// Parses the sources of an entity's members, by the positions of their fields.
  private func sources(
    _ value: PlacedJSON, _ schema: EntitySchema
  ) throws(ParsingError) -> [(field: Int, source: MemberSource)] {
    guard case .object(let targets) = value.form else {
      throw error("\"members\" is \(shown(value)); expected an object", at: value)
    }
    var sources: [(field: Int, source: MemberSource)] = []
    var seen: Set<String> = []
    var memberWithRest: String?
    for target in targets {
      guard let field = schema.position(ofMember: target.name) else {
        throw unknown(
          target, "\(schema.plural) have no member", among: schema.fields.map(\.member))
      }
      guard seen.insert(target.name).inserted else { throw repeated(target) }
      let source = try source(target.value, "\"\(target.name)\"")
      if source.takesRest {
        if let memberWithRest {
          throw error(
            "\"\(memberWithRest)\" has \"rest\" already, and takes all that nothing else uses; "
              + "only one member of a rule can have it", at: target.value)
        }
        memberWithRest = target.name
      }
      sources.append((field, source))
    }
    return sources
  }

  private func condition(_ value: PlacedJSON) throws(ParsingError) -> MappingCondition {
    let words = try members(of: value, "a condition", words: Words.condition)
    var condition = MappingCondition()
    condition.has = try pointers(words["has"], "\"has\"")
    condition.lacks = try pointers(words["lacks"], "\"lacks\"")
    if let equals = words["is"] {
      guard case .object(let members) = equals.form else {
        throw error(
          "\"is\" is \(shown(equals)); expected an object of pointers and values", at: equals)
      }
      for member in members {
        let pointer = try pointer(member.name, at: member.offset)
        guard pointer.anyCount == 0 else {
          throw notPointer(Violation.quoted(member.name), at: member.offset)
        }
        var values = [member.value]
        if case .array(let several) = member.value.form { values = several }
        condition.equals.append((pointer, values.map(literal)))
      }
    }
    return condition
  }

  // MARK: Sources

  /// Parses a source: a pointer, `key`, `group`, an object with the words of a source, or a list of
  /// those.
  private func source(_ value: PlacedJSON, _ label: String) throws(ParsingError) -> MemberSource {
    if case .array(let items) = value.form,
      items.contains(where: { if case .object = $0.form { true } else { false } })
    {
      return MemberSource(
        content: .alternatives(
          try items.map { item throws(ParsingError) in try alternative(item, label) }))
    }
    guard case .object = value.form else {
      return MemberSource(content: .first(try references(value, label), .init()))
    }
    let words = try members(of: value, label, words: Words.source)
    if let about = words["about"] { _ = try string(about, "\"about\"") }
    let content = try content(words, of: value, label)
    if words["from"] == nil, words["common"] == nil {
      for name in ["as", "values"] {
        if let word = words[name] {
          throw error("\"\(name)\" goes with \"from\" or \"common\"", at: word)
        }
      }
    }
    return MemberSource(
      condition: try words["when"].map { when throws(ParsingError) in try condition(when) }
        ?? MappingCondition(),
      content: content, constant: words["value"].map(literal))
  }

  private func alternative(
    _ item: PlacedJSON, _ label: String
  ) throws(ParsingError) -> MemberSource {
    if case .array = item.form { throw notPointer(shown(item), at: item.range.lowerBound) }
    let source = try source(item, label)
    if source.takesRest {
      throw error("\"rest\" does not go in a list of sources", at: item)
    }
    return source
  }

  private func content(
    _ words: [String: PlacedJSON], of value: PlacedJSON, _ label: String
  ) throws(ParsingError) -> MemberSource.Content {
    let conversion = try self.conversion(words)
    let origins = ["from", "count", "common", "object"].filter { words[$0] != nil }
    if origins.count > 1, let second = words[origins[1]] {
      throw error(
        "\(label) has \"\(origins[0])\" and \"\(origins[1])\"; expected one of them", at: second)
    }
    let origin = origins.first
    let takesRest = try self.takesRest(words, origin: origin)
    if let from = words["from"] {
      return try first(from, conversion)
    }
    if let common = words["common"] {
      let pointer = try commonPointer(common)
      guard case .single(let conversion) = conversion else {
        throw error("\"common\" gives one value; expected \"from\" with two", at: value)
      }
      return .common(pointer, conversion)
    }
    if let count = words["count"] { return .count(try plainPointer(count)) }
    if takesRest || origin == "object" {
      return .object(try objectMembers(words["object"]), takesRest: takesRest)
    }
    if words["value"] != nil { return .constant }
    throw error(
      "\(label) does not say where its value comes from; expected from, object, rest, count, common or value",
      at: value)
  }

  private func takesRest(
    _ words: [String: PlacedJSON], origin: String?
  ) throws(ParsingError) -> Bool {
    guard let rest = words["rest"] else { return false }
    guard case .other(.true) = rest.form else {
      throw error("\"rest\" is \(shown(rest)); expected true", at: rest)
    }
    if let origin, origin != "object" {
      throw error("\"rest\" does not go with \"\(origin)\"", at: rest)
    }
    return true
  }

  private func commonPointer(_ value: PlacedJSON) throws(ParsingError) -> EntityPointer {
    let pointer = try self.pointer(value)
    guard pointer.anyCount == 1 else {
      throw error("\(shown(value)) needs one * that goes over a list", at: value)
    }
    return pointer
  }

  private func first(
    _ from: PlacedJSON, _ conversion: MappingConversion
  ) throws(ParsingError) -> MemberSource.Content {
    let references = try references(from, "\"from\"")
    switch conversion {
    case .pair(let pair):
      guard references.count == 2 else {
        throw error(
          "\"\(pair.rawValue)\" takes two values, and \"from\" names \(references.count)",
          at: from)
      }
      return .pair(references[0], references[1], pair)
    case .single(let conversion): return .first(references, conversion)
    }
  }

  private func objectMembers(
    _ value: PlacedJSON?
  ) throws(ParsingError) -> [(name: String, source: MemberSource)] {
    guard let value else { return [] }
    guard case .object(let members) = value.form else {
      throw error(
        "\"object\" is \(shown(value)); expected an object of members and their sources", at: value)
    }
    var seen: Set<String> = []
    var result: [(name: String, source: MemberSource)] = []
    for member in members {
      guard seen.insert(member.name).inserted else { throw repeated(member) }
      let source = try self.source(member.value, Violation.quoted(member.name))
      if source.takesRest {
        throw error("\"rest\" belongs next to \"object\", not in it", at: member.value)
      }
      result.append((member.name, source))
    }
    return result
  }

  /// Parses how values are converted, by `values`, `as` and `decimal`.
  private func conversion(_ words: [String: PlacedJSON]) throws(ParsingError) -> MappingConversion {
    var single = MappingConversion.Single()
    if let values = words["values"] { single.values = try self.values(values) }
    if let value = words["as"] {
      let name = try word(value, "\"as\"", of: Words.conversions)
      single.form = MappingConversion.Single.Form(rawValue: name)
      if let pair = MappingConversion.Pair(rawValue: name), words["decimal"] == nil {
        guard single.values.isEmpty else {
          throw error(
            "\"values\" does not go with \"\(name)\", which makes one value of two", at: value)
        }
        return .pair(pair)
      }
    }
    if let decimal = words["decimal"] {
      single.decimalComma = try word(decimal, "\"decimal\"", of: Words.decimals) == ","
      guard single.form == .number || single.form == .inches else {
        throw error("\"decimal\" goes with \"as\": \"number\" or \"inches\"", at: decimal)
      }
    }
    return .single(single)
  }

  private func values(
    _ value: PlacedJSON
  ) throws(ParsingError) -> [(word: [UInt8], value: JSONLiteral)] {
    guard case .object(let members) = value.form else {
      throw error(
        "\"values\" is \(shown(value)); expected an object of words and what they become", at: value
      )
    }
    var seen: Set<String> = []
    for member in members where !seen.insert(member.name).inserted { throw repeated(member) }
    return members.map { (Array($0.name.utf8), literal($0.value)) }
  }

  private func references(
    _ value: PlacedJSON, _ label: String
  ) throws(ParsingError) -> [MemberSource.Reference] {
    try oneOrMore(value, label).map { item throws(ParsingError) in
      switch item.form {
      case .string("key"): return .key
      case .string("group"): return .group
      default: break
      }
      return .pointer(try plainPointer(item))
    }
  }

  // MARK: Pointers

  private func pointers(
    _ value: PlacedJSON?, _ label: String
  ) throws(ParsingError) -> [EntityPointer] {
    guard let value else { return [] }
    return try oneOrMore(value, label).map { item throws(ParsingError) in try plainPointer(item) }
  }

  private func plainPointer(_ value: PlacedJSON) throws(ParsingError) -> EntityPointer {
    let pointer = try pointer(value)
    guard pointer.anyCount == 0 else {
      throw error(
        "\(shown(value)) has a *, which goes in \"entities\" and \"common\" only", at: value)
    }
    return pointer
  }

  private func pointer(_ value: PlacedJSON) throws(ParsingError) -> EntityPointer {
    guard case .string(let text) = value.form else {
      throw notPointer(shown(value), at: value.range.lowerBound)
    }
    return try pointer(text, at: value.range.lowerBound)
  }

  private func pointer(_ text: String, at offset: Int) throws(ParsingError) -> EntityPointer {
    guard let pointer = EntityPointer(text) else {
      throw notPointer(Violation.quoted(text), at: offset)
    }
    guard pointer.steps.count <= Self.maximumSteps else {
      throw error(
        "\(Violation.quoted(text)) has more than \(Self.maximumSteps) steps", at: offset)
    }
    return pointer
  }

  private func notPointer(_ found: String, at offset: Int) -> ParsingError {
    error(
      "\(found) is not a JSON Pointer; expected one like /meta/op_type, with ~1 for / and ~0 for ~ "
        + "in a name", at: offset)
  }

  // MARK: Words and values

  /// Returns the members of an object by name; any name but `words` is an error.
  private func members(
    of value: PlacedJSON, _ label: String, words: [String]
  ) throws(ParsingError) -> [String: PlacedJSON] {
    guard case .object(let members) = value.form else {
      throw error("\(label) is \(shown(value)); expected an object", at: value)
    }
    var result: [String: PlacedJSON] = [:]
    for member in members {
      guard words.contains(member.name) else { throw unknown(member, "unknown word", among: words) }
      guard result.updateValue(member.value, forKey: member.name) == nil else {
        throw repeated(member)
      }
    }
    return result
  }

  private func oneOrMore(
    _ value: PlacedJSON, _ label: String
  ) throws(ParsingError) -> [PlacedJSON] {
    guard case .array(let elements) = value.form else { return [value] }
    guard !elements.isEmpty else { throw error("\(label) is an empty list", at: value) }
    return elements
  }

  private func list(
    _ value: PlacedJSON, _ label: String, of what: String
  ) throws(ParsingError) -> [PlacedJSON] {
    guard case .array(let elements) = value.form else {
      throw error("\(label) is \(shown(value)); expected a list of \(what)", at: value)
    }
    return elements
  }

  private func string(_ value: PlacedJSON, _ label: String) throws(ParsingError) -> String {
    guard case .string(let text) = value.form else {
      throw error("\(label) is \(shown(value)); expected text", at: value)
    }
    return text
  }

  private func word(
    _ value: PlacedJSON, _ label: String, of words: [String]
  ) throws(ParsingError) -> String {
    guard case .string(let text) = value.form, words.contains(text) else {
      var hint = ""
      // One character is as near to every other.
      if case .string(let text) = value.form, text.count > 1 {
        hint = Suggestion.hint(for: text, among: words).map { ". " + $0 } ?? ""
      }
      throw error(
        "\(label) is \(shown(value)); expected one of \(words.joined(separator: " "))" + hint,
        at: value)
    }
    return text
  }

  private func literal(_ value: PlacedJSON) -> JSONLiteral {
    let text = String(decoding: bytes[value.range], as: UTF8.self)
    // Compacting cannot fail: the value was parsed before.
    let compact = Array(((try? JSONScanner.compacted(text)) ?? text).utf8)
    let kind: JSONScanner.Kind =
      switch value.form {
      case .string: compact.contains(UInt8(ascii: "\\")) ? .escapedString : .string
      case .array: .array
      case .object: .object
      case .other(let kind): kind
      }
    return JSONLiteral(text: compact, kind: kind)
  }

  // MARK: Errors

  private func shown(_ value: PlacedJSON) -> String {
    guard case .other(.number) = value.form else { return value.name }
    return String(decoding: literal(value).text, as: UTF8.self)
  }

  private func unknown(
    _ member: PlacedJSON.Member, _ label: String, among words: [String]
  ) -> ParsingError {
    let hint = Suggestion.hint(for: member.name, among: words).map { ". " + $0 } ?? ""
    return error(
      "\(label) \(Violation.quoted(member.name)); expected one of \(words.joined(separator: ", "))\(hint)",
      at: member.offset)
  }

  private func repeated(_ member: PlacedJSON.Member) -> ParsingError {
    error("\(Violation.quoted(member.name)) appears twice", at: member.offset)
  }

  private func error(_ message: String, at value: PlacedJSON) -> ParsingError {
    error(message, at: value.range.lowerBound)
  }

  private func error(_ message: String, at offset: Int) -> ParsingError {
    ParsingError(message, at: offset, in: text.utf8)
  }
}
