import RMOSModels
import RMOSStore
import RMOSSystem

/// The ids of a kind's rows, and their values by the rules by which migration reads files.
struct RowCheck: AuditCheck {
  let kind: EntityKind
  let rules: [AuditRule] = [
    .blankID, .paddedID, .nearDuplicateID, .missingField, .fieldType, .fieldEncoding, .emptyField,
    .fieldRange, .fieldFormat, .unknownValue, .jsonSyntax, .timeOrder,
  ]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard let table = context.table(kind) else { return rules }
    let check = try KindCheck(kind, context)
    var ids = NearDuplicates()
    let looksForDuplicates = context.log.wants(.nearDuplicateID)
    var count = 0
    try context.inspector.forEachRow(of: kind, in: table) { row in
      count += 1
      try check.row(row)
      // Ids that are not UTF-8 are alike only as they are shown.
      if looksForDuplicates, let id = row.key.id, !row.invalidText.contains(0) { ids.insert(id) }
    }
    context.rowCounts[kind] = count
    try ids.forEachPair(ids: { try context.inspector.forEachID(of: kind, $0) }) { first, second in
      context.log.add(
        AuditFinding(
          .warning, .nearDuplicateID, kind: kind, id: second, column: "id", found: second,
          expected: "an id that differs more from \(Violation.quoted(first))",
          "the ids \(Violation.quoted(first)) and \(Violation.quoted(second)) differ only by "
            + "case, white space or the composition of characters; are they the same "
            + "\(kind.schema.singular)?"))
    }
    return rules
  }
}

/// The check of one kind's rows.
private final class KindCheck {
  private let kind: EntityKind
  private let log: AuditLog
  /// The fields whose columns exist.
  private let isPresent: [Bool]
  /// The fields that this database allows to be NULL though migration would fill them.
  private let mayBeNull: [Bool]
  private var origins: FindingOrigins

  init(_ kind: EntityKind, _ context: AuditContext) throws {
    self.kind = kind
    origins = FindingOrigins(context)
    log = context.log
    isPresent = kind.schema.fields.map { context.has(kind, column: $0.column) }
    mayBeNull = kind.schema.fields.map { field in
      !field.isRequired && context.table(kind)?.column(field.column)?.isNotNull == false
    }
  }

  func row(_ row: InspectedRow) throws {
    if let id = row.key.id { try checkPadding(id, row) }
    for field in isPresent.indices where row.invalidText.contains(field) {
      try add(
        .fieldEncoding, .error, field, row, found: "bytes that are not UTF-8", expected: "UTF-8")
    }
    for (field, violation) in row.record.violations() {
      guard isPresent[field], !row.invalidText.contains(field),
        let rule = rule(for: violation, of: field), let (found, expected) = violation.comparison
      else { continue }
      var severity = violation.severity
      // A default that an application left out does no harm; a missing id does.
      if case .missing(because: nil, _, _) = violation, field > 0, mayBeNull[field] {
        severity = .warning
      }
      try add(rule, severity, field, row, found: found, expected: expected)
    }
  }

  private func rule(for violation: Violation, of field: Int) -> AuditRule? {
    if field == 0, [.fieldMissing, .fieldEmpty].contains(violation.code) { return .blankID }
    return AuditRule(code: violation.code.rawValue)
  }

  private func checkPadding(_ id: String, _ row: InspectedRow) throws {
    guard !String.isPlainAtEnds(id.utf8), let trimmed = id.withoutOuterWhiteSpace else { return }
    log.add(
      AuditFinding(
        .warning, .paddedID, kind: kind, id: id, row: row.key.rowID, column: "id",
        found: Violation.quoted(id), expected: Violation.quoted(trimmed),
        repair: .trimID(kind: kind, id: id, to: trimmed),
        origin: log.keeps(.paddedID, .warning) ? try origins.origin(of: kind, id) : nil,
        "the id \(Violation.quoted(id)) begins or ends with white space"))
  }

  private func add(
    _ rule: AuditRule, _ severity: Severity, _ field: Int, _ row: InspectedRow, found: String,
    expected: String
  ) throws {
    let column = kind.schema.fields[field].column
    log.add(
      AuditFinding(
        severity, rule, kind: kind, id: row.key.id, row: row.key.rowID, column: column,
        found: found, expected: expected,
        edited: log.keeps(rule, severity)
          ? try row.key.id.flatMap { try origins.edited(kind, $0) } : nil,
        "\(column) is \(found.shortened); expected \(expected.shortened)"))
  }
}

/// Finds ids that differ only by case, white space and the composition of characters.
///
/// Keeps eight bytes per id; ids whose hashes are equal are compared in full.
struct NearDuplicates {
  private var hashes: [UInt64] = []

  /// How many hashes that several ids have are looked for in one pass over all ids.
  private static let suspectsPerPass = 50_000

  /// Adds an id.
  ///
  /// - Complexity: O(1) amortized in the ids.
  mutating func insert(_ id: String) { hashes.append(Self.hash(id)) }

  /// Calls `body` with an id and each further one that is the same after folding.
  ///
  /// - Parameters:
  ///   - ids: Calls its argument with every id that was added; called once for every 50,000
  ///     suspects, if there are any.
  ///   - body: Takes the first id and a further one.
  /// - Throws: What `ids` throws.
  /// - Complexity: O(n log n) in the ids.
  mutating func forEachPair(
    ids: ((String) throws -> Void) throws -> Void, _ body: @escaping (String, String) -> Void
  ) throws {
    hashes.sort()
    var suspects: [UInt64] = []
    var previous: UInt64?
    for hash in hashes {
      if hash == previous, suspects.last != hash { suspects.append(hash) }
      previous = hash
    }
    hashes = []
    for start in stride(from: 0, to: suspects.count, by: Self.suspectsPerPass) {
      let chunk = Set(suspects[start..<min(start + Self.suspectsPerPass, suspects.count)])
      var firsts: [String: String] = [:]
      try ids { id in
        guard chunk.contains(Self.hash(id)) else { return }
        let folded = Self.folded(id)
        if let first = firsts[folded] {
          body(first, id)
        } else {
          firsts[folded] = id
        }
      }
    }
  }

  /// A hash of the folded id.
  private static func hash(_ id: String) -> UInt64 {
    var id = id
    let plain: UInt64? = id.withUTF8 { bytes in
      guard unsafe bytes.isASCII else { return nil }
      return unsafe hash(ofASCII: bytes)
    }
    if let plain { return plain }
    var text = folded(id)
    // Some letters beyond ASCII have an ASCII lower-case form.
    if text.allBytesSatisfy({ $0 < 0x80 }) { return text.withUTF8 { unsafe hash(ofASCII: $0) } }
    var hasher = Hasher()
    hasher.combine(text)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  private static func hash(ofASCII bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, bytes.count)) { buffer in
      var count = 0
      for index in bytes.indices {
        let byte = unsafe bytes[index]
        if byte == 0x20 || 0x09...0x0D ~= byte { continue }
        let isCapital = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        unsafe buffer.initializeElement(at: count, to: isCapital ? byte | 0x20 : byte)
        count += 1
      }
      var hasher = Hasher()
      unsafe hasher.combine(
        bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
  }

  /// The id in lower case without white space; strings compare equal whether composed or not.
  private static func folded(_ id: String) -> String {
    var folded = ""
    for scalar in id.lowercased().unicodeScalars where !scalar.properties.isWhitespace {
      folded.unicodeScalars.append(scalar)
    }
    return folded
  }
}
