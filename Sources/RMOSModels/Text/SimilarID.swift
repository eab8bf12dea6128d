import RMOSSystem

/// An existing id that resembles the id of a dangling reference.
///
/// A fixed number of candidates is formed from the dangling id and looked up one by one, so that no
/// table has to be searched.
package struct SimilarID: Sendable, Hashable {
  /// The difference between two ids; the raw value is the end of "differs from it only …".
  package enum Difference: String, Sendable, Hashable {
    /// Letters with accents are one scalar in one id, and a letter with a mark in the other.
    case composition = "in Unicode composition"
    /// Capital and small letters.
    case letterCase = "in letter case"
    /// White space.
    case whiteSpace = "in white space"
    /// Characters that are not shown, such as a zero-width space.
    case invisible = "in an invisible character"
    /// The dangling id is the name of a file whose entity has no id of its own.
    case fileName
    /// One of the ids begins with "legacy:", as ids derived from paths do.
    case derived = "in the \"legacy:\" that begins ids derived from paths"
  }

  /// The id that exists.
  package var id: String
  /// How the dangling id differs from it.
  package var difference: Difference

  /// Advice about a dangling reference.
  ///
  /// - Parameters:
  ///   - text: The id that does not exist.
  ///   - similar: A similar id that exists.
  ///   - otherwise: The advice if there is no similar id, and the text is not the name of a file.
  /// - Returns: The advice.
  package static func advice(
    for text: String, _ similar: SimilarID?, otherwise: Advice
  ) -> Advice {
    if let similar { return similar.advice(for: text) }
    let endings = [".json", ".jsonl", ".ndjson"]
    guard endings.contains(where: { text.lowercased().hasSuffix($0) }) else { return otherwise }
    return "it looks like the name of a file; write the id of the entity in it"
  }

  private func advice(for text: String) -> Advice {
    guard difference == .fileName else {
      return """
        the id \(Violation.quoted(id)), which is there, differs from it only \(difference.rawValue); \
        write that
        """
    }
    return Advice(
      "the entity from \(id.dropFirst(7)) got the id \(Violation.quoted(id)); write that",
      forFiles: ", or give it the id \(Violation.quoted(text))")
  }

  /// Finds an id similar to `text` that exists.
  ///
  /// - Parameters:
  ///   - text: The id that does not exist.
  ///   - kind: The kind of the entity.
  ///   - exists: Whether an entity of the kind has an id.
  /// - Returns: The first candidate that exists; `nil` if none does.
  package static func first(
    like text: String, of kind: EntityKind, where exists: (String) throws -> Bool
  ) rethrows -> SimilarID? {
    try candidates(for: text, of: kind).first { try exists($0.id) }
  }

  /// The length up to which an id is examined, in bytes: that of the longest path.
  private static let longest = 4096

  /// The ids that `text` may mean, in order of likelihood; none for a long text.
  package static func candidates(for text: String, of kind: EntityKind) -> [SimilarID] {
    if text.utf8.count > longest { return [] }
    var seen: [[UInt8]] = [Array(text.utf8)]
    var candidates: [SimilarID] = []
    func add(_ id: String, _ difference: Difference) {
      // Compared by bytes, as a database compares ids: `String` ignores differences in composition.
      let bytes = Array(id.utf8)
      guard !bytes.isEmpty, !seen.contains(bytes) else { return }
      seen.append(bytes)
      candidates.append(SimilarID(id: id, difference: difference))
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    let plain = words.joined(separator: " ")
    var visible = text
    visible.unicodeScalars.removeAll { $0.properties.isDefaultIgnorableCodePoint }
    let forms: [(Difference, [String])] = [
      (.composition, [text]),
      (.whiteSpace, [String(text[...].trimmed), plain, words.joined(), text + " ", " " + text]),
      (.invisible, [visible]), (.letterCase, [text, plain].flatMap(casings)),
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

  /// The text in lower and upper case, and with the first letter, or that of each word, in upper
  /// case.
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

/// The two ways to write letters with one accent: as one scalar, or as a letter and a mark.
///
/// The standard library compares texts by canonical equivalence, but has no API for normal forms.
private enum Composition {
  /// For each letter with an accent, the letter followed by the mark.
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

  /// For each letter with an accent, the single scalar.
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
