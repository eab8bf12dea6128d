import RMOSModels

/// Searches a document for the objects that have most of what a kind requires, wherever they are.
///
/// A survey does so for documents in which a migration finds no entities. A beginning of each list
/// and object is looked at.
final class EntitySearch {
  private let window: SourceWindow
  private let kind: Int
  /// For each kind, its required fields by their names, folded.
  private let required: [[[UInt8]: Int]]
  /// How many lists or dictionaries a place must be in.
  private var leastAnyCount = 0
  private var found: [(place: EntityPointer, fields: Int)] = []
  /// Where there was an entity to which fewer lead, so that the search was over.
  private(set) var end: EntityPointer?

  /// How many elements and members are looked at, and how many levels.
  private static let samples = 64
  private static let deepest = 6
  /// How many places are kept.
  private static let placesKept = 64
  /// How many required fields tell an entity.
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

  /// Where the objects are that have most of what the kind requires; none if that is where fewer
  /// lists lead to than `leastAnyCount`.
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
    // Of the document, no more is needed.
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
      // What is in an entity is its own.
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
