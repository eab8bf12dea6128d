import RMOSModels

/// Searches a document for the objects that have most required fields of a kind, wherever they are.
///
/// A survey uses it for documents in which a migration finds no entities. The first elements and
/// members of each list and object are examined.
final class EntitySearch {
  private let window: SourceWindow
  private let kind: Int
  private let kinds: [EntityKind]
  /// Whether entities of all kinds are looked for, in lists and dictionaries.
  private var findsAllKinds = false
  /// For each kind, the positions of its required fields by their folded names.
  private let required: [[[UInt8]: Int]]
  /// The least number of lists and dictionaries around a place that counts.
  private var leastAnyCount = 0
  private var found: [(place: EntityPointer, kind: Int, fields: Int)] = []
  /// The entities under names in the objects of lists, which may be dictionaries.
  private var named: [(object: EntityPointer, name: [UInt8], fields: Int)] = []
  /// The place of an entity in fewer lists and dictionaries than that, which ended the search.
  private(set) var end: EntityPointer?

  /// The maximum number of elements or members that are examined, and of levels.
  private static let samples = 64
  private static let deepest = 6
  /// The maximum number of places that are kept.
  private static let placesKept = 512
  /// The number of required fields by which an entity is recognized.
  private static let fieldsThatTell = 2
  /// Folded names of members that hold one state of an entity, and so are no ids.
  private static let namesOfStates = ["before", "after", "old", "new", "previous", "current"].map {
    Array($0.utf8)
  }

  init(
    for kind: EntityKind, of catalog: EntityCatalog, isCancelled: @escaping () -> Bool
  ) {
    window = SourceWindow(isCancelled: isCancelled)
    kinds = catalog.kinds
    self.kind = kinds.firstIndex(of: kind) ?? 0
    required = catalog.kinds.map { kind in
      var names: [[UInt8]: Int] = [:]
      for (position, field) in kind.schema.fields.enumerated() where field.isRequired {
        for name in FieldGuess.names(of: position, in: kind.schema) { names[name] = position }
      }
      return names
    }
  }

