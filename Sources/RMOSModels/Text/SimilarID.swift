import RMOSSystem

/// Ids that look like another, for a reference that leads nowhere.
///
/// The ids that a text may have meant are formed from the text, a fixed number of them, and looked
/// up one by one; nothing is searched.
package struct SimilarID: Sendable, Hashable {
  /// The way in which two ids differ.
  package enum Difference: String, Sendable, Hashable {
    /// Letters with accents are one character here and a letter with a mark there.
    case composition = "in Unicode composition"
    /// Capital and small letters.
    case letterCase = "in letter case"
    /// White space.
    case whiteSpace = "in white space"
    /// The text is the name of a file whose entity has no id of its own.
    case fileName
    /// One of the ids begins with "legacy:", as ids derived from paths do.
    case derived = "in the \"legacy:\" that begins ids derived from paths"
  }

  /// The id that exists.
  package var id: String
  /// The way in which the id differs.
  package var difference: Difference

  /// What to do about a reference to an id that does not exist.
  ///
  /// - Parameters:
  ///   - text: The id that does not exist.
  ///   - similar: One that does.
  ///   - otherwise: What to do if the text itself gives no hint.
  /// - Returns: The end of a sentence.
  package static func advice(
    for text: String, _ similar: SimilarID?, otherwise: String
  ) -> String {
    if let similar { return similar.advice(for: text) }
    let endings = [".json", ".jsonl", ".ndjson"]
    guard endings.contains(where: { text.lowercased().hasSuffix($0) }) else { return otherwise }
    return "it looks like the name of a file; write the id of the entity in it"
  }

  private func advice(for text: String) -> String {
    guard difference != .fileName else {
      return "the entity in \(id.dropFirst(7)) has no id and got \(Violation.quoted(id)); give it "
        + "the id \(Violation.quoted(text))"
    }
    return
      "the id \(Violation.quoted(id)), which is there, differs from it only \(difference.rawValue); "
      + "write that"
  }

  /// Finds an id like `text` that exists.
  ///
  /// - Parameters:
  ///   - text: The id that does not exist.
  ///   - kind: The kind of entity that it is to be the id of.
  ///   - exists: Whether one does.
  /// - Returns: The first that does; `nil` if there is none.
  package static func first(
    like text: String, of kind: EntityKind, where exists: (String) throws -> Bool
  ) rethrows -> SimilarID? {
    try candidates(for: text, of: kind).first { try exists($0.id) }
  }

  /// The ids that `text` may have meant, the likeliest first.
  package static func candidates(for text: String, of kind: EntityKind) -> [SimilarID] {
    var seen: [[UInt8]] = [Array(text.utf8)]
    var candidates: [SimilarID] = []
    func add(_ id: String, _ difference: Difference) {
      // Texts that differ in composition are equal to Swift, and not to a database.
      let bytes = Array(id.utf8)
      guard !bytes.isEmpty, !seen.contains(bytes) else { return }
      seen.append(bytes)
      candidates.append(SimilarID(id: id, difference: difference))
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    let plain = words.joined(separator: " ")
    let forms: [(Difference, [String])] = [
      (.composition, [text]),
      (.whiteSpace, [String(text.trimmed), plain, words.joined(), text + " ", " " + text]),
      (.letterCase, [text, plain].flatMap(casings)),
      (.derived, ["legacy:" + text, text.hasPrefix("legacy:") ? String(text.dropFirst(7)) : ""]),
    ]
    for (difference, texts) in forms {
      for text in texts {
        add(text, difference)
        add(Composition.composed(text), difference)
        add(Composition.decomposed(text), difference)
      }
    }
    add("legacy:\(kind.table)/\(text).json", .fileName)
    return candidates
  }

  private static func casings(of text: String) -> [String] {
    let lower = text.lowercased()
    var capitalized = ""
    var beginsWord = true
    for character in lower {
      capitalized += beginsWord ? character.uppercased() : String(character)
      beginsWord = !character.isLetter && !character.isNumber
    }
    return [
      lower, text.uppercased(), lower.prefix(1).uppercased() + lower.dropFirst(), capitalized,
    ]
  }
}

extension String {
  fileprivate var trimmed: Substring {
    var trimmed = drop(while: \.isWhitespace)
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    return trimmed
  }
}

/// The two ways to write letters with one accent.
///
/// The standard library compares texts by canonical equivalence, but gives access to no normal
/// form.
private enum Composition {
  /// Letters with their mark, by the letter they are equal to.
  private static let decomposed: [Character: String] = {
    var table: [Character: String] = [:]
    let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).flatMap { [$0, $0 | 0x20] }
    for letter in letters {
      for mark in UInt32(0x300)...0x338 {
        guard let mark = Unicode.Scalar(mark) else { continue }
        let text = String(Unicode.Scalar(letter)) + String(mark)
        if let character = text.first { table[character] = text }
      }
    }
    return table
  }()

  /// Precomposed letters, by the letter to which they are equal.
  private static let composed: [Character: String] = {
    var table: [Character: String] = [:]
    for range in [UInt32(0xC0)...0x24F, 0x1E00...0x1EFF] {
      for value in range {
        guard let scalar = Unicode.Scalar(value) else { continue }
        table[Character(scalar)] = String(scalar)
      }
    }
    return table
  }()

  static func composed(_ text: String) -> String { mapped(text, by: composed) }

  static func decomposed(_ text: String) -> String { mapped(text, by: decomposed) }

  private static func mapped(
    _ text: String, by table: @autoclosure () -> [Character: String]
  ) -> String {
    if text.allBytesSatisfy({ $0 < 0x80 }) { return text }
    let table = table()
    return text.reduce(into: "") { $0 += table[$1] ?? String($1) }
  }
}
