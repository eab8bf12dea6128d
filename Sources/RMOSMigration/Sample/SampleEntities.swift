import RMOSModels
import RMOSSystem

/// The entities of a sample tree, each a function of the seed, its kind and its number.
struct SampleEntities {
  private let seed: UInt64
  private let brokenPercent: Int
  /// How many there are, by kind.
  private let counts: [Int]
  /// How many of other kinds come before, by kind.
  private let offsets: [Int]
  /// The flaws that take turns, by kind.
  private let flaws: [[SampleFlaw]]

  init(_ tree: SampleTree) {
    seed = tree.seed
    brokenPercent = tree.brokenPercent
    let families = min(tree.count, max(1, tree.count / 10))
    let patterns = min(tree.count - families, max(1, tree.count * 3 / 10))
    counts = [families, patterns, tree.count - families - patterns]
    offsets = [0, families, families + patterns]
    flaws = EntityKind.allCases.map { SampleFlaw.flaws(of: $0.schema) }
  }

  /// How many entities of a kind there are.
  func count(of kind: EntityKind) -> Int { counts[kind.ordinal] }

  /// What is wrong with an entity; nil for a sound one.
  ///
  /// Flawed entities are spread evenly over the tree, and their flaws take turns.
  func flaw(of kind: EntityKind, _ index: Int) -> SampleFlaw? {
    guard let turn = turn(of: kind, index) else { return nil }
    let flaws = flaws[kind.ordinal]
    let flaw = flaws[turn % flaws.count]
    return flaw.needsSoundEntity && original(of: kind, from: index, for: flaw) == nil
      ? .missingField : flaw
  }

  /// The number of the sound entity that a duplicate at `index` copies; nil where none is near.
  ///
  /// Identical and differing duplicates keep to different stretches, so that no entity has both.
  func original(of kind: EntityKind, from index: Int, for flaw: SampleFlaw) -> Int? {
    let stretch = flaw == .identicalDuplicate ? 0 : 1
    return soundIndex(of: kind, from: index) { $0 / 7 % 2 == stretch }
  }

  /// The number of an entity among the flawed ones of the tree; nil for a sound one.
  private func turn(of kind: EntityKind, _ index: Int) -> Int? {
    let number = offsets[kind.ordinal] + index
    let turn = number * brokenPercent / 100
    return (number + 1) * brokenPercent / 100 > turn ? turn : nil
  }

  /// The number of a sound entity at or after `start`; nil where none is near.
  func soundIndex(
    of kind: EntityKind, from start: Int, where isWanted: (Int) -> Bool = { _ in true }
  ) -> Int? {
    let count = count(of: kind)
    for step in 0..<min(count, 100) {
      let index = (start + step) % count
      if isWanted(index), turn(of: kind, index) == nil { return index }
    }
    return nil
  }

  /// The generator for an entity's content.
  func random(_ kind: EntityKind, _ index: Int) -> SampleRandom {
    SampleRandom(seed: seed, kind: kind.ordinal, index: index)
  }

  /// The id of an entity.
  func id(_ kind: EntityKind, _ index: Int) -> String {
    let number = SampleEntities.padded(index + 1, 6)
    return switch kind {
    case .stripFamilies: "\(material(index).slug)-\(number)"
    case .patterns: "\(tradition(index).slug)-\(number)"
    case .joblogs: "job-\(number)"
    }
  }

  /// The directory, within the kind's, that a file of its own goes to.
  func group(_ kind: EntityKind, _ index: Int) -> String {
    let block = SampleEntities.padded(index / 4000, 2)
    return switch kind {
    case .stripFamilies: "\(material(index).name)-\(block)"
    case .patterns: "\(tradition(index).slug)/\(block)"
    case .joblogs: "2025-\(SampleEntities.padded(index % 12 + 1, 2))/\(block)"
    }
  }

  func material(_ index: Int) -> (name: String, slug: String) {
    let materials = [
      ("Ebony", "ebony"), ("Maple", "maple"), ("Walnut", "walnut"), ("Rosewood", "rosewood"),
      ("Padauk", "padauk"), ("Koa", "koa"), ("Pérola", "perola"), ("黒檀", "kokutan"),
    ]
    return materials[index % materials.count]
  }

  func tradition(_ index: Int) -> (name: String, slug: String) {
    let traditions = [
      ("Torres", "torres"), ("Hauser", "hauser"), ("Fleta", "fleta"), ("Bouchet", "bouchet"),
      ("Simplício", "simplicio"), ("Romanillos", "romanillos"),
    ]
    return traditions[index % traditions.count]
  }

  /// The date and time `minutes` after the beginning of 2025.
  static func time(_ minutes: Int) -> String {
    let beginning = CivilDate(year: 2025, month: 1, day: 1)
    let date = CivilDate(dayNumber: beginning.dayNumber + minutes / 1440)
    return "\(date.text)T\(padded(minutes / 60 % 24, 2)):\(padded(minutes % 60, 2)):00"
  }

  static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
