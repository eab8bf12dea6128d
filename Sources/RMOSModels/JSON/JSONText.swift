/// JSON text as stored in a JSON column: the tokens of the source without white space between them.
///
/// The text is always valid JSON. A text from a record is kept as stored; other applications may
/// have stored white space. Two texts are equal if their bytes are.
///
/// ```swift
/// let geometry = try JSONText(parsing: "{ \"width_mm\": 1.50 }")
/// print(geometry.text)  // {"width_mm":1.50}
/// ```
public struct JSONText: Sendable, Hashable, CustomStringConvertible {
  /// The text.
  public let text: String

  /// Creates the text of a JSON value without the white space between its tokens.
  ///
  /// - Throws: ``ParsingError`` for the first error; nesting deeper than 512 levels is one.
  /// - Complexity: O(n).
  public init(parsing text: String) throws(ParsingError) {
    do throws(JSONScanError) {
      self.text = try JSONScanner.compacted(text)
    } catch {
      throw ParsingError(error, in: text)
    }
  }

  /// Creates a text that is kept as is, after validating it.
  package init(verbatim text: String) throws(ParsingError) {
    var copy = text
    let result: Result<Void, JSONScanError> = copy.withUTF8 { bytes in
      Result { () throws(JSONScanError) in
        try unsafe JSONScanner.validate(UnsafeRawBufferPointer(bytes))
      }
    }
    do throws(JSONScanError) {
      try result.get()
    } catch {
      throw ParsingError(error, in: text)
    }
    self.text = text
  }

  /// Creates the compact text of a value.
  public init(_ value: JSONValue) { text = value.text }

  /// The value, as a tree.
  ///
  /// An unpaired surrogate escape, which no string can hold, becomes U+FFFD.
  ///
  /// - Complexity: O(n) each time.
  public var value: JSONValue {
    (try? JSONValue(parsing: text, replacingLoneSurrogates: true)) ?? .null
  }

  /// The text.
  public var description: String { text }

  /// Whether both texts are the same bytes.
  public static func == (left: JSONText, right: JSONText) -> Bool {
    left.text.hasSameUTF8(as: right.text)
  }
}

extension JSONText: Codable {
  /// Decodes any JSON value; see ``JSONValue/init(from:)`` for what decoders do not preserve.
  public init(from decoder: any Decoder) throws { self.init(try JSONValue(from: decoder)) }

  /// Encodes the structure, not a string.
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

/// Compares JSON texts by their meaning: white space, escapes, member order and the spelling of
/// numbers make no difference.
///
/// Members with equal names are compared in order. A text that is not JSON is equivalent only to
/// the same bytes.
package enum JSONEquivalence {
  /// Whether two texts have the same meaning.
  ///
  /// - Complexity: O(n log n); O(n) if members are in the same order.
  package static func areEquivalent(_ left: String, _ right: String) -> Bool {
    if left.hasSameUTF8(as: right) { return true }
    guard let left = try? JSONValue(parsing: left), let right = try? JSONValue(parsing: right)
    else { return false }
    return areEquivalent(left, right)
  }

  /// The names of the members that differ between two object texts or that only one of them has,
  /// in the order of the left text, then that of the right one.
  ///
  /// A text that is not an object is treated as an object with one member: the text, with an empty
  /// name.
  package static func differingMembers(_ left: String, _ right: String) -> [String] {
    if left.hasSameUTF8(as: right) { return [] }
    let (isLeftExact, left) = members(of: left)
    let (isRightExact, right) = members(of: right)
    let (leftGroups, rightGroups) = (grouped(left), grouped(right))
    var names: [String] = []
    var seen: Set<UTF8Key> = []
    for member in left + right {
      let name = UTF8Key(member.name)
      guard seen.insert(name).inserted else { continue }
      let (leftValues, rightValues) = (leftGroups[name] ?? [], rightGroups[name] ?? [])
      if !areEquivalent(leftValues, rightValues) { names.append(member.name) }
    }
    // If the comparison was not exact, the texts differ in surrogates that no string can hold.
    return names.isEmpty && !(isLeftExact && isRightExact) ? [""] : names
  }

  /// Whether two values have the same meaning.
  static func areEquivalent(_ left: JSONValue, _ right: JSONValue) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)):
      unsafe left == right
        || left.withToken { left in unsafe right.withToken { unsafe DecimalText.areEqual(left, $0) }
        }
    case (.array(let left), .array(let right)): areEquivalent(left, right)
    case (.object(let left), .object(let right)): areEquivalent(left, right)
    default: left == right
    }
  }

  private static func areEquivalent(_ left: [JSONValue], _ right: [JSONValue]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { areEquivalent($0, $1) }
  }

  private static func areEquivalent(
    _ left: [JSONValue.Member], _ right: [JSONValue.Member]
  ) -> Bool {
    guard left.count == right.count else { return false }
    let isSameOrder = zip(left, right).allSatisfy { $0.name.hasSameUTF8(as: $1.name) }
    let pairs = isSameOrder ? zip(left, right) : zip(sorted(left), sorted(right))
    return pairs.allSatisfy {
      $0.name.hasSameUTF8(as: $1.name) && areEquivalent($0.value, $1.value)
    }
  }

  /// Members in byte order of their names; those with equal names stay in their order.
  private static func sorted(_ members: [JSONValue.Member]) -> [JSONValue.Member] {
    members.enumerated().sorted { left, right in
      let (leftName, rightName) = (left.element.name.utf8, right.element.name.utf8)
      if leftName.lexicographicallyPrecedes(rightName) { return true }
      return left.offset < right.offset && leftName.elementsEqual(rightName)
    }.map(\.element)
  }

  /// The members of an object, and whether they are exact, with no unpaired surrogate replaced.
  private static func members(of text: String) -> (isExact: Bool, [JSONValue.Member]) {
    if case .object(let members)? = try? JSONValue(parsing: text) { return (true, members) }
    if case .object(let members)? = try? JSONValue(parsing: text, replacingLoneSurrogates: true) {
      return (false, members)
    }
    return (true, [JSONValue.Member(name: "", value: .string(text))])
  }

  private static func grouped(_ members: [JSONValue.Member]) -> [UTF8Key: [JSONValue]] {
    Dictionary(grouping: members) { UTF8Key($0.name) }.mapValues { $0.map(\.value) }
  }
}
