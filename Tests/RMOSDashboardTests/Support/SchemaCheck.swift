import RMOSModels

/// A validator for the part of JSON Schema that `Documentation/openapi.json` uses.
struct SchemaCheck {
  let document: JSONValue
  /// The names of the component schemas that have been used.
  private(set) var used: Set<String> = []
  /// The optional members that a value has had, as `schema.member`.
  private(set) var seenOptional: Set<String> = []

  init(_ document: JSONValue) { self.document = document }

  /// Returns the violations of `schema` by `value`; none if it is valid.
  mutating func violations(
    _ value: JSONValue, _ schema: JSONValue, at path: String = "$"
  ) -> [String] {
    if let reference = schema["$ref"]?.string {
      let name = String(reference.split(separator: "/").last ?? "")
      used.insert(name)
      guard let target = document["components"]?["schemas"]?[name] else {
        return ["\(path): no schema \(name)"]
      }
      return violations(value, target, at: path + "<\(name)>")
    }
    var found: [String] = []
    if let constant = schema["const"], constant != value { found.append("\(path): \(value.text)") }
    if case .array(let values)? = schema["enum"], !values.contains(value) {
      found.append("\(path): \(value.text) is not one of \(values.map(\.text))")
    }
    if let type = schema["type"], !matches(value, type) {
      found.append("\(path): \(value.text) is not \(type.text)")
    }
    if let minimum = schema["minimum"]?.double, let number = value.double, number < minimum {
      found.append("\(path): \(number) is below \(minimum)")
    }
    if case .array(let elements) = value, let items = schema["items"] {
      for (index, element) in elements.enumerated() {
        found += violations(element, items, at: "\(path)[\(index)]")
      }
    }
    if case .object(let members) = value { found += check(members, schema, path) }
    return found
  }

  private mutating func check(
    _ members: [JSONValue.Member], _ schema: JSONValue, _ path: String
  ) -> [String] {
    var found: [String] = []
    var required: [String] = []
    if case .array(let names)? = schema["required"] { required = names.compactMap(\.string) }
    for name in required where !members.contains(where: { $0.name == name }) {
      found.append("\(path): \(name) is missing")
    }
    for member in members {
      if let property = schema["properties"]?[member.name] {
        found += violations(member.value, property, at: "\(path).\(member.name)")
        if !required.contains(member.name) {
          seenOptional.insert("\(path.split(separator: "<").last ?? "").\(member.name)")
        }
      } else if let additional = schema["additionalProperties"] {
        if additional == .bool(false) {
          found.append("\(path): \(member.name) is not declared")
        } else {
          found += violations(member.value, additional, at: "\(path).\(member.name)")
        }
      }
    }
    return found
  }

  private func matches(_ value: JSONValue, _ type: JSONValue) -> Bool {
    if case .array(let types) = type { return types.contains { matches(value, $0) } }
    return switch (type.string, value) {
    case ("string", .string), ("number", .number), ("boolean", .bool), ("object", .object),
      ("array", .array), ("null", .null):
      true
    case ("integer", .number(let number)): number.int64 != nil
    default: false
    }
  }
}
