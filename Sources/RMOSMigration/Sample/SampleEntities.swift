import RMOSModels

/// The entities of a sample tree, each a function of the seed, its kind and its number.
struct SampleEntities {
  let tree: SampleTree

  init(_ tree: SampleTree) { self.tree = tree }

  /// How many entities of a kind there are.
  func count(of kind: EntityKind) -> Int {
    let families = min(tree.count, max(1, tree.count / 10))
    let patterns = min(tree.count - families, max(1, tree.count * 3 / 10))
    return switch kind {
    case .stripFamilies: families
    case .patterns: patterns
    case .joblogs: tree.count - families - patterns
    }
  }

  /// What is wrong with an entity; nil for a sound one.
  ///
  /// Flawed entities are spread evenly over the tree, and their flaws take turns.
  func flaw(of kind: EntityKind, _ index: Int) -> SampleFlaw? {
    var number = index
    for other in EntityKind.allCases.prefix(kind.ordinal) { number += count(of: other) }
    let turn = number * tree.brokenPercent / 100
    guard (number + 1) * tree.brokenPercent / 100 > turn else { return nil }
    let flaws = SampleFlaw.flaws(of: kind.schema)
    let flaw = flaws[turn % flaws.count]
    return flaw.needsSoundEntity && soundIndex(of: kind, from: index) == nil ? .missingField : flaw
  }

  /// The number of a sound entity at or after `start`; nil where none is near.
  func soundIndex(of kind: EntityKind, from start: Int) -> Int? {
    let count = count(of: kind)
    for step in 0..<min(count, 100) {
      let index = (start + step) % count
      var number = index
      for other in EntityKind.allCases.prefix(kind.ordinal) { number += self.count(of: other) }
      let percent = tree.brokenPercent
      if (number + 1) * percent / 100 == number * percent / 100 { return index }
    }
    return nil
  }

  /// The generator for an entity's content.
  func random(_ kind: EntityKind, _ index: Int) -> SampleRandom {
    SampleRandom(seed: tree.seed, kind: kind.ordinal, index: index)
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
    var day = minutes / 1440
    var (year, month) = (2025, 1)
    while true {
      let length =
        month == 2 ? (year % 4 == 0 ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
      if day < length { break }
      day -= length
      (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1)
    }
    return "\(year)-\(padded(month, 2))-\(padded(day + 1, 2))T\(padded(minutes / 60 % 24, 2)):"
      + "\(padded(minutes % 60, 2)):00"
  }

  static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
