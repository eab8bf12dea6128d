/// A notation in which a database writes each value as an object whose only member names the type.
package enum TypedNotation: Sendable, CaseIterable {
  /// MongoDB Extended JSON, which does so with values that JSON has no type for.
  case mongoDB
  /// The JSON of DynamoDB's interface and exports.
  case dynamoDB
  /// The JSON of Firestore's REST interface.
  case firestore

  /// The notation of an object with a single member; `nil` if the member is of none.
  package init?(ofMember member: JSONValue.Member) {
    let name = member.name
    let found = Self.allCases.first { notation in
      notation.namesOfScalars.contains(name) || notation.namesOfContainers.contains(name)
    }
    guard let found else { return nil }
    if found == .dynamoDB {
      // The names are short enough to mean something else.
      switch (name, member.value) {
      case ("S", .string), ("N", .string), ("BOOL", .bool), ("NULL", .bool), ("M", .object),
        ("L", .array), ("SS", .array), ("NS", .array):
        break
      default: return nil
      }
    }
    self = found
  }

  /// The name as messages have it.
  package var name: String {
    switch self {
    case .mongoDB: "MongoDB's extended JSON"
    case .dynamoDB: "DynamoDB's JSON"
    case .firestore: "Firestore's JSON"
    }
  }

  /// The names of members whose value a mapping can read in place of the object.
  package var namesOfScalars: Set<String> {
    switch self {
    case .mongoDB:
      ["$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"]
    case .dynamoDB: ["S", "N", "BOOL"]
    case .firestore:
      // A referenceValue is a path, not an id.
      ["stringValue", "integerValue", "doubleValue", "booleanValue", "timestampValue"]
    }
  }

  /// The names of members that hold objects and lists, in which each value is again an object that
  /// names its type.
  package var namesOfContainers: Set<String> {
    switch self {
    case .mongoDB: []
    case .dynamoDB: ["M", "L"]
    case .firestore: ["mapValue", "arrayValue"]
    }
  }

  /// Advice about objects and lists, which no mapping can read.
  package var advice: Advice {
    func convert(as example: String) -> Advice {
      """
      it is \(name), in which each value is in an object that names its type; convert it to plain \
      JSON first, as \(example)
      """
    }
    return switch self {
    case .mongoDB:
      Advice(
        "it is \(name); write plain values",
        forFiles: ", or export the data with mongoexport --jsonFormat=relaxed")
    case .dynamoDB: convert(as: "unmarshall of its SDKs does")
    case .firestore: convert(as: "its client libraries do")
    }
  }
}
