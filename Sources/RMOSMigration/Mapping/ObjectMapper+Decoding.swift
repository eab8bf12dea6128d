import RMOSModels

extension ObjectMapper {
  /// Maps the object at the scanner's position, decodes the resulting entity, and moves past the
  /// object.
  ///
  /// The entry has the bytes, the digest and the places of the source object, not those of the
  /// mapped text.
  ///
  /// - Parameters:
  ///   - scanner: A scanner at the object's `{`.
  ///   - origin: Where the object is.
  ///   - mapping: The position of the rules' mapping among those of the run.
  ///   - keys: The object's keys, if a rule asks for them.
  ///   - isAlone: See ``map(_:keys:isAlone:)``.
  ///   - decoder: A decoder for the kind of the rules.
  ///   - batch: The batch to which the entity is appended, unless the rule ``skips`` the object.
  /// - Returns: Whether a rule took the object.
  /// - Throws: `JSONScanError` if the object is not JSON; nothing is appended then.
  func decode(
    _ scanner: inout JSONScanner, _ origin: EntityOrigin, mapping: Int = 0, keys: Keys,
    isAlone: Bool = false, with decoder: EntityDecoder, into batch: inout RecordBatch
  ) throws(JSONScanError) -> Bool {
    let (start, object) = unsafe (scanner.position, scanner.cursor)
    guard try map(&scanner, keys: keys, isAlone: isAlone) else { return false }
    if skips { return true }
    let bytes = unsafe UnsafeBufferPointer(start: object, count: scanner.cursor - object)
    var mapped = origin
    // The decoder counts places from the beginning of the mapped text; `relocate` converts them.
    mapped.place = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)
    mapped.encoding = .utf8
    mapped.isDigested = false
    mapped.convertedFields = convertedFields
    if hasWrittenID { mapped.key = nil }
    let result: Result<EntityDecoder.Form, JSONScanError> = withScanner { text in
      do throws(JSONScanError) {
        return .success(try decoder.decode(&text, mapped, into: &batch))
      } catch {
        return .failure(error)
      }
    }
    if case .failure(var error) = result {
      // A value that a rule puts into an object may exceed the maximum depth.
      error.offset = start + text.source(of: error.offset)
      throw error
    }
    unsafe relocate(in: &batch, origin, bytes, mapping)
    return true
  }

  /// Replaces the places of the last entry by those in the source object.
  private func relocate(
    in batch: inout RecordBatch, _ origin: EntityOrigin, _ object: UnsafeBufferPointer<UInt8>,
    _ mapping: Int
  ) {
    var cursor = unsafe PlaceCursor(at: origin.place, origin.encoding, over: object)
    var remarks: [Issue] = []
    for remark in self.remarks {
      let place = cursor.place(at: remark.offset)
      remarks.append(
        Issue(
          severity: .warning, code: remark.code, kind: batch.kind, source: origin.path,
          locator: batch.locator(origin.locator), line: place.line, column: place.column,
          offset: place.offset, pointer: remark.pointer, message: remark.message))
    }
    unsafe batch.amendLast(
      place: origin.place, byteLength: origin.encoding.length(of: object),
      digest: origin.encoding.digest(of: object), mapping: mapping, adding: remarks
    ) { place in
      cursor.place(at: text.source(of: place.offset))
    } amend: { issue in
      // A member that the rule reads is no misspelling of another.
      if issue.code == .fieldLookAlike, usesMember(at: issue.pointer) { return nil }
      var issue = issue
      let offset =
        issue.code == .fieldMissing
        ? placeOfAbsence(forMember: issue.pointer) : text.source(of: issue.offset ?? 0)
      let place = cursor.place(at: offset)
      (issue.line, issue.column, issue.offset) = (place.line, place.column, place.offset)
      issue.message += explanation(ofMember: issue.pointer)
      return issue
    }
  }
}
