import RMOSModels

/// Searches a document for the objects that have most required fields of a kind, wherever they are.
///
/// A survey uses it for documents in which a migration finds no entities. The first elements and
/// members of each list and object are examined.
final class EntitySearch {
  private let window: SourceWindow
  private let kind: Int
  /// For each kind, the positions of its required fields by their folded names.
  private let required: [[[UInt8]: Int]]
  /// The least number of lists and dictionaries around a place that counts.
  private var leastAnyCount = 0
  private var found: [(place: EntityPointer, fields: Int)] = []
  /// The place of an entity in fewer lists and dictionaries than that, which ended the search.
  private(set) var end: EntityPointer?

  /// The maximum number of elements or members that are examined, and of levels.
  private static let samples = 64
  private static let deepest = 6
  /// The maximum number of places that are kept.
  private static let placesKept = 64
  /// The number of required fields by which an entity is recognized.
  private static let fieldsThatTell = 2

  init(
    for kind: EntityKind, of catalog: EntityCatalog, limits: SourceWindow.Limits,
    isCancelled: @escaping () -> Bool
  ) {
    window = SourceWindow(limits: limits, isCancelled: isCancelled)
    self.kind = catalog.kinds.firstIndex(of: kind) ?? 0
    required = catalog.kinds.map { kind in
      var names: [[UInt8]: Int] = [:]
      for (position, field) in kind.schema.fields.enumerated() where field.isRequired {
        for name in FieldGuess.names(of: position, in: kind.schema) { names[name] = position }
      }
      return names
    }
  }

  /// Returns where the objects with most required fields of the kind are; nothing if an entity is
  /// in fewer lists and dictionaries than `leastAnyCount`.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func places(
    in source: any ByteSource, leastAnyCount: Int
  ) throws(ReadFailure) -> [EntityPointer] {
    self.leastAnyCount = leastAnyCount
    (found, end) = ([], nil)
    try window.load(source)
    defer { window.release() }
    do throws(ReadFailure) {
      let start = try window.skipWhiteSpace(from: window.start)
      guard try search(at: start, []) != nil else { return [] }
    } catch {
      guard case .notJSON = error else { throw error }
    }
    let most = found.map(\.fields).max() ?? 0
    return DocumentOutline.generalized(found.filter { $0.fields == most }.map(\.place))
  }

  /// Searches a value.
  ///
  /// - Returns: The position after it; `nil` if the search is over.
  private func search(
    at position: Int, _ steps: [EntityPointer.Step]
  ) throws(ReadFailure) -> Int? {
    if window.has(UInt8(ascii: "["), at: position) { return try searchList(at: position, steps) }
    if window.has(UInt8(ascii: "{"), at: position) { return try searchObject(at: position, steps) }
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
    let before = found.count
    var position = try window.skipWhiteSpace(from: start + 1)
    var number = 0
    while !window.has(UInt8(ascii: "}"), at: position) {
      let name = try window.readName(at: position)
      let folded = (name.text ?? []).foldedName
      for (kind, names) in required.enumerated() {
        if let field = names[folded] { seen[kind].insert(field) }
      }
      position = try window.skipWhiteSpace(from: name.end)
      number += 1
      if seen[kind].count >= Self.fieldsThatTell, place.anyCount < leastAnyCount {
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
    }
    let fields = seen[kind].count
    guard fields >= Self.fieldsThatTell else { return position + 1 }
    guard place.anyCount >= leastAnyCount else {
      end = place
      return nil
    }
    let isKnown = found.contains { $0.place == place && $0.fields >= fields }
    if !isKnown, found.count < Self.placesKept { found.append((place, fields)) }
    return position + 1
  }
}
