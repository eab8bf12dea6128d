// From scanned members to the cells of a row, and what is wrong with them.

extension EntityReader {
  /// Fills ``cells`` from ``members`` and notes every violation.
  func fillCells(_ context: Context, _ work: inout Workspace) {
    for field in cells.indices { cells[field] = .null }
    fillID(context, &work)
    for field in 1..<schema.fields.count {
      guard let position = memberOfField[field], members[position].kind != .null else { continue }
      fill(field, from: members[position], &work)
    }
    let subject = Subject(reader: self, work: work)
    for field in 1..<schema.fields.count where schema.fields[field].isRequired {
      guard !subject.isGiven(field), !schema.hasSubstitute(for: field, in: subject) else {
        continue
      }
      findings.append(Finding(field: field, severity: .error, violation: .missing(because: nil)))
    }
    schema.checkRules(of: subject) { findings.append($0) }
    keepUnknownMembers(&work)
  }

  /// The member that gives a field a value, right or wrong; nil where it is absent or null.
  func given(_ field: Int) -> Member? {
    guard let position = memberOfField[field], members[position].kind != .null else { return nil }
    return members[position]
  }

  // MARK: Values

  private func fill(_ field: Int, from member: Member, _ work: inout Workspace) {
    let declaration = schema.fields[field]
    let isRight =
      switch declaration.type {
      case .text, .reference, .timestamp: fillText(field, declaration.type, member, &work)
      case .integer: fillInteger(field, declaration.type, member, work)
      case .real: fillReal(field, declaration.type, member, work)
      case .json: fillJSON(field, declaration.type, member, work)
      }
    if !isRight {
      findings.append(
        Finding(
          field: field, severity: .error,
          violation: .wrongType(
            found: found(member, work), expected: declaration.type.expectation, isKept: false)))
    }
  }

  private func note(_ field: Int, _ verdict: FieldType.Verdict?) {
    guard let verdict else { return }
    findings.append(
      Finding(field: field, severity: verdict.severity, violation: verdict.violation))
  }

  private func fillText(
    _ field: Int, _ type: FieldType, _ member: Member, _ work: inout Workspace
  ) -> Bool {
    guard member.kind == .string || member.kind == .escapedString else { return false }
    guard let span = copyString(member, &work) else {
      findings.append(Finding(field: field, severity: .error, violation: .loneSurrogate))
      return true
    }
    cells[field] = .text(span)
    note(field, type.check(text: text(span, work)))
    return true
  }

  private func fillInteger(
    _ field: Int, _ type: FieldType, _ member: Member, _ work: Workspace
  ) -> Bool {
    guard member.kind == .number else { return false }
    switch DecimalText.integerValue(token(member, work)) {
    case .value(let number):
      cells[field] = .integer(number)
      note(field, type.check(integer: number))
      return true
    case .notIntegral:
      return false
    case .outOfRange:
      note(
        field,
        (
          .error,
          .outOfRange(
            found: shortened(member, work), expected: "a whole number that fits 64 bits")
        ))
      return true
    }
  }

  private func fillReal(
    _ field: Int, _ type: FieldType, _ member: Member, _ work: Workspace
  ) -> Bool {
    guard member.kind == .number else { return false }
    let number = DecimalText.doubleValue(token(member, work))
    // The database holds one zero; -0.0 would come back as 0.0.
    cells[field] = .real(number == 0 ? 0 : number)
    note(field, type.check(real: number, text: shortened(member, work)))
    return true
  }

  private func fillJSON(
    _ field: Int, _ type: FieldType, _ member: Member, _ work: Workspace
  ) -> Bool {
    cells[field] = .text(copies[field])
    let isEmpty = copies[field].length == 2
    if isEmpty, schema.fields[field].isRequired, isContainer(member.kind),
      schema.hasSubstitute(for: field, in: Subject(reader: self, work: work)),
      type.check(json: member.kind, isEmpty: false) == nil
    {
      return true
    }
    note(field, type.check(json: member.kind, isEmpty: isEmpty))
    return true
  }

  private func isContainer(_ kind: JSONScanner.Kind) -> Bool { kind == .object || kind == .array }

  /// Copies a string's text into the arena; nil where its escapes are no text.
  private func copyString(_ member: Member, _ work: inout Workspace) -> RecordBatch.TextSpan? {
    let start = work.output
    let inside = UnsafeBufferPointer(
      start: work.input + member.valueOffset + 1, count: member.valueEnd - member.valueOffset - 2)
    if member.kind == .string {
      if let source = inside.baseAddress { start.update(from: source, count: inside.count) }
      work.output += inside.count
    } else if JSONScanner.decode(inside, to: &work.output) != nil {
      work.output = start
      return nil
    }
    return work.span(from: start)
  }

  // MARK: The id

