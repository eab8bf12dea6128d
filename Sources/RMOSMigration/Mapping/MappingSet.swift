import RMOSModels

/// The mappings of a run, of which one is chosen for each file.
struct MappingSet: Sendable {
  static let none = MappingSet([])

  /// The mappings, in the order in which they are tried.
  let mappings: [Mapping]

  init(_ mappings: [Mapping]) { self.mappings = mappings }

  var isEmpty: Bool { mappings.isEmpty }

  /// Returns the first mapping that reads a file, and the kinds as which it does; `nil` if there is
  /// none.
  ///
  /// - Parameters:
  ///   - path: The file's path relative to the source.
  ///   - home: The kind as which the file is read without a mapping; `nil` if it is not read then.
  /// - Returns: The position of the mapping, and those of its rules for each kind. A kind without
  ///   rules reads only the objects that the rules for other kinds do not take.
  func readers(
    of path: [UInt8], at home: EntityKind?
  ) -> (mapping: Int, rules: [EntityKind: [Int]])? {
    for (position, mapping) in mappings.enumerated() {
      let readers = mapping.readers(of: path, at: home)
      if !readers.isEmpty { return (position, readers) }
    }
    return nil
  }

  /// Whether a file is read as entities of a kind, with a mapping or without one.
  func reads(_ path: [UInt8], as kind: EntityKind, at home: EntityKind?) -> Bool {
    readers(of: path, at: home).map { $0.rules[kind] != nil } ?? (home == kind)
  }

  /// Whether a mapping reads a file that is not read without one.
  func reads(_ path: [UInt8]) -> Bool { readers(of: path, at: nil) != nil }

  /// Whether a mapping reads the rejects of a kind's file at the top of the source from a directory
  /// there that has the file's name.
  ///
  /// Only rules that name their files do; others read what is read without a mapping too.
  ///
  /// - Parameters:
  ///   - path: The file's.
  ///   - kind: The kind.
  ///   - mapping: The position of the mapping that read the entity; `nil` if none did.
  ///   - rule: The position, among that mapping's rules for the file, of the rule that took it.
  /// - Returns: Whether the copy may be in that directory.
  func reads(
    rejectsOf path: [UInt8], as kind: EntityKind, _ mapping: Int?, rule: Int?
  ) -> Bool {
    if let mapping, let rule {
      let rules = mappings[mapping].rules(for: path, as: kind, at: kind)
      return rules.indices.contains(rule)
        && mappings[mapping].rules[kind]?[rules[rule]].files != nil
    }
    return reads(path + Array("/0.json".utf8), as: kind, at: nil)
  }

  /// Whether a mapping may read a file or, if `path` is a directory, files below it as entities of
  /// a kind that is not read from there without it.
  func mayRead(_ path: [UInt8], as kind: EntityKind) -> Bool {
    mappings.contains { mapping in
      (mapping.rules[kind] ?? []).contains { rule in
        (rule.files ?? []).contains { $0.reads(path) || $0.mayMatch(below: path) }
      }
    }
  }
}

extension Mapping {
  /// Returns the kinds as which the mapping reads a file, with the positions of their rules.
  ///
  /// The kind of the file's directory may have no rules; then it reads the objects that the rules
  /// of the others do not take. Not if only some of the others have pointers to their entities:
  /// it would have to look for its own both there and by the document's shape.
  fileprivate func readers(of path: [UInt8], at home: EntityKind?) -> [EntityKind: [Int]] {
    var readers: [EntityKind: [Int]] = [:]
    for kind in rules.keys {
      let positions = rules(for: path, as: kind, at: home)
      if !positions.isEmpty { readers[kind] = positions }
    }
    if let home, readers[home] == nil, !readers.isEmpty {
      let havePointers = readers.map { kind, positions in
        positions.contains { rules[kind]?[$0].entities != nil }
      }
      if Set(havePointers).count == 1 { readers[home] = [] }
    }
    return readers
  }

  /// Returns the positions of the rules that read a file as entities of a kind.
  fileprivate func rules(
    for path: [UInt8], as kind: EntityKind, at home: EntityKind?
  ) -> [Int] {
    guard let rules = rules[kind] else { return [] }
    return rules.indices.filter { position in
      guard let files = rules[position].files else { return home == kind }
      return files.contains { $0.reads(path) }
    }
  }
}

extension FileGlob {
  /// Whether the pattern matches a file or a directory above it that is named like a file: rejects
  /// of a file are in a directory of its name.
  fileprivate func reads(_ path: [UInt8]) -> Bool {
    if matches(path) { return true }
    var path = path[...]
    while let slash = path.lastIndex(of: UInt8(ascii: "/")) {
      path = path[..<slash]
      if SourcePath.isNamedAsFile(path), matches(Array(path)) { return true }
    }
    return false
  }
}

