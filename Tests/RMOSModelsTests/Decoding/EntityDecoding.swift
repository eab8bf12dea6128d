@testable import RMOSModels

/// The result of reading one entity as the pipeline reads it.
struct EntityDecoding {
  var batch: RecordBatch
  var result: EntityDecoder.Form?
  var error: JSONScanError?
  /// The final position of the scanner.
  var end = 0

  /// Decodes `text` with a new decoder.
  init(
    _ kind: EntityKind, _ text: String, derivesIDs: Bool = true, key: String? = nil,
    mayHoldEntities: Bool = false, encoding: SourceEncoding = .utf8
  ) {
    let decoder = EntityDecoder(
      kind: kind, options: EntityDecoder.Options(derivesIDs: derivesIDs, runStart: "2026-03-01"))
    self.init(
      decoder, into: RecordBatch(kind: kind), Array(text.utf8), key: key,
      mayHoldEntities: mayHoldEntities, encoding: encoding)
  }

  /// Reads `bytes` into a batch that may hold other entities.
  init(
    _ decoder: EntityDecoder, into batch: RecordBatch, _ bytes: [UInt8], key: String? = nil,
    mayHoldEntities: Bool = false, encoding: SourceEncoding = .utf8
  ) {
    var batch = batch
    var origin = EntityOrigin(
      source: batch.addSource("dir/a.json"), path: "dir/a.json",
      place: RecordBatch.SourcePlace(offset: 0, line: 1, column: 1), encoding: encoding)
    origin.key = key.map { batch.intern($0.utf8) }
    origin.locator = origin.key.map { .key($0) } ?? .none
    var (result, error, end): (EntityDecoder.Form?, JSONScanError?, Int) = (nil, nil, 0)
    bytes.withUnsafeBytes { bytes in
      JSONScanner.withPaddedCopy(of: bytes) { scanner in
        scanner.skipWhiteSpace()
        do throws(JSONScanError) {
          result = try decoder.decode(
            &scanner, origin, mayHoldEntities: mayHoldEntities, into: &batch)
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
