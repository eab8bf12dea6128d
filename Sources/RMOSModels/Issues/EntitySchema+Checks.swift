import RMOSSystem

// The rules that look at more than one field.

/// An entity, with the properties that rules across fields check.
protocol RuleSubject {
  /// Whether the field has a value, valid or not, other than null.
  func isGiven(_ field: Int) -> Bool
  /// Whether the field holds `text`.
  func holds(_ text: String, in field: Int) -> Bool
  /// The text in the field; `nil` if the value is not text.
  func text(of field: Int) -> String?
  /// The timestamp in the field; `nil` if the value is not a timestamp.
  func timestamp(of field: Int) -> Timestamp?
  /// Whether the field is a JSON object or array that is not empty.
  func isFilled(_ field: Int) -> Bool
}

extension EntitySchema {
  /// Whether a substitute of `field` is filled, so that `field` may be absent or empty.
  func hasSubstitute(for field: Int, in subject: some RuleSubject) -> Bool {
    rules.contains { rule in
      guard case .substitutable(field, let substitute) = rule else { return false }
      return subject.isFilled(substitute)
    }
  }

  /// Calls `report` with each violation of a rule across fields.
  func checkRules(of subject: some RuleSubject, report: (_ field: Int, Violation) -> Void) {
    for rule in rules {
      switch rule {
      case .substitutable:
        continue
      case .requiredWhen(let field, let condition, let value, let severity):
        guard !subject.isGiven(field), subject.holds(value, in: condition) else { continue }
        let because = "\"\(fields[condition].member)\" is \"\(value)\""
        report(field, .missing(because: because, severity: severity))
      case .ordered(let earlier, let later):
        guard let start = subject.timestamp(of: earlier), let end = subject.timestamp(of: later),
          end.order(relativeTo: start) == .before
        else { continue }
        report(
          later,
          .endBeforeStart(
            end: subject.text(of: later) ?? "", startField: fields[earlier].member,
            start: subject.text(of: earlier) ?? ""))
      }
    }
  }
}

// The rules of single values, which decoding, validation and audit share.

extension FieldType {
  /// Checks the text of a text, reference or timestamp field; returns `nil` if it is valid.
  package func check(text: UnsafeBufferPointer<UInt8>) -> Violation? {
    switch self {
    case .text(let rule):
      if rule.refusesBlank, unsafe FieldType.isBlank(text) { return .blank }
      if rule.knownValues.isEmpty { return nil }
      let isKnown = rule.knownValues.contains {
        unsafe $0.utf8.count == text.count && $0.utf8.elementsEqual(text)
      }
      if isKnown { return nil }
      return unsafe .unknownValue(
        shown(text), known: rule.knownValues, severity: rule.unknownValue)
    case .timestamp:
      let time = unsafe Timestamp(utf8: text)
      if let time, !time.isNone { return nil }
      return unsafe time == nil ? .notTimestamp(shown(text)) : .noTime(shown(text))
    case .reference, .integer, .real, .json:
      return nil
    }
  }

  /// The beginning of a text, as messages show it.
  private func shown(_ text: UnsafeBufferPointer<UInt8>) -> String {
    unsafe String(decoding: text, as: UTF8.self).shortened(to: 60)
  }

  /// Checks the number of an integer field; returns `nil` if it is valid.
  package func check(integer: Int64) -> Violation? {
    guard case .integer(let minimum) = self, integer < minimum else { return nil }
    return .outOfRange(found: String(integer), expected: "at least \(minimum)")
  }

  /// Checks the number of a real field.
  ///
  /// - Parameters:
  ///   - real: The number.
  ///   - text: The number as written, for the message.
  /// - Returns: The violation; `nil` if the number is valid.
  package func check(real: Double, text: @autoclosure () -> String) -> Violation? {
    guard case .real(let range) = self else { return nil }
    guard real.isFinite else {
      return .outOfRange(
        found: text(), expected: "a number up to 1.8e308")
    }
    switch range {
    case .positive:
      if real > 0 { return nil }
      let written = text()
      let digits = written.prefix { $0 != "e" && $0 != "E" }
      let isTooSmall = real == 0 && digits.contains { ("1"..."9").contains($0) }
      return .outOfRange(
        found: written,
        expected: isTooSmall ? "a number of at least 5e-324" : "a number greater than 0")
    case .nonNegative:
      return real >= 0 ? nil : .outOfRange(found: text(), expected: "at least 0")
    }
  }

  /// Checks the value of a JSON field.
  ///
  /// - Parameters:
  ///   - kind: The type of the value.
  ///   - isEmpty: Whether the value is `{}` or `[]`.
  /// - Returns: The violation; `nil` if the value is valid.
  package func check(json kind: JSONScanner.Kind, isEmpty: Bool) -> Violation? {
    guard case .json(let shape, let otherShape, let empty) = self else { return nil }
    guard kind == (shape == .object ? .object : .array) else {
      return .wrongType(found: kind.name, expected: expectation, severity: otherShape)
    }
    guard isEmpty, let severity = empty else { return nil }
    return .empty(shape: shape, severity: severity)
  }

  /// The type as a message names it.
  var expectation: String {
    switch self {
    case .text: "text"
    case .reference(let kind): "the id of a \(kind.schema.singular) as text"
    case .integer: "a whole number"
    case .real: "a number"
    case .timestamp: "an ISO 8601 date or time as text"
    case .json(let shape, _, _): shape == .object ? "an object" : "a list"
    }
  }

  /// Whether a text is empty or consists of white space (Unicode's White_Space).
  static func isBlank(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = unsafe text.first else { return true }
    if first > 0x20, first < 0x80 { return false }
    return unsafe String(decoding: text, as: UTF8.self).unicodeScalars.allSatisfy(
      \.properties.isWhitespace)
  }
}

extension String {
  /// The text without the white space (Unicode's White_Space) around it; `nil` if there is none, or
  /// if it is all white space.
  package var withoutOuterWhiteSpace: String? {
    let scalars = unicodeScalars
    guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return nil }
    let trimmed = String(scalars[start...end])
    return trimmed.utf8.count < utf8.count ? trimmed : nil
  }

  /// Whether a text begins and ends with a character that is visible and in ASCII, as most ids do.
  package static func isPlainAtEnds(_ text: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = text.first, let last = text.last else { return false }
    return 0x21..<0x80 ~= first && 0x21..<0x80 ~= last
  }
}

extension JSONScanner.Kind {
  /// The value as a message names it.
  package var name: String {
    switch self {
    case .string, .escapedString: "text"
    case .number: "a number"
    case .true: "true"
    case .false: "false"
    case .null: "null"
    case .object: "an object"
    case .array: "a list"
    }
  }
}
