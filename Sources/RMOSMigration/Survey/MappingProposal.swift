import RMOSModels
import RMOSSystem

/// Writes a mapping for shapes that no built-in mapping takes.
struct MappingProposal {
  /// A shape to write a rule for.
  struct Draft {
    let shape: ShapeCollector.Shape
    let kind: EntityKind
    let guesses: [FieldGuess]
    /// Whether the rule names its files, since others of the kind are read in other ways.
    let namesFiles: Bool
    /// Where its objects are, if a migration does not look for them there by itself.
    let entities: String?
  }

  let catalog: EntityCatalog
  let drafts: [Draft]

  /// The mapping file; `nil` if there is nothing to map.
  var text: String? {
    var rules: [EntityKind: [(order: Int, text: (inout JSONWriter) -> Void)]] = [:]
    for draft in drafts {
      let condition = draft.condition
      rules[draft.kind, default: []].append((-condition.count, draft.write(condition)))
    }
    guard !rules.isEmpty else { return nil }
    var writer = JSONWriter(style: .pretty)
    writer.object { writer in
      writer.member("mapping", 1)
      writer.member("name", SurveyReport.Proposal.mappingName)
      writer.member(
        "about",
        "Proposed by a survey. Each guess has its reason next to it under \"about\"; check them "
          + "before you rely on them.")
      for kind in catalog.kinds {
        guard let rules = rules[kind] else { continue }
        // The rule that asks for most is tried first.
        let ordered = rules.sorted { $0.order < $1.order }
        writer.member(kind.table, each: ordered) { $1.text(&$0) }
      }
    }
    return writer.text + "\n"
  }

  /// A JSON Pointer to the member that names lead to; `nil` if a mapping cannot name it.
  static func pointer(along names: [[UInt8]]) -> String? {
    guard !names.contains(where: { $0.elementsEqual("*".utf8) }) else { return nil }
    var pointer: [UInt8] = []
    for name in names { JSONPointer.append(name, to: &pointer) }
    return String(validating: pointer, as: UTF8.self)
  }
}

extension MappingProposal.Draft {
  /// The fields that the rule says something of, each with the guesses about it.
  var targets: [(field: Int, guesses: [FieldGuess])] {
    kind.schema.fields.indices.compactMap { field in
      let about = guesses.filter { $0.field == field }
      let needsRule = about.contains { guess in
        guess.conversion.isNeeded || guess.strength > .otherName || guess.path.count > 1
          || shape.profile(at: guess.path).spellings.count > 1
      }
      return needsRule ? (field, about) : nil
    }
  }

  /// What all of the shape's objects have, and the rule asks for.
  var condition: [String] {
    let pointers = targets.flatMap(\.guesses).compactMap { guess -> String? in
      let names = shape.names(along: guess.path)
      guard names.count == 1, shape.profile(at: guess.path).count == shape.count else {
        return nil
      }
      return MappingProposal.pointer(along: names[0])
    }
    return Array(pointers.prefix(4))
  }

  fileprivate func write(_ condition: [String]) -> (inout JSONWriter) -> Void {
    let (targets, schema) = (targets, kind.schema)
    let files = namesFiles ? globs : []
    return { writer in
      writer.object { writer in
        writer.member(
          "about",
          PlainText.counted(shape.count, "object") + " in "
            + PlainText.counted(shape.fileCount, "file") + " when this was proposed.")
        if !files.isEmpty { writer.member("files", strings: files) }
        if let entities { writer.member("entities", entities) }
        if !condition.isEmpty {
          writer.member("when") { $0.object { $0.member("has", strings: condition) } }
        }
        writer.member("members") { writer in
          writer.object { writer in
            for (field, guesses) in targets {
              writer.member(schema.fields[field].member) { write(guesses, &$0) }
            }
          }
        }
      }
    }
  }

  private func write(_ guesses: [FieldGuess], _ writer: inout JSONWriter) {
    let pointers = guesses.flatMap { shape.names(along: $0.path) }
      .compactMap(MappingProposal.pointer)
    let conversion = guesses[0].conversion
    writer.object { writer in
      if conversion.isCount {
        writer.member("count", pointers.first)
      } else if pointers.count == 1 {
        writer.member("from", pointers[0])
      } else {
        writer.member("from", strings: pointers)
      }
      let reasons = guesses.compactMap(\.explanation)
      if !reasons.isEmpty { writer.member("about", reasons.joined(separator: "; ")) }
      guard !conversion.isCount else { return }
      if let word = conversion.word {
        writer.member("as", word)
        if conversion.hasDecimalComma { writer.member("decimal", ",") }
      }
      var seen: Set<String> = []
      let values = guesses.flatMap(\.conversion.values).filter { seen.insert($0.word).inserted }
      if !values.isEmpty {
        writer.member("values") {
          $0.object { for (word, value) in values { $0.member(word, value) } }
        }
      }
    }
  }

  /// Patterns that match the shape's files.
  private var globs: [String] {
    if shape.fileCount <= shape.files.count {
      return shape.files.compactMap { String(validating: $0, as: UTF8.self) }
    }
    var directories: [String] = []
    for case let path? in shape.files.map({ String(validating: $0, as: UTF8.self) }) {
      let directory = path.utf8.contains(UInt8(ascii: "/")) ? path.directoryPath + "/**" : "*"
      if !directories.contains(directory) { directories.append(directory) }
    }
    return directories
  }
}
