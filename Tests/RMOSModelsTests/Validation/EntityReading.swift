@testable import RMOSModels

/// One entity, read from text as the pipeline reads it.
struct EntityReading {
  var batch: RecordBatch
  var result: EntityReader.Result?
  var error: JSONScanError?
  /// Where the scanner stood in the end.
  var end = 0

  /// Reads `text` with a reader of its own.
  init(
    _ kind: EntityKind, _ text: String, derivesIDs: Bool = true, key: String? = nil,
    mayBeDictionary: Bool = false, encoding: SourceEncoding = .utf8
  ) {
    let reader = EntityReader(
      kind: kind, options: EntityReader.Options(derivesIDs: derivesIDs, runStart: "2026-03-01"))
    self.init(
      reader, into: RecordBatch(kind: kind), Array(text.utf8), key: key,
      mayBeDictionary: mayBeDictionary, encoding: encoding)
  }

  /// Reads `bytes` into a batch that is in use.
  init(
    _ reader: EntityReader, into batch: RecordBatch, _ bytes: [UInt8], key: String? = nil,
    mayBeDictionary: Bool = false, encoding: SourceEncoding = .utf8
  ) {
    var batch = batch
    var context = EntityReader.Context(
      source: batch.addSource("dir/a.json"), path: "dir/a.json",
      place: RecordBatch.SourcePlace(offset: 0, line: 1, column: 1), encoding: encoding)
    context.key = key.map { batch.intern($0.utf8) }
    context.locator = context.key.map { .key($0) } ?? .none
    context.mayBeDictionary = mayBeDictionary
    var (result, error, end): (EntityReader.Result?, JSONScanError?, Int) = (nil, nil, 0)
    bytes.withUnsafeBytes { bytes in
      JSONScanner.withPaddedCopy(of: bytes) { scanner in
        scanner.skipWhiteSpace()
        do throws(JSONScanError) {
          result = try reader.read(&scanner, context, into: &batch)
        } catch let failure {
          error = failure
        }
        end = scanner.position
      }
    }
    (self.batch, self.result, self.error, self.end) = (batch, result, error, end)
  }

  /// The last entity of the batch.
  var record: Record { batch.record(at: batch.count - 1) }
  var entry: RecordBatch.Entry { batch.entries[batch.count - 1] }
  var id: String? { batch.id(at: batch.count - 1) }
  var issues: [Issue] { Array(batch.issues[entry.issues]) }
  var codes: [String] { issues.map(\.code.rawValue) }
  var unknownMembers: String? { batch.provenance(at: batch.count - 1, run: 1).unknownMembers }
}
