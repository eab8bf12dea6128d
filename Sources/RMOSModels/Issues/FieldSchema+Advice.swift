import RMOSSystem

// Advice in messages about values of the wrong type.

extension FieldSchema {
  /// How to write the value that was probably meant by a value of another type.
  ///
  /// - Parameters:
  ///   - kind: The type of the value.
  ///   - token: The value as it appears in the source.
  ///   - isConverted: Whether the source writes numbers in another unit or notation, from which a
  ///     mapping converts them.
  /// - Returns: The advice; `nil` if there is none.
  func advice(
    insteadOf kind: JSONScanner.Kind, _ token: UnsafeBufferPointer<UInt8>, isConverted: Bool
  ) -> Advice? {
    if case .json(let shape, _, _) = type { return unsafe jsonAdvice(shape, kind, token) }
    if case .timestamp = type, kind == .object, let advice = unsafe Self.dateAdvice(token) {
      return advice
    }
    if kind == .object { return unsafe Self.typedValueAdvice(token) }
    guard let text = unsafe Self.shortText(token) else { return nil }
    switch (type, kind) {
    case (.text(let rule), .number), (.text(let rule), .true), (.text(let rule), .false):
      guard rule.knownValues.isEmpty || rule.unknownValue != .error else {
        return "write one of \(rule.knownValues.joined(separator: ", "))"
      }
      // 7.0 may be text, or a whole number that a data frame has written with a point.
      return kind == .number && (unsafe Self.mayBeWhole(token)) && !Self.isWhole(text)
        ? nil : "write \"\(text)\""
    case (.timestamp, .number): return Timestamp.advice(forNumber: text)
    case (.reference, .number): return (unsafe Self.id(token, text)).map { "write \"\($0)\"" }
    case (.integer, .string), (.real, .string):
      return numberAdvice(for: String(text.dropFirst().dropLast()), isConverted: isConverted)
    default: return nil
    }
  }

  /// How to write an id that is neither text nor a whole number.
  static func idAdvice(
    insteadOf kind: JSONScanner.Kind, _ token: UnsafeBufferPointer<UInt8>
  ) -> Advice? {
    if kind == .object { return unsafe typedValueAdvice(token) }
    guard let text = unsafe shortText(token) else { return nil }
    guard kind == .number else {
      return kind == .true || kind == .false ? "write \"\(text)\"" : nil
    }
    return (unsafe id(token, text)).map { number in
      isWhole(number) ? "write \(number) or \"\(number)\"" : "write \"\(number)\""
    }
  }

  // MARK: Numbers

  /// The text of an id that is written as a number; `nil` if it is uncertain.
  private static func id(_ token: UnsafeBufferPointer<UInt8>, _ text: String) -> String? {
    // A whole number that is an id keeps its text.
    if isWhole(text) { return text }
    // Data frames write a column of whole numbers as 7.0 if one of them is missing.
    if case .value(let number) = unsafe DecimalText.integerValue(token) { return String(number) }
    return unsafe mayBeWhole(token) || text.contains { "eE".contains($0) } ? nil : text
  }

  /// Whether a number has no fraction, in whatever notation.
  private static func mayBeWhole(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe DecimalText.integerValue(token) != .notIntegral
  }

  /// Whether a number consists of digits alone, perhaps after a minus sign.
  private static func isWhole(_ number: String) -> Bool {
    number.utf8.drop { $0 == UInt8(ascii: "-") }.allSatisfy { 0x30...0x39 ~= $0 }
  }

  private func numberAdvice(for text: String, isConverted: Bool) -> Advice? {
    if text.allSatisfy(\.isWhitespace) || ["null", "none", "n/a", "-"].contains(text.lowercased()) {
      return .leaveOut(text)
    }
    if isConverted { return nil }
    if JSONNumberForm.isNumber(text) { return takes(text) ? "write \(text) without quotes" : nil }
    if let number = JSONNumberForm.number(meantBy: text) {
      return takes(number) ? "write \(number)" : nil
    }
    // The text may be a number with its unit.
    guard let last = text.lastIndex(where: { $0.isASCII && $0.isNumber }) else { return nil }
    let end = text.index(after: last)
    guard end < text.endIndex, let number = JSONNumberForm.number(meantBy: text[..<end]) else {
      return nil
    }
    let unit = text[end...].filter { !$0.isWhitespace }.lowercased()
    guard self.unit?.words.contains(unit) == true else {
      // A whole number is a count, which has no unit.
      if case .integer = type { return "write the number alone" }
      return "write the number alone, in the unit that the member is in"
    }
    return takes(number) ? "write \(number) alone" : nil
  }

  /// Whether the field accepts a number.
  private func takes(_ text: String) -> Bool {
    let number = JSONNumber(unchecked: text)
    switch type {
    case .integer: return number.int64.map { type.check(integer: $0) == nil } ?? false
    case .real: return type.check(real: number.double, text: text) == nil
    case .text, .reference, .timestamp, .json: return false
    }
  }

  // MARK: Objects and lists