/// How the kinds of a mapping share a document from which each reads its own entities.
struct DocumentSharing {
  /// Another kind that reads the same document.
  struct Sharer {
    let kind: EntityKind
    let mapper: ObjectMapper
    /// Where the kind's entities are; empty if the document's shape determines that.
    let pointers: [EntityPointer]
    /// Whether objects that no rule takes are read as this kind, in places where both kinds look
    /// for entities.
    let takesPrecedence: Bool
    /// Whether one of the two kinds has no rules, and so reads only the objects that no rule of the
    /// other takes.
    let isWithoutRules: Bool
  }

  let sharers: [Sharer]
  /// Whether this kind reports problems of the document as a whole.
  ///
  /// Exactly one of the kinds does, preferably one that reads the document by its shape.
  let answersForDocument: Bool

  /// Whether a pointer to entities of another kind leads through a member or element at the top.
  func concerns(_ name: some Collection<UInt8>) -> Bool {
    sharers.contains { sharer in
      !sharer.isWithoutRules
        && sharer.pointers.contains { $0.steps.first?.matches(name) ?? true }
    }
  }
}

/// The mappers of a run, created when files need them and reused for later files.
final class MapperPool {
  /// A mapper, and how it reads a file.
  struct FileMapper {
    let mapper: ObjectMapper
    /// The position of the mapping among those of the run.
    let mapping: Int
    /// Where the entities are; `nil` if the document's shape determines that.
    let selection: EntitySelection?
    /// The other kinds that read the file; `nil` if there are none.
    let sharing: DocumentSharing?
  }

  /// How a file is read as entities of a kind.
  enum Reading {
    /// Without a mapping.
    case plain
    case mapped(FileMapper)
    /// Not at all: the file has entities of other kinds.
    case not

    /// The mapper by which the file is read; `nil` if it is read without one, or not at all.
    var mapper: FileMapper? { if case .mapped(let mapper) = self { mapper } else { nil } }
  }

  private struct Key: Hashable {
    let mapping: Int
    let kind: EntityKind
    let rules: [EntityKind: [Int]]
    let home: EntityKind?
  }

  private let set: MappingSet
  private var mappers: [Key: FileMapper] = [:]

  init(_ set: MappingSet) { self.set = set }

  /// Returns how a file is read as entities of a kind.
  ///
  /// The parameters are those of ``MappingSet/readers(of:at:)``.
  func reading(of path: [UInt8], as kind: EntityKind, at home: EntityKind?) -> Reading {
    guard let (mapping, rules) = set.readers(of: path, at: home) else {
      return home == kind ? .plain : .not
    }
    guard rules[kind] != nil else { return .not }
    let key = Key(mapping: mapping, kind: kind, rules: rules, home: home)
    let mapper = mappers[key] ?? make(key)
    mappers[key] = mapper
    return .mapped(mapper)
  }

  private func make(_ key: Key) -> FileMapper {
    let mapping = set.mappings[key.mapping]
    var rules: [EntityKind: [MappingRule]] = [:]
    for (kind, positions) in key.rules {
      rules[kind] = positions.map { (mapping.rules[kind] ?? [])[$0] }
    }
    let own = rules[key.kind] ?? []
    // A kind without rules looks for entities where the others do.
    let pointers = Self.pointers(
      of: own.isEmpty
        ? rules.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value) : own)
    let sharing =
      rules.count > 1
      ? DocumentSharing(of: rules, for: key.kind, at: key.home, by: mapping) : nil
    return FileMapper(
      mapper: ObjectMapper(own, for: key.kind, of: mapping), mapping: key.mapping,
      selection: pointers.isEmpty ? nil : EntitySelection(pointers: pointers), sharing: sharing)
  }

  fileprivate static func pointers(of rules: [MappingRule]) -> [EntityPointer] {
    var pointers: [EntityPointer] = []
    for case let pointer? in rules.map(\.entities) where !pointers.contains(pointer) {
      pointers.append(pointer)
    }
    return pointers
  }
}

extension DocumentSharing {
  fileprivate init(
    of rules: [EntityKind: [MappingRule]], for kind: EntityKind, at home: EntityKind?,
    by mapping: Mapping
  ) {
    // The kind that reads the file without the mapping comes first; the order of the others is
    // arbitrary but always the same.
    func precedes(_ left: EntityKind, _ right: EntityKind) -> Bool {
      if left == home || right == home { return left == home && right != home }
      return left.rawValue < right.rawValue
    }
    // A kind that reads the document by its shape reads all of it.
    let readingByShape = rules.filter { kind, rules in
      rules.isEmpty || rules.contains { $0.entities == nil }
    }.keys
    let answering = readingByShape.isEmpty ? Array(rules.keys) : Array(readingByShape)
    let hasNoRules = rules[kind]?.isEmpty ?? true
    sharers = rules.filter { $0.key != kind }.map { other, rules in
      Sharer(
        kind: other, mapper: ObjectMapper(rules, for: other, of: mapping),
        pointers: MapperPool.pointers(of: rules), takesPrecedence: precedes(other, kind),
        isWithoutRules: rules.isEmpty || hasNoRules)
    }
    answersForDocument = answering.min(by: precedes) == kind
  }
}