  private func fillID(_ context: Context, _ work: inout Workspace) {
    guard let member = given(0) else {
      guard let key = context.key else { return }
      if let verdict = schema.fields[0].type.check(text: text(key, work)) {
        return refuse(key: key, verdict, work)
      }
      cells[0] = .text(key)
      return
    }
    var isNumber = false
    var span: RecordBatch.TextSpan?
    switch member.kind {
    case .string, .escapedString:
      span = copyString(member, &work)
      if span == nil {
        findings.append(Finding(field: 0, severity: .error, violation: .loneSurrogate))
      }
    case .number where token(member, work).allSatisfy({ $0 == 0x2D || $0 &- 0x30 < 10 }):
      let start = work.output
      for byte in token(member, work) {
        work.output.pointee = byte
        work.output += 1
      }
      span = work.span(from: start)
      isNumber = true
    default:
      findings.append(
        Finding(
          field: 0, severity: .error,
          violation: .wrongType(
            found: found(member, work), expected: "text (or a whole number)", isKept: false)))
    }
    if let span, let verdict = schema.fields[0].type.check(text: text(span, work)) {
      note(0, verdict)
      return
    }
    if isNumber {
      remarks.append(
        Remark(
          severity: .warning, code: .idNumber, offset: member.valueOffset, pointer: "/id",
          message: "'id' is the number \(shortened(member, work)); its text is taken as the id"))
    }
    if let key = context.key {
      if let span, !text(span, work).elementsEqual(text(key, work)) {
        remarks.append(
          Remark(
            severity: .error, code: .idMismatch, offset: member.valueOffset, pointer: "/id",
            message: "'id' is \(quoted(span, work)) but the entity stands under the key "
              + "\(quotedKey(key, work)); make them agree"))
        // A key that is no id must not stand for one.
        guard schema.fields[0].type.check(text: text(key, work)) == nil else { return }
      }
      cells[0] = .text(key)
    } else if let span {
      cells[0] = .text(span)
    }
  }

  /// Refuses a dictionary's key that cannot be the entity's id.
  private func refuse(key: RecordBatch.TextSpan, _ verdict: FieldType.Verdict, _ work: Workspace) {
    remarks.append(
      Remark(
        severity: verdict.severity, code: verdict.violation.code, offset: 0, pointer: "/id",
        message:
          "the entity stands under the key \(quotedKey(key, work)), which is blank and no id; "
          + "write its id as the key"))
  }

  /// A key as a message shows it: what would not be seen in it is escaped.
  private func quotedKey(_ key: RecordBatch.TextSpan, _ work: Workspace) -> String {
    quoted(key, work).unicodeScalars.reduce(into: "") { result, scalar in
      result +=
        scalar != " " && scalar.properties.isWhitespace
        ? "\\u{\(String(scalar.value, radix: 16))}" : PlainText.escaped(String(scalar))
    }
  }

  // MARK: Members the schema does not know

  /// Writes the unknown members into the arena as one object, and refuses one that stands twice.
  private func keepUnknownMembers(_ work: inout Workspace) {
    unknownMembers = .empty
    let count = members.count { $0.field == nil }
    if count == 0 { return }
    names.reset(for: count)
    let start = work.output
    put("{", &work)
    for (position, member) in members.enumerated() where member.field == nil {
      if !names.insert(position, of: members, in: work.input) {
        remarkDuplicate(
          String(decoding: member.name(in: work.input), as: UTF8.self),
          at: member.nameOffset - 1)
      }
      if work.output - start > 1 { put(",", &work) }
      put("\"", &work)
      work.output.update(from: work.input + member.nameOffset, count: member.nameLength)
      work.output += member.nameLength
      put("\":", &work)
      copyCompact(member, &work)
    }
    put("}", &work)
    unknownMembers = work.span(from: start)
  }

  private func put(_ text: StaticString, _ work: inout Workspace) {
    work.output.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    work.output += text.utf8CodeUnitCount
  }

  /// Copies a member's value, which was scanned before, without white space between its tokens.
  private func copyCompact(_ member: Member, _ work: inout Workspace) {
    var inString = false
    var p = work.input + member.valueOffset
    let end = work.input + member.valueEnd
    while p < end {
      let byte = p.pointee
      if inString || !JSONScanner.isWhiteSpace(byte) {
        work.output.pointee = byte
        work.output += 1
      }
      if byte == UInt8(ascii: "\"") {
        inString.toggle()
      } else if byte == UInt8(ascii: "\\") {
        // An escape is two bytes at least, and the second is no delimiter.
        p += 1
        work.output.pointee = p.pointee
        work.output += 1
      }
      p += 1
    }
  }

  // MARK: Looking at the input

  func token(_ member: Member, _ work: Workspace) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: work.input + member.valueOffset, count: member.valueEnd - member.valueOffset)
  }

  func text(_ span: RecordBatch.TextSpan, _ work: Workspace) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: work.arena + Int(span.offset), count: Int(span.length))
  }

  private func quoted(_ span: RecordBatch.TextSpan, _ work: Workspace) -> String {
    Violation.quoted(String(decoding: text(span, work), as: UTF8.self))
  }

  /// A number as written, cut after 40 characters.
  private func shortened(_ member: Member, _ work: Workspace) -> String {
    let token = token(member, work)
    return String(decoding: token.prefix(40), as: UTF8.self) + (token.count > 40 ? "…" : "")
  }

  /// What a value is called in a message; short ones are shown.
  private func found(_ member: Member, _ work: Workspace) -> String {
    switch member.kind {
    case .string, .escapedString:
      let token = token(member, work)
      // Cut between characters, not within one.
      var end = min(60, token.count)
      while end < token.count, token[end] & 0xC0 == 0x80 { end -= 1 }
      let shown = String(decoding: token[..<end], as: UTF8.self)
      return "the text \(shown)\(end < token.count ? "…" : "")"
    case .number: return "the number \(shortened(member, work))"
    case let kind: return kind.name
    }
  }
}
