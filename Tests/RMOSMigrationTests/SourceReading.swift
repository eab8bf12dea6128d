import RMOSTestSupport

@testable import RMOSMigration
@testable import RMOSModels

/// What a ``SourceReader`` finds in a tree, entry by entry.
struct SourceReading {
  struct Found: Equatable {
    var kind: EntityKind
    var id: String?
    var values: [Value]
    var origin: Provenance
    var line: Int
    var column: Int
    var given: UInt32
    var isFailed: Bool
    var issues: [Issue]
    var referencePlaces: [RecordBatch.SourcePlace]

    var codes: [String] { issues.map(\.code.rawValue) }
    /// One line for a test to compare: locator, id and codes.
    var summary: String {
      ([origin.locator?.text ?? "-", id ?? "-"] + codes).joined(separator: " ")
    }
    /// All that does not depend on where in the file the entity stands, or in which encoding.
    var content: [String] {
      [kind.rawValue, id ?? "-", "\(values)", origin.unknownMembers ?? "-", "\(given)"] + codes
        + issues.map(\.message) + [origin.locator?.text ?? "-"]
    }
  }

  var found: [Found] = []
  var remarks: [Issue] = []
  /// How many entries each delivery had.
  var deliveries: [Int] = []
  var bytes = 0

  var summaries: [String] { found.map(\.summary) }
  var content: [[String]] { found.map(\.content) }

  init(
    _ tree: SourceTree, limits: SourceWindow.Limits = SourceWindow.Limits(), batchSize: Int = 1000
  ) throws {
    try self.init(path: tree.path, limits: limits, batchSize: batchSize)
    withExtendedLifetime(tree) {}
  }

  init(path: String, limits: SourceWindow.Limits, batchSize: Int) throws {
    var result: [SourceReader.Delivery] = []
    let reader = SourceReader(
      root: path, batchSize: batchSize,
      options: EntityReader.Options(derivesIDs: true, runStart: "2026-03-01"), limits: limits
    ) { delivery in
      result.append(delivery)
      return RecordBatch(kind: .stripFamilies)
    }
    try reader.readAll()
    for delivery in result {
      let batch = delivery.batch
      deliveries.append(batch.count)
      remarks += delivery.remarks.map(\.issue)
      bytes += delivery.bytes
      let width = batch.kind.schema.references.count
      for index in 0..<batch.count {
        let entry = batch.entries[index]
        found.append(
          Found(
            kind: batch.kind, id: batch.id(at: index), values: batch.record(at: index).values,
            origin: batch.provenance(at: index, run: 0), line: entry.place.line,
            column: entry.place.column, given: entry.given, isFailed: entry.isFailed,
            issues: Array(batch.issues[entry.issues]),
            referencePlaces: Array(batch.referencePlaces[index * width..<(index + 1) * width])))
      }
    }
  }
}

/// The encodings a source may have.
enum TextEncoding: CaseIterable {
  case utf8, utf8WithMark, littleEndian, bigEndian

  func bytes(of text: String) -> [UInt8] {
    switch self {
    case .utf8: Array(text.utf8)
    case .utf8WithMark: [0xEF, 0xBB, 0xBF] + Array(text.utf8)
    case .littleEndian:
      [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    case .bigEndian: [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }
  }
}
