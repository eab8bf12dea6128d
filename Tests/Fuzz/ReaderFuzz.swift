// A libFuzzer target over the scanner and the entity decoder; see Scripts/fuzz.sh. It is compiled
// together with the sources of RMOSModels and is no target of the package.

/// Runs one input through both and stops where a property does not hold.
///
/// - Parameters:
///   - start: The input. Its first byte chooses the kind and how the entity stands.
///   - count: Its length, bytes.
/// - Returns: Always 0: take the next input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let bytes = UnsafeBufferPointer(start: start + 1, count: count - 1)
  checkScanner(bytes)
  checkReader(bytes, choice: Int(start.pointee))
  return 0
}

/// The scanner, and the trees and copies it makes, agree with a second parser.
private func checkScanner(_ bytes: UnsafeBufferPointer<UInt8>) {
  let accepts = (try? JSONScanner.validate(UnsafeRawBufferPointer(bytes))) != nil
  let expected = JSONOracle.value(of: Array(bytes))
  precondition(accepts == (expected != nil), "the scanner and the other parser disagree")
  guard accepts, let text = String(validating: bytes, as: UTF8.self) else { return }
  precondition(
    (try? JSONValue(parsing: text, replacingLoneSurrogates: true)) == expected,
    "the tree is not that of the other parser")
  precondition(
    (try? JSONScanner.compacted(text)) == JSONOracle.compacted(text),
    "the copy is not the compact text")
}

/// What is read fits its room, is JSON where it should be, and passes validation where it is right.
private func checkReader(_ bytes: UnsafeBufferPointer<UInt8>, choice: Int) {
  let kind = EntityCatalog.rmos.kinds[choice % 3]
  let path = "p.json"
  let decoder = EntityDecoder(
    kind: kind, options: EntityDecoder.Options(derivesIDs: choice & 8 == 0, runStart: "2026-01-01"))
  var batch = RecordBatch(kind: kind)
  var origin = EntityOrigin(
    source: batch.addSource(path), path: path,
    place: RecordBatch.SourcePlace(offset: 0, line: 1, column: 1),
    encoding: choice & 16 == 0 ? .utf8 : .utf16(isBigEndian: choice & 32 == 0))
  if choice & 64 != 0 { origin.key = batch.intern("key".utf8) }
  let before = batch.arena.count
  JSONScanner.withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
    scanner.skipWhiteSpace()
    guard !scanner.isAtEnd, scanner.byte == UInt8(ascii: "{") else { return }
    let start = scanner.position
    guard (try? decoder.decode(&scanner, origin, into: &batch)) != nil else {
      precondition(
        batch.arena.count == before && batch.count == 0, "a failed read left something behind")
      return
    }
    // Beside the entity: defaults and a derived id.
    let allowed = scanner.position - start + path.utf8.count + 128
    precondition(batch.arena.count - before <= allowed, "more is kept than the entity has")
  }
  guard batch.count == 1 else { return }
  let record = batch.record(at: 0)
  if let unknown = batch.provenance(at: 0, run: 1).unknownMembers {
    precondition((try? JSONText(parsing: unknown))?.text == unknown, "unknown members are not JSON")
  }
  for case (.json, .text(let text)) in zip(kind.schema.fields.map(\.type), record.values) {
    precondition((try? JSONText(parsing: text))?.text == text, "a JSON column is not JSON")
  }
  for issue in batch.issues {
    precondition((issue.line ?? 0) > 0 && (issue.column ?? 0) > 0, "an issue without a place")
  }
  if !batch.entries[0].isFailed {
    precondition(!record.validate().contains { $0.severity == .error }, "accepted, but not valid")
  }
}
