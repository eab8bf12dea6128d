import RMOSModels

// Descriptions of what is wrong with the text of a document.

extension SourceWindow {
  static let badUTF16 = "is not well-formed UTF-16 from here on; save the file as UTF-8"

  var tooLarge: String {
    "the entity is larger than \(limits.entity >> 20) MiB; split it, or cut it down"
  }

  /// Returns the clause for messages about a value that is no entity: what to do if it is a string
  /// whose text begins like an object or a list; empty for other values.
  func adviceIfQuotedJSON(at position: Int) throws(ReadFailure) -> String {
    let (bytes, index) = try excerpt(around: position, before: 0, after: 2)
    let first = bytes[index...].prefix(2)
    return first.elementsEqual("\"{".utf8) || first.elementsEqual("\"[".utf8)
      ? "; it is JSON within a string: write what is in the string" : ""
  }

  /// Returns the code and message of a document, or a line of one, that is not JSON; `first` is the
  /// position of the document's first token, once known.
  func describe(
    _ error: JSONScanError, in unit: JSONDiagnosis.Excerpt.Unit = .file, from first: Int?
  ) throws(ReadFailure) -> (code: IssueCode, message: String, isAboutWholeText: Bool) {
    func described(_ code: IssueCode, _ message: String) -> (IssueCode, String, Bool) {
      (code, message, false)
    }
    switch error.reason {
    case .unexpectedEnd where endsInBadEncoding:
      return described(.inputEncoding, Self.badUTF16)
    case .invalidUTF8:
      return described(.inputEncoding, badUTF8(at: error.offset))
    case .unexpected(let byte, _) where byte >= 0x80 && !isUTF8(at: error.offset):
      return described(.inputEncoding, badUTF8(at: error.offset))
    case .tooDeep:
      return described(.jsonDepth, "nests deeper than \(JSONScanner.maximumDepth); flatten it")
    default:
      let diagnosis = try diagnosis(of: error, in: unit, from: first)
      return (.jsonSyntax, diagnosis.message, diagnosis.isAboutWholeText)
    }
  }

  /// The number of bytes before and after an error in which the lengths of lines are compared.
  private static let reachOfLines = 32 << 10

  /// Diagnoses an end of line in a string if the lines have one length, as where a program cuts a
  /// long text; `nil` otherwise.
  private func diagnosisOfCutLines(
    _ error: JSONScanError
  ) throws(ReadFailure) -> JSONDiagnosis? {
    switch error.reason {
    case .controlCharacter(UInt8(ascii: "\n")), .controlCharacter(UInt8(ascii: "\r")): break
    default: return nil
    }
    let (bytes, position) = try excerpt(
      around: error.offset, before: Self.reachOfLines, after: Self.reachOfLines)
    return JSONDiagnosis(
      ofCutLines: bytes, isWhole: position >= error.offset - start)
  }

  /// Diagnoses a syntax error by the text around it; `first` is where the document's first token
  /// begins, once known.
  private func diagnosis(
    of error: JSONScanError, in unit: JSONDiagnosis.Excerpt.Unit, from first: Int?
  ) throws(ReadFailure) -> JSONDiagnosis {
    if unit == .file, let cut = try diagnosisOfCutLines(error) { return cut }
    let reach = JSONDiagnosis.Excerpt.reach
    let (bytes, position) = try excerpt(
      around: error.offset, before: reach.before, after: reach.after)
    let start = first.map { $0 - (error.offset - position) }
    return JSONDiagnosis(
      error,
      in: JSONDiagnosis.Excerpt(
        bytes: bytes, position: position, start: start.flatMap { $0 >= 0 ? $0 : nil }, unit: unit,
        encoding: encoding))
  }

  private func badUTF8(at position: Int) -> String {
    let byte = self.byte(at: position) ?? 0
    let next = self.byte(at: position + 1) ?? 0
    let shown = "the byte 0x\(String(byte, radix: 16, uppercase: true))"
    if position == start {
      return byte == 0x80 && 2...5 ~= next
        ? "the file is a Python pickle, not JSON; write it with json.dump"
        : "the file begins with \(shown), which is not UTF-8; if it is text, save it as UTF-8, else "
          + "export it as JSON"
    }
    if byte == 0xFF && next == 0xFE || byte == 0xFE && next == 0xFF {
      return "found a byte-order mark of UTF-16 within the file, as where files were joined; save "
        + "each as UTF-8 before"
    }
    return "\(shown) is not UTF-8 here; save the file as UTF-8"
  }
}
