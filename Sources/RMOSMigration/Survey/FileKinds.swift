import RMOSModels
import RMOSSystem

/// Guesses the kinds of the entities in files outside the kinds' directories, and finds entities of
/// other kinds in files within them.
final class FileKinds {
  private let place: SurveyPlace
  private let options: Survey.Options
  private let catalog: EntityCatalog
  private let teller: KindTeller
  private let isCancelled: () -> Bool
  /// The positions of the kinds of files in the catalog, by path.
  private var kinds = IDTable()
  private var directories: [[UInt8]: Directory] = [:]
  /// For files with several kinds, where the entities of each kind are.
  private var places: [[UInt8]: [EntityKind: [EntityPointer]]] = [:]
  /// For each directory, the number of files that ``findOthersAhead(in:than:)`` has examined; -1
  /// once one of them is no single entity, after which it examines all.
  private var filesAhead: [[UInt8]: Int] = [:]
  /// The number of files of a directory that are examined before they are read.
  private static let filesExaminedAhead = 64
  /// The readers that look for entities in the documents of the kinds' directories.
  private var scouts: [EntityKind: SurveyReader] = [:]

  /// The kinds of the files in a directory.
  private struct Directory {
    /// The kind of the first file.
    let kind: EntityKind
    /// The number of files of that kind.
    var files = 0
    /// The least score of one of these files.
    var leastScore = Double.infinity
    /// Whether there are files of other kinds.
    var holdsSeveral = false
  }

  /// The number of files of one kind in a directory after which others only need to be alike.
  private static let filesTried = 16
  /// The part of ``Directory/leastScore`` that a file must have to be alike.
  private static let alikeScore = 0.8
  /// The maximum number of directories that are kept.
  private static let maximumDirectories = 4_096
  /// The maximum number of files with several kinds that are kept.
  private static let maximumPlaces = 1_024
  /// The number of collections of a file of which samples are read; of more, the names decide.
  private static let collectionsTried = 12
  /// The least score of a collection that is of another kind than its file as a whole.
  private static let clearScore = 0.4
  /// The least score of a collection that is of another kind than the directory of its file.
  private static let certainScore = 0.8

  init(
    _ place: SurveyPlace, _ options: Survey.Options, _ teller: KindTeller,
    isCancelled: @escaping () -> Bool
  ) {
    self.place = place
    self.options = options
    catalog = options.catalog
    self.teller = teller
    self.isCancelled = isCancelled
  }

  /// Returns where the entities of each kind are in a file that holds several; `nil` for other
  /// files, and before ``kind(of:_:)`` or ``findOthers(in:than:)`` has examined the file.
  func placesOfKinds(in path: [UInt8]) -> [EntityKind: [EntityPointer]]? { places[path] }

  /// Returns the kind of most entities of a file.
  func kind(of path: [UInt8], _ format: SourcePath.Format) throws(ReadFailure) -> EntityKind {
    let key = IDTable.Key(path.span)
    if let known = kinds[key] { return catalog.kinds[Int(known)] }
    let kind: EntityKind
    if let known = try kindOfDirectory(of: path, format) {
      kind = known
    } else {
      kind = try examine(path, format)
    }
    let number = catalog.kinds.firstIndex(of: kind) ?? 0
    kinds.insert(key, number: UInt64(number))
    return kind
  }

  /// Returns the kind of all files in a file's directory; `nil` if the file may be of another.
  private func kindOfDirectory(
    of path: [UInt8], _ format: SourcePath.Format
  ) throws(ReadFailure) -> EntityKind? {
    guard let known = directories[path.directoryPath], known.files >= Self.filesTried,
      !known.holdsSeveral, known.leastScore > 0
    else { return nil }
    let score = try likeness(of: path, format, to: known.kind).score
    return score >= known.leastScore * Self.alikeScore ? known.kind : nil
  }

