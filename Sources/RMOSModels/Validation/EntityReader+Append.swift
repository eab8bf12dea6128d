// From a checked entity to an entry of the batch: stand-ins, the derived id, issues with places.

extension EntityReader {
  func append(
    _ context: Context, _ input: UnsafePointer<UInt8>, length: Int, to batch: inout RecordBatch
  ) {
    var entry = RecordBatch.Entry(
      source: context.source, locator: context.locator, place: context.place)
    let bytes = UnsafeBufferPointer(start: input, count: length)
    entry.byteLength = context.encoding.length(of: bytes)
    entry.digest = context.encoding.digest(of: bytes)
    entry.unknownMembers = unknownMembers
    if given(0) == nil, context.key == nil { deriveID(context, into: &batch) }
    if case .text(let id) = cells[0] { entry.id = id }
    for field in cells.indices where given(field) != nil { entry.given |= 1 << UInt32(field) }
    fillStandIns(&batch)

    if !findings.isEmpty || !remarks.isEmpty {
      let start = batch.issues.count
      appendIssues(context, input, id: entry.id, to: &batch)
      entry.issues = start..<batch.issues.count
      entry.isFailed = batch.issues[start...].contains { $0.severity == .error }
    }
    places.removeAll(keepingCapacity: true)
    for field in schema.references {
      places.append(given(field).map { place(at: $0.valueOffset, input, context) } ?? context.place)
    }
    batch.append(entry, cells: cells, places: places)
  }

  private func deriveID(_ context: Context, into batch: inout RecordBatch) {
    guard options.derivesIDs else {
      remarks.append(
        Remark(
          severity: .error, code: .idMissing, offset: 0, pointer: "/id",
          message: "'id' is missing; give the entity one, or let ids be derived"))
      return
    }
    var id = "legacy:\(context.path)"
    switch context.locator {
    case .none: break
    case .index(let number), .line(let number): id += "#\(number)"
    case .key(let span): id += "#\(batch.text(span))"
    }
    cells[0] = .text(batch.intern(id.utf8))
    remarks.append(
      Remark(
        severity: .info, code: .idDerived, offset: 0, pointer: "/id",
        message: "no 'id'; derived \(Violation.quoted(id)) from where the entity stands"))
  }

  /// Fills what is absent with what stands in for it.
  private func fillStandIns(_ batch: inout RecordBatch) {
    for (field, standIn) in standIns where cells[field] == .null {
      switch standIn {
      case .null:
        continue
      case .text(let text):
        cells[field] = .text(batch.intern(text.utf8))
      case .runStart:
        cells[field] = .text(batch.intern(options.runStart.utf8))
      case .sameAs(let member):
        if let other = schema.position(ofMember: member) { cells[field] = cells[other] }
      }
    }
    for rule in schema.rules {
      if case .substitutable(let field, _) = rule, cells[field] == .null {
        cells[field] = .text(batch.intern("{}".utf8))
      }
    }
  }

  // MARK: Issues

  private func appendIssues(
    _ context: Context, _ input: UnsafePointer<UInt8>, id: RecordBatch.TextSpan,
    to batch: inout RecordBatch
  ) {
    // Lines are counted on from one issue to the next: many issues of a large entity must not take
    // a pass over it each.
    var (reached, place) = (0, context.place)
    func issue(
      _ severity: Severity, _ code: IssueCode, _ offset: Int, _ pointer: String?, _ message: String
    ) -> Issue {
      if offset < reached { (reached, place) = (0, context.place) }
      place = context.encoding.advance(
        place, over: UnsafeBufferPointer(start: input + reached, count: offset - reached))
      reached = offset
      return Issue(
        severity: severity, code: code, kind: schema.kind, id: id.isEmpty ? nil : batch.text(id),
        source: context.path, locator: batch.locator(context.locator), line: place.line,
        column: place.column, offset: place.offset, pointer: pointer, message: message)
    }
    for remark in remarks {
      batch.issues.append(
        issue(remark.severity, remark.code, remark.offset, remark.pointer, remark.message))
    }
    // In field order, whatever check came first.
    for finding in findings.enumerated().sorted(by: {
      ($0.element.field, $0.offset) < ($1.element.field, $1.offset)
    }).map(\.element) {
      let member = schema.fields[finding.field].member
      let position = memberOfField[finding.field]
      batch.issues.append(
        issue(
          finding.severity, finding.violation.code,
          position.map { members[$0].valueOffset } ?? 0, JSONPointer.to(member),
          finding.violation.message(field: member)))
    }
  }

  private func place(
    at offset: Int, _ input: UnsafePointer<UInt8>, _ context: Context
  ) -> RecordBatch.SourcePlace {
    context.encoding.advance(
      context.place, over: UnsafeBufferPointer(start: input, count: offset))
  }
}
