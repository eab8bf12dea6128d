import RMOSHTTP
import RMOSModels
import RMOSSystem

/// Reads the entity in a request's body, by the rules by which migration reads files.
struct EntityBody {
  /// The maximum size of a body, bytes.
  static let largest = 1_048_576

  private static let otherID = "the id in the body is not the one in the path; leave it out"

  /// The content of a body.
  struct Content {
    /// The entity as given by the body alone, with defaults for absent members.
    var record: Record
    /// The fields that have a value.
    var given: Set<Int>
    /// The fields that are null.
    var cleared: Set<Int>
    /// The issues found.
    var issues: [Issue]

    /// Whether a field is present, with a value or null.
    func names(_ field: Int) -> Bool { given.contains(field) || cleared.contains(field) }
  }

  let kind: EntityKind
  /// The default for `created_at`, ISO 8601.
  let now: String

  /// Reads an entity.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - id: The entity's id, which an id in the body must equal; `nil` if the body gives it.
  /// - Returns: The content, with the issues of the record as a whole entity.
  /// - Throws: ``HTTPRefusal`` with 413, 415 or 422.
  func read(_ request: ServerRequest, id: String?) throws -> Content {
    try Self.checkForm(request)
    // A byte-order mark is ignored, as in files (RFC 8259, 8.1).
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let body = request.body.starts(with: mark) ? Array(request.body.dropFirst(3)) : request.body
    guard !body.allSatisfy({ $0 == 0x20 || 0x09...0x0D ~= $0 }) else {
      throw rejected(.inputEmpty, "the body is empty; send one entity as a JSON object")
    }
    let (batch, isNameless) = try scan(body, id: id)
    guard batch.count == 1 else {
      throw rejected(.shapeNotObject, "the body is not a JSON object; send one entity")
    }
    var content = content(of: batch, cleared: nullFields(in: body))
    // A request with the id in its path does not choose the id.
    if id != nil { content.issues.removeAll { $0.code == .idWhiteSpace } }
    if let id, content.cleared.contains(0) {
      content.issues.append(
        Issue(
          severity: .error, code: .idMismatch, kind: kind, id: id, pointer: "/id",
          message: Self.otherID))
    }
    if isNameless {
      // The generated id means nothing to the client if the entity is refused.
      for index in content.issues.indices { content.issues[index].id = nil }
    }
    return content
  }

  /// Scans a body; if neither it nor `id` gives an id, the entity gets a new one.
  private func scan(
    _ body: [UInt8], id: String?
  ) throws -> (batch: RecordBatch, isNameless: Bool) {
    let decoder = EntityDecoder(
      kind: kind,
      options: EntityDecoder.Options(derivesIDs: false, runStart: now, isInFile: false))
    func scan(_ id: String?) throws(JSONScanError) -> RecordBatch {
      var batch = RecordBatch(kind: kind)
      let key = id.map { batch.intern($0.utf8) }
      let source = batch.addSource("")
      try decoder.decode(body, key: key, source: source, into: &batch)
      return batch
    }
    do throws(JSONScanError) {
      let batch = try scan(id)
      let isNameless = batch.issues.contains { $0.code == .idMissing }
      return (isNameless ? try scan(UUID().text) : batch, isNameless)
    } catch {
      let code: IssueCode =
        switch error.reason {
        case .tooDeep: .jsonDepth
        case .invalidUTF8: .inputEncoding
        default: .jsonSyntax
        }
      throw rejected(
        code,
        "the body is not valid JSON: \(JSONDiagnosis(error, in: body).message), at byte "
          + "\(error.offset)")
    }
  }

  /// The fields whose members are null.
  private func nullFields(in body: [UInt8]) -> Set<Int> {
    guard let text = String(validating: body, as: UTF8.self),
      case .object(let members)? = try? JSONValue(parsing: text)
    else { return [] }
    return Set(
      members.filter { $0.value == .null }.compactMap { kind.schema.position(ofMember: $0.name) })
  }

  private func content(of batch: RecordBatch, cleared: Set<Int>) -> Content {
    let entry = batch.entries[0]
    var issues = batch.issues.map { issue in
      // The body is no file, so issues in it have no place in one.
      var issue = issue
      issue.source = nil
      issue.line = nil
      issue.column = nil
      issue.offset = nil
      if issue.code == .idMismatch {
        issue.message = Self.otherID
      }
      return issue
    }
    if !entry.unknownMembers.isEmpty,
      case .object(let members)? = try? JSONValue(parsing: batch.text(entry.unknownMembers))
    {
      let hasMetadata = kind.schema.position(ofMember: "metadata") != nil
      for member in members {
        issues.append(
          Issue(
            severity: .error, code: IssueCode(rawValue: "field.unknown"), kind: kind,
            id: batch.id(at: 0), pointer: JSONPointer.to(member.name),
            message: "\(Violation.quoted(member.name)) is not a member of a "
              + "\(kind.schema.singular); remove it"
              + (hasMetadata ? ", or put it into \"metadata\"" : "")))
      }
    }
    let given = kind.schema.fields.indices.filter { entry.given.contains($0) }
    return Content(
      record: batch.record(at: 0), given: Set(given), cleared: cleared, issues: issues)
  }

  private func rejected(_ code: IssueCode, _ message: String) -> HTTPRefusal {
    HTTPRefusal(
      422, message, issues: [Issue(severity: .error, code: code, kind: kind, message: message)])
  }

  /// Refuses a body that is too large or not plain JSON.
  static func checkForm(_ request: ServerRequest) throws {
    guard request.body.count <= largest else {
      throw HTTPRefusal(
        413, "the body has \(request.body.count) bytes; at most \(largest) are accepted")
    }
    let type = request.field("Content-Type") ?? ""
    let parts = type.split(separator: ";", omittingEmptySubsequences: false).map {
      $0.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
    }
    let isJSON =
      parts.first == "application/json"
      && parts.dropFirst().allSatisfy { !$0.hasPrefix("charset=") || $0 == "charset=utf-8" }
    guard isJSON else {
      throw HTTPRefusal(
        415,
        type.isEmpty
          ? "the request has no Content-Type; send application/json"
          : "the Content-Type is \"\(type.shortened)\"; send application/json in UTF-8",
        fields: [
          HeaderField("Accept", "application/json")
        ] + (request.method == "PATCH" ? [HeaderField("Accept-Patch", "application/json")] : []))
    }
    let coding = request.list("Content-Encoding")?.lowercased() ?? "identity"
    guard coding == "identity" else {
      throw HTTPRefusal(
        415, "the Content-Encoding is \"\(coding.shortened)\"; send the body without encoding",
        fields: [HeaderField("Accept-Encoding", "identity")])
    }
  }
}

/// A UUID of version 4: 122 random bits (RFC 9562, 5.4).
struct UUID: Sendable {
  private let bits: (high: UInt64, low: UInt64)

  /// Creates a random UUID.
  init() {
    var generator = SystemRandomNumberGenerator()
    self.init(random: generator.next(), generator.next())
  }

  /// Creates a UUID from random bits, some of which are replaced by the version and the variant.
  init(random high: UInt64, _ low: UInt64) {
    bits = (high & ~0xF000 | 0x4000, low & ~(3 << 62) | 2 << 62)
  }

  /// The text, in lower case: `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`.
  var text: String {
    let digits = [bits.high, bits.low].map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(digit)
    }
    return text
  }
}
