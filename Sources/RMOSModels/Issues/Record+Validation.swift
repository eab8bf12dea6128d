extension Record {
  /// Checks the record by the rules of migration.
  ///
  /// All violations are reported at once, in field order. A migration accepts a record without
  /// errors.
  ///
  /// ```swift
  /// let issues = pattern.record.validate()
  /// guard !issues.contains(where: { $0.severity == .error }) else { return }
  /// ```
  ///
  /// - Returns: The issues, with kind, id and pointer, without a place in a file.
  public func validate() -> [Issue] {
    violations().map { field, violation in
      let field = kind.schema.fields[field]
      return Issue(
        severity: violation.severity, code: violation.code, kind: kind,
        id: id.isEmpty ? nil : id, pointer: JSONPointer.to(field.member),
        message: violation.message(about: field, in: field.member, inFile: false))
    }
  }

  /// The violations that ``validate()`` reports, in field order.
  package func violations() -> [(field: Int, violation: Violation)] {
    var violations: [(field: Int, violation: Violation)] = []
    let schema = kind.schema
    for position in schema.fields.indices {
      if let violation = violation(at: position, schema) {
        violations.append((position, violation))
      }
    }
    schema.checkRules(of: self) { violations.append(($0, $1)) }
    if violations.count < 2 { return violations }
    return violations.enumerated().sorted {
      ($0.element.field, $0.offset) < ($1.element.field, $1.offset)
    }.map(\.element)
  }

  /// The violation by the value of a single field; `nil` if it is valid.
  private func violation(at position: Int, _ schema: EntitySchema) -> Violation? {
    let type = schema.fields[position].type
    switch (type, values[position]) {
    case (_, .null):
      return position == 0 || schema.fields[position].isNotNull ? .missing() : nil
    case (.text, .text(var text)), (.reference, .text(var text)), (.timestamp, .text(var text)):
      return text.withUTF8 { unsafe type.check(text: $0) }
    case (.integer, .integer(let number)):
      return type.check(integer: number)
    case (.real, .real(let number)):
      return type.check(real: number, text: String(number))
    case (.real, .integer(let number)):
      return type.check(real: Double(number), text: String(number))
    case (.json, .text(let text)):
      guard let (kind, isEmpty) = JSONScanner.outline(of: text) else {
        return .notJSON(error: JSONScanner.errorText(of: text))
      }
      // A field with a substitute may be empty, but not of another type.
      let mayBeEmpty = isEmpty && schema.hasSubstitute(for: position, in: self)
      return type.check(json: kind, isEmpty: isEmpty && !mayBeEmpty)
    default:
      return .wrongType(found: values[position].shown, expected: type.expectation)
    }
  }
}

extension Record: RuleSubject {
  func isGiven(_ field: Int) -> Bool { values[field] != .null }

  func holds(_ text: String, in field: Int) -> Bool { values[field] == .text(text) }

  func text(of field: Int) -> String? {
    if case .text(let text) = values[field] { text } else { nil }
  }

  func timestamp(of field: Int) -> Timestamp? { text(of: field).flatMap { Timestamp($0) } }

  func isFilled(_ field: Int) -> Bool {
    guard let text = text(of: field), let (kind, isEmpty) = JSONScanner.outline(of: text) else {
      return false
    }
    return (kind == .object || kind == .array) && !isEmpty
  }
}

extension JSONScanner {
  /// The type of a JSON text's value, and whether it is an empty object or array; `nil` if the text
  /// is not JSON.
  static func outline(of text: String) -> (kind: Kind, isEmpty: Bool)? {
    var text = text
    return text.withUTF8 { bytes in
      unsafe withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
        scanner.skipWhiteSpace()
        let start = scanner.position
        guard let kind = try? scanner.skipValue(enclosingDepth: 0) else { return nil }
        let token = unsafe bytes[start..<scanner.position]
        scanner.skipWhiteSpace()
        guard scanner.isAtEnd else { return nil }
        let isContainer = kind == .object || kind == .array
        let isEmpty =
          unsafe isContainer && token.dropFirst().dropLast().allSatisfy { isWhiteSpace($0) }
        return (kind, isEmpty)
      }
    }
  }
}

extension JSONScanner {
  /// A description of why a text is not JSON, and of the place of the error.
  fileprivate static func errorText(of text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      do throws(JSONScanError) {
        try unsafe validate(UnsafeRawBufferPointer(bytes))
        return "nothing"
      } catch {
        return unsafe "\(JSONDiagnosis(error, in: bytes).message), at byte \(error.offset)"
      }
    }
  }
}