  /// Guesses the kind of a file from its content, and records it for the file's directory.
  private func examine(
    _ path: [UInt8], _ format: SourcePath.Format
  ) throws(ReadFailure) -> EntityKind {
    let guess = try guessKind(of: path, format)
    if format == .json { try findKinds(in: path, besides: guess.kind) }
    let known = directories[path.directoryPath]
    guard known != nil || directories.count < Self.maximumDirectories else { return guess.kind }
    var directory = known ?? Directory(kind: guess.kind)
    if directory.kind == guess.kind {
      directory.files += 1
      directory.leastScore = min(directory.leastScore, guess.score)
    } else {
      directory.holdsSeveral = true
    }
    directories[path.directoryPath] = directory
    return guess.kind
  }

  /// Finds the kinds of the collections in a document that holds several, such as
  /// `{"families": […], "patterns": […]}`.
  ///
  /// A collection that looks like no kind is taken to be of that of the file as a whole.
  private func findKinds(
    in path: [UInt8], besides kind: EntityKind, scoring leastScore: Double = clearScore
  ) throws(ReadFailure) {
    guard places.count < Self.maximumPlaces, let first = catalog.kinds.first else { return }
    var collections: [(place: EntityPointer, kind: EntityKind?)] = []
    try sample(path, as: first) { reader, file throws(ReadFailure) in
      collections = try reader.collections(in: file)
    }
    guard collections.count > 1 else { return }
    var found: [EntityKind: [EntityPointer]] = [:]
    for (collection, named) in collections {
      guard collections.count <= Self.collectionsTried else {
        found[named ?? kind, default: []].append(collection)
        continue
      }
      // The entities may be one level deeper, such as under a year.
      let inner = EntityPointer(steps: collection.steps + [.any])
      let outer = try likeliestKind(of: path, .json, at: [collection])
      let deeper = try likeliestKind(of: path, .json, at: [inner])
      let isDeeper =
        deeper?.score ?? 0 > outer?.score ?? 0
        && !(outer?.isEnvelope ?? false && outer?.kind == deeper?.kind)
      let best = isDeeper ? deeper : outer
      if let best, best.score >= leastScore {
        found[best.kind, default: []].append(isDeeper ? inner : collection)
      } else {
        found[kind, default: []].append(collection)
      }
    }
    if found.count > 1 { places[path] = found }
  }

  /// Finds out whether a document in the directory of a kind has entities of other kinds, too,
  /// before those of the kind are read.
  ///
  /// In a directory whose first files are single entities, others are examined only when they are
  /// read, by ``findOthers(in:than:)``, so that they need not be opened twice.
  func findOthersAhead(in path: [UInt8], than kind: EntityKind) throws(ReadFailure) {
    let directory = path.directoryPath
    let examined = filesAhead[directory, default: 0]
    guard examined < Self.filesExaminedAhead else { return }
    let scout = scouts[kind] ?? self.reader(of: kind, ShapeCollector(teller))
    scouts[kind] = scout
    var isEntity = true
    try withFile(at: path) { file throws(ReadFailure) in isEntity = try scout.isEntity(file) }
    if isEntity {
      if examined >= 0, filesAhead.count < Self.maximumDirectories {
        filesAhead[directory] = examined + 1
      }
    } else {
      filesAhead[directory] = -1
      try findKinds(in: path, besides: kind, scoring: Self.certainScore)
    }
  }

  /// Finds out whether a document that is no single entity has entities of other kinds than that of
  /// its directory, unless ``findOthersAhead(in:than:)`` has.
  ///
  /// - Returns: Whether it has.
  func findOthers(in path: [UInt8], than kind: EntityKind) throws(ReadFailure) -> Bool {
    guard filesAhead[path.directoryPath, default: 0] >= 0 else { return false }
    try findKinds(in: path, besides: kind, scoring: Self.certainScore)
    return placesOfKinds(in: path) != nil
  }

  /// Guesses the kind of a file from its content or, if that looks like no kind, from its path.
  private func guessKind(
    of path: [UInt8], _ format: SourcePath.Format
  ) throws(ReadFailure) -> (kind: EntityKind, score: Double) {
    if let likeliest = try likeliestKind(of: path, format) {
      return (likeliest.kind, likeliest.score)
    }
    return (Self.kindNamed(by: path, catalog) ?? catalog.kinds[0], 0)
  }

