extension EntityReader {
  /// The entity just scanned, as rules across fields see it.
  struct Subject: RuleSubject {
    let reader: EntityReader
    let work: Workspace

    func isGiven(_ field: Int) -> Bool { reader.given(field) != nil }

    private func bytes(of field: Int) -> UnsafeBufferPointer<UInt8>? {
      guard case .text(let span) = reader.cells[field] else { return nil }
      return reader.text(span, work)
    }

    func holds(_ text: String, in field: Int) -> Bool {
      bytes(of: field)?.elementsEqual(text.utf8) ?? false
    }

    func text(of field: Int) -> String? {
      bytes(of: field).map { String(decoding: $0, as: UTF8.self) }
    }

    func timestamp(of field: Int) -> Timestamp? {
      bytes(of: field).flatMap { Timestamp(utf8: $0) }
    }

    func isFilled(_ field: Int) -> Bool {
      guard let member = reader.given(field) else { return false }
      return (member.kind == .object || member.kind == .array) && reader.copies[field].length > 2
    }
  }
}
