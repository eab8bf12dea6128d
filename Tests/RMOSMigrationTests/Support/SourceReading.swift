import RMOSSystem
import RMOSTestSupport

@testable import RMOSMigration
@testable import RMOSModels

/// The entries that are read from a tree or a document.
struct SourceReading {
  struct Found: Equatable {
    var kind: EntityKind
    var id: String?
    var values: [Value]
    var origin: Provenance
    var line: Int
    var column: Int
    var given: FieldSet
    var isFailed: Bool
    var issues: [Issue]
    var referencePlaces: [RecordBatch.SourcePlace]

    var codes: [String] { issues.map(\.code.rawValue) }
    /// The locator, id and codes in one line, for tests to compare.
    var summary: String {
      ([origin.locator?.text ?? "-", id ?? "-"] + codes).joined(separator: " ")
    }
    private var givenMembers: String {
      let fields = kind.schema.fields
      return fields.indices.filter { given.contains($0) }.map { fields[$0].member }
        .joined(separator: ",")
    }
    /// Everything that does not depend on the place in the file and its encoding.
    var content: [String] {
      [kind.rawValue, id ?? "-", "\(values)", origin.unknownMembers ?? "-", givenMembers] + codes
        + issues.map(\.message) + [origin.locator?.text ?? "-"]
    }
  }

  var found: [Found] = []
  var notices: [Issue] = []
  /// The number of entries in each batch.
  var batches: [Int] = []
  var bytes = 0

  var summaries: [String] { found.map(\.summary) }
  var content: [[String]] { found.map(\.content) }

  init(
    _ tree: SourceTree, limits: SourceWindow.Limits = SourceWindow.Limits(), batchSize: Int = 1000,
    access: SourceAccess = .system
  ) throws {
    try self.init(
      path: tree.path, limits: limits, batchSize: batchSize, access: access)
    withExtendedLifetime(tree) {}
  }

  init(
    path: String, limits: SourceWindow.Limits, batchSize: Int, access: SourceAccess = .system
  ) throws {
    let batches = Batches()
    let input = SourceInput(
      source: path, catalog: .rmos, decoding: Self.options, batchSize: batchSize, access: access,
      limits: limits)
    let reader = SourceReader(input, emit: batches.append)
    try reader.readAll()
    add(batches.all)
  }

  /// Reads a single document of patterns, in memory.
  init(
    _ document: [UInt8], of kind: EntityKind = .patterns,
    as format: SourcePath.Format = .json, limits: SourceWindow.Limits = SourceWindow.Limits(),
    batchSize: Int = 1000, selecting selection: EntitySelection? = nil
  ) throws {
    let batches = Batches()
    let builder = SourceBatchBuilder(
      batchSize: batchSize, options: Self.options, emit: batches.append)
    let reader = DocumentReader(catalog: .rmos, limits: limits, into: builder)
    builder.begin(kind)
    builder.begin(file: Array("\(kind.table)/a.json".utf8))
    try reader.read(document, as: format, selecting: selection)
    builder.endFile(bytes: reader.bytesRead)
    try builder.endKind()
    add(batches.all)
  }

  private static let options = EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01")

  /// The batches that were emitted.
  private final class Batches {
    var all: [SourceBatch] = []

    func append(_ batch: SourceBatch) -> RecordBatch {
      all.append(batch)
      return RecordBatch(kind: .stripFamilies)
    }
  }

  private mutating func add(_ batches: [SourceBatch]) {
    for source in batches {
      let batch = source.records
      self.batches.append(batch.count)
      notices += source.notices.map(\.issue)
      bytes += source.bytes
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