  /// Returns where the objects with most required fields of the kind are, or the envelopes of
  /// these; nothing if an entity is in fewer lists and dictionaries than `leastAnyCount`, whose
  /// place is then ``end``.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func places(
    in source: any ByteSource, leastAnyCount: Int
  ) throws(ReadFailure) -> [EntityPointer] {
    (self.leastAnyCount, findsAllKinds) = (leastAnyCount, false)
    guard try search(source) else { return [] }
    guard addDictionaries() else {
      end = named.first.map { EntityPointer(steps: $0.object.steps + [.named($0.name)]) }
      return []
    }
    // Objects with less than half of the fields are likely to be something else.
    let most = found.map(\.fields).max() ?? 0
    var places: [EntityPointer] = []
    for entity in found where entity.fields * 2 > most {
      let place = leastAnyCount > 0 ? Self.collection(of: entity.place) : entity.place
      if !places.contains(place) { places.append(place) }
    }
    return DocumentOutline.generalized(places)
  }

  /// Returns the lists and dictionaries with objects that have required fields of a kind, and the
  /// kind of which they have most.
  ///
  /// - Throws: As ``places(in:leastAnyCount:)``.
  func collections(
    in source: any ByteSource
  ) throws(ReadFailure) -> [(place: EntityPointer, kind: EntityKind)] {
    (leastAnyCount, findsAllKinds) = (0, true)
    _ = try search(source)
    var collections: [(place: EntityPointer, kind: EntityKind)] = []
    for entity in found {
      let place = Self.collection(of: entity.place)
      if place.anyCount > 0, !collections.contains(where: { $0.place == place }) {
        collections.append((place, kinds[entity.kind]))
      }
    }
    return collections
  }

  /// Returns the pointer to the objects of the collection that an entity is in: the entity, or an
  /// envelope that holds it.
  private static func collection(of place: EntityPointer) -> EntityPointer {
    guard let last = place.steps.lastIndex(of: .any) else { return place }
    return EntityPointer(steps: Array(place.steps[...last]))
  }

  /// Searches a document.
  ///
  /// - Returns: Whether it was searched to the end.
  private func search(_ source: any ByteSource) throws(ReadFailure) -> Bool {
    (found, named, end) = ([], [], nil)
    try window.load(source)
    defer { window.release() }
    do throws(ReadFailure) {
      let start = try window.skipWhiteSpace(from: window.start)
      return try search(at: start, []) != nil
    } catch {
      guard case .notJSON = error else { throw error }
      return true
    }
  }

  /// Adds the places of the entities in dictionaries.
  ///
  /// - Returns: Whether all entities in ``named`` are in dictionaries; otherwise there are entities
  ///   in fewer lists and dictionaries than ``leastAnyCount``.
  private func addDictionaries() -> Bool {
    var dictionaries: [EntityPointer: (names: Set<[UInt8]>, fields: Int)] = [:]
    for entity in named {
      let isNew = dictionaries[entity.object, default: ([], 0)].names.insert(entity.name).inserted
      let folded = entity.name.foldedName
      // A name that several objects have is no id.
      guard isNew, !Self.namesOfStates.contains(folded),
        !DocumentOutline.namesOfOne.contains(folded)
      else { return false }
      let most = dictionaries[entity.object]?.fields ?? 0
      dictionaries[entity.object]?.fields = max(most, entity.fields)
    }
    guard dictionaries.values.allSatisfy({ $0.names.count > 1 }) else { return false }
    found += dictionaries.map {
      (EntityPointer(steps: $0.key.steps + [.any]), kind, $0.value.fields)
    }.sorted { $0.0.text < $1.0.text }
    return true
  }

  /// Whether an entity at a place may be one of a dictionary in a list, so that the place counts.
  private func mayBeInDictionary(_ place: EntityPointer) -> Bool {
    guard case .named? = place.steps.last else { return false }
    return place.anyCount > 0 && place.anyCount + 1 == leastAnyCount
  }

  /// Searches a value.
  ///
  /// - Returns: The position after it; `nil` if the search is over.
  private func search(
    at position: Int, _ steps: [EntityPointer.Step]
  ) throws(ReadFailure) -> Int? {
    if window.isList(at: position), steps.count <= Self.deepest {
      return try searchList(at: position, steps)
    }
    if window.isObject(at: position) { return try searchObject(at: position, steps) }
    return try window.resynchronize(after: position)
  }

  private func searchList(
    at start: Int, _ steps: [EntityPointer.Step]
  ) throws(ReadFailure) -> Int? {
    var position = try window.skipWhiteSpace(from: start + 1)
    if window.has(UInt8(ascii: "]"), at: position) { return position + 1 }
    for _ in 0..<Self.samples {
      guard let end = try search(at: position, steps + [.any]) else { return nil }
      position = try window.skipWhiteSpace(from: end)
      if window.has(UInt8(ascii: "]"), at: position) { return position + 1 }
      guard window.has(UInt8(ascii: ","), at: position) else { return position }
      position = try window.skipWhiteSpace(from: position + 1)
    }
    // The rest of the outermost list is not needed.
    return steps.isEmpty ? position : try window.resynchronize(after: position, depth: 1)
  }

  private func searchObject(
    at start: Int, _ steps: [EntityPointer.Step]
  ) throws(ReadFailure) -> Int? {
    let place = EntityPointer(steps: steps)
    var seen = [Set<Int>](repeating: [], count: required.count)
    let (before, namedBefore) = (found.count, named.count)
    var position = try window.skipWhiteSpace(from: start + 1)
    var (number, containers, hasOnlyObjects) = (0, 0, true)
    while !window.has(UInt8(ascii: "}"), at: position) {
      let name = try window.readName(at: position)
      let folded = (name.text ?? []).foldedName
      for (kind, names) in required.enumerated() {
        if let field = names[folded] { seen[kind].insert(field) }
      }
      position = try window.skipWhiteSpace(from: name.end)
      number += 1
      let isObject = window.isObject(at: position)
      if isObject || window.isList(at: position) { containers += 1 }
      hasOnlyObjects = hasOnlyObjects && isObject
      if seen[kind].count >= Self.fieldsThatTell, place.anyCount < leastAnyCount,
        !mayBeInDictionary(place)
      {
        self.end = place
        return nil
      }
      // Objects within an entity belong to it.
      let isEntity = seen.contains { $0.count >= Self.fieldsThatTell }
      let isSearched = !isEntity && number <= Self.samples && steps.count < Self.deepest
      guard
        let end = isSearched
          ? try search(at: position, steps + [.named(name.text ?? [])])
          : try window.resynchronize(after: position)
      else { return nil }
      position = try window.skipWhiteSpace(from: end)
      guard window.has(UInt8(ascii: ","), at: position) else { break }
      position = try window.skipWhiteSpace(from: position + 1)
    }
    if seen.contains(where: { $0.count >= Self.fieldsThatTell }) {
      found.removeSubrange(before...)
      named.removeSubrange(namedBefore...)
    } else if findsAllKinds {
      generalize(
        from: before, below: steps.count, of: containers, isDictionary: hasOnlyObjects)
    }
    var kind = kind
    if findsAllKinds {
      kind = seen.indices.max { seen[$0].count < seen[$1].count } ?? kind
    }
    let fields = seen[kind].count
    guard fields >= Self.fieldsThatTell else { return position + 1 }
    guard place.anyCount >= leastAnyCount else {
      guard mayBeInDictionary(place), case .named(let name)? = place.steps.last else {
        end = place
        return nil
      }
      if named.count < Self.samples * Self.samples {
        named.append((EntityPointer(steps: Array(place.steps.dropLast())), name, fields))
      }
      return position + 1
    }
    let isKnown = found.contains { $0.place == place && $0.fields >= fields }
    if !isKnown, found.count < Self.placesKept { found.append((place, kind, fields)) }
    return position + 1
  }

  /// Replaces the places that were found in the members of an object by one for all members, if
  /// each list and object in it has the same: the names are keys, such as years or ids.
  ///
  /// - Parameters:
  ///   - first: The position of the first place.
  ///   - depth: The number of steps to the object.
  ///   - containers: The number of lists and objects in it.
  ///   - isDictionary: Whether all members are objects, which may be entities.
  private func generalize(
    from first: Int, below depth: Int, of containers: Int, isDictionary: Bool
  ) {
    let places = found[first...]
    guard let sample = places.first, case .named(let name) = sample.place.steps[depth] else {
      return
    }
    let rest = sample.place.steps.dropFirst(depth + 1)
    let isOfEntities = rest.isEmpty
    // Some objects of a dictionary may lack fields.
    let all = min(containers, Self.samples)
    guard
      isOfEntities
        ? isDictionary && places.count * 2 >= all : places.count > 1 && places.count == all,
      places.allSatisfy({ $0.kind == sample.kind && $0.place.steps.dropFirst(depth + 1) == rest })
    else { return }
    // One entity under a name for one is no dictionary.
    if isOfEntities, places.count == 1, DocumentOutline.namesOfOne.contains(name.foldedName) {
      return
    }
    let fields = places.map(\.fields).max() ?? 0
    let place = EntityPointer(steps: sample.place.steps[..<depth] + [.any] + rest)
    found.replaceSubrange(first..., with: [(place, sample.kind, fields)])
  }
}