  /// Advice about the object that Windows PowerShell writes for a date of Get-Date.
  private static func dateAdvice(_ token: UnsafeBufferPointer<UInt8>) -> Advice? {
    let value = unsafe members(of: token)?.first { $0.name == "value" }?.value
    guard case .string(let text)? = value, text.hasPrefix("/Date(") else { return nil }
    return Timestamp.advice(for: text)?.after("it is a date as Windows PowerShell writes it; ")
  }

  /// Advice about an object by which a database represents a value.
  private static func typedValueAdvice(_ token: UnsafeBufferPointer<UInt8>) -> Advice? {
    guard let members = unsafe members(of: token), members.count == 1,
      let notation = TypedNotation(ofMember: members[0])
    else { return nil }
    if notation.namesOfContainers.contains(members[0].name) { return notation.advice }
    return Advice(
      "it is \(notation.name); write the value of \(Violation.quoted(members[0].name))",
      forFiles: orMapping)
  }

  private static let orMapping = ", or let a mapping read it there"

  /// Advice about text in place of an object or a list, and about an object in place of a list.
  private func jsonAdvice(
    _ shape: FieldType.JSONShape, _ kind: JSONScanner.Kind, _ token: UnsafeBufferPointer<UInt8>
  ) -> Advice? {
    if shape == .array, kind == .object {
      return unsafe Self.members(of: token).flatMap(listAdvice)
    }
    guard let text = unsafe JSONScanner.text(of: token, kind) else { return nil }
    if let lost = StringifiedValue(String(decoding: text, as: UTF8.self)) {
      return Advice(lost.advice)
    }
    let first = text.first { $0 > 0x20 }
    guard first == UInt8(ascii: shape == .object ? "{" : "[") else { return nil }
    do throws(ParsingError) {
      _ = try JSONText(parsing: String(decoding: text, as: UTF8.self))
    } catch {
      guard Self.isOfPython(text, from: error.offset) else {
        return "what begins like JSON in it is none: \(error.message)"
      }
      return """
        it is in Python's notation, not JSON (which has double quotes, null, true and false); \
        write it with json.dumps
        """
    }
    return Advice(
      "write the JSON that is in it without the quotes around it",
      forFiles: ", or let a mapping read it as \"json\"")
  }

  /// Whether a text that is not JSON from an offset on is a value as Python writes it.
  private static func isOfPython(_ text: [UInt8], from offset: Int) -> Bool {
    let rest = text[min(offset, text.count)...]
    return rest.first == UInt8(ascii: "'")
      || ["None", "True", "False"].contains { rest.starts(with: $0.utf8) }
  }

  /// Names of the member that holds the elements where a program writes a list as an object.
  private static let namesOfLists: Set = [
    "value", "values", "$values", "list", "items", "item", "elements", "element", "strips", "strip",
  ]
  /// The size up to which an object is examined, in bytes.
  private static let largestExamined = 1 << 20

  /// What to do about an object that is, or that holds, the list that is meant.
  private func listAdvice(insteadOf members: [JSONValue.Member]) -> Advice? {
    if members.count == 1, let notation = TypedNotation(ofMember: members[0]) {
      return notation.advice
    }
    let lists = members.filter { if case .array = $0.value { true } else { false } }
    if lists.count == 1, members.count == 1 || Self.namesOfLists.contains(lists[0].name) {
      return Advice(
        "the list is in \(Violation.quoted(lists[0].name)); write that in place of the object",
        forFiles: Self.orMapping)
    }
    let objects = members.filter { if case .object = $0.value { true } else { false } }
    // Attributes are named @name.
    if objects.count == 1, isNameOfElement(objects[0].name),
      members.allSatisfy({ $0.name == objects[0].name || $0.name.hasPrefix("@") })
    {
      let name = Violation.quoted(objects[0].name)
      return """
        \(name) is the only element, as XML is often converted; write the value of \(name) in [ ] in \
        place of the object
        """
    }
    let numbers = members.map { Int($0.name) }
    if let first = numbers.first ?? nil, first == 0 || first == 1, numbers.count > 1 || first == 0,
      zip(numbers, first...).allSatisfy({ $0 == $1 })
    {
      return "it is a list whose elements are numbered; write them in [ ] without their numbers"
    }
    if members.isEmpty { return nil }
    if objects.count == members.count {
      return "if the values of its members are the elements, write those in [ ]"
    }
    return "if it is the only element, put it in [ ], which PowerShell omits around one"
  }

  /// Whether a member that holds one element of the list, or all, may have a name: one that is
  /// usual, or that of the field in the singular or plural.
  private func isNameOfElement(_ name: String) -> Bool {
    let name = name.lowercased()
    return Self.namesOfLists.contains(name) || name == member || name + "s" == member
  }

  /// The members of an object; `nil` if it is too large to be examined.
  private static func members(of object: UnsafeBufferPointer<UInt8>) -> [JSONValue.Member]? {
    guard object.count <= largestExamined else { return nil }
    let text = unsafe String(decoding: object, as: UTF8.self)
    guard case .object(let members)? = (try? JSONText(parsing: text))?.value else { return nil }
    return members
  }

  /// A token as text, if it is short enough for a message.
  private static func shortText(_ token: UnsafeBufferPointer<UInt8>) -> String? {
    unsafe token.count <= 60 ? String(decoding: token, as: UTF8.self) : nil
  }
}