  /// Returns the kind that a file is named after or, if there is none, the nearest directory.
  static func kindNamed(by path: [UInt8], _ catalog: EntityCatalog) -> EntityKind? {
    var names = path.split(separator: UInt8(ascii: "/"))
    if let stem = names.popLast()?.split(separator: UInt8(ascii: ".")).first { names.append(stem) }
    let tables = names.reversed().compactMap { SourceTop.kindMeant(by: $0, catalog) }
    return catalog.kinds.first { $0.table == tables.first }
  }

  /// Reads the beginning of a file as entities of a kind.
  ///
  /// - Returns: The shapes of the objects that were read; none if the file cannot be read, which is
  ///   reported when it is read as a whole.
  @discardableResult
  private func sample(
    _ path: [UInt8], as kind: EntityKind,
    _ body: (SurveyReader, SurveyedFile) throws(ReadFailure) -> Void
  ) throws(ReadFailure) -> ShapeCollector {
    let sample = ShapeCollector(teller, limits: options.limits)
    let reader = reader(of: kind, sample)
    try withFile(at: path) { file throws(ReadFailure) in try body(reader, file) }
    return sample
  }

  /// Returns a reader of the beginnings of files.
  private func reader(of kind: EntityKind, _ sample: ShapeCollector) -> SurveyReader {
    SurveyReader(
      kind, of: catalog, sample, SurveyedIDs(limit: 0), options.limits, isSampling: true,
      isCancelled: isCancelled
    ) { _ throws(ReadFailure) in throw .stopped }
  }

  /// Opens a file and calls `body`.
  ///
  /// Errors are ignored, since they are reported when the file is read as a whole.
  private func withFile(
    at path: [UInt8], _ body: (SurveyedFile) throws(ReadFailure) -> Void
  ) throws(ReadFailure) {
    do throws(ReadFailure) {
      let file = try place.open(path, options.access)
      defer { file.close() }
      try body(file)
    } catch {
      if isCancelled() { throw .stopped }
    }
  }

  /// The likeness of the beginning of a file to entities of a kind.
  private struct Likeness {
    let kind: EntityKind
    let score: Double
    /// Whether the objects are envelopes of the entities.
    let isEnvelope: Bool
  }

  /// Returns the kind that a file's entities look most like; `nil` if they look like none.
  private func likeliestKind(
    of path: [UInt8], _ format: SourcePath.Format, at places: [EntityPointer]? = nil
  ) throws(ReadFailure) -> Likeness? {
    var best: Likeness?
    for kind in catalog.kinds {
      let other = try likeness(of: path, format, to: kind, at: places)
      if other.score > best?.score ?? 0 { best = other }
    }
    return best
  }

  /// Returns how much the beginning of a file looks like entities of a kind.
  private func likeness(
    of path: [UInt8], _ format: SourcePath.Format, to kind: EntityKind,
    at places: [EntityPointer]? = nil
  ) throws(ReadFailure) -> Likeness {
    let sample = try sample(path, as: kind) { reader, file throws(ReadFailure) in
      try reader.read(file, path, format, number: 0, isInPlace: false, at: places)
    }
    let guesses = sample.shapes.map { FieldGuess.all(in: $0, as: kind) }
    let sum = zip(sample.shapes, guesses).reduce(0.0) { sum, item in
      let (shape, guesses) = item
      let readings = shape.mapped.values.map(\.reads) + [shape.plain.reads]
      let fits = Double(readings.max() ?? 0) / Double(max(shape.count, 1))
      return sum + fits * 2 + FieldGuess.score(of: guesses, as: kind, in: catalog)
    }
    return Likeness(
      kind: kind, score: sum / Double(max(sample.shapes.count, 1)),
      isEnvelope: zip(sample.shapes, guesses).contains { Self.isEnvelope($0, $1) })
  }

  /// Whether objects hold an entity in a member, rather than several under their ids.
  private static func isEnvelope(_ shape: ShapeCollector.Shape, _ guesses: [FieldGuess]) -> Bool {
    guard let held = guesses.first(where: \.isHeld) else { return false }
    return shape.count > 1 || !shape.isKeyed
      || shape.members.indices.contains {
        $0 != held.path[0] && shape.members[$0].types[.object] == nil
      }
  }
}
