@testable import RMOSMigration
@testable import RMOSModels

/// The result of mapping and decoding an object.
struct MappedObject {
  /// The mapped text; `nil` if no rule took the object.
  var text: String?
  var remarks: [ObjectMapper.Remark] = []
  /// The entity decoded from the text.
  var record: Record?
  var issues: [Issue] = []
  var isFailed = false
  var provenance: Provenance?
  var referencePlaces: [RecordBatch.SourcePlace] = []

  var value: JSONValue? { text.flatMap { try? JSONValue(parsing: $0) } }
  var codes: [String] { issues.map(\.code.rawValue) }

  /// Maps an object.
  ///
  /// - Parameters:
  ///   - object: The object as JSON, with white space before it or without.
  ///   - kind: The kind of the entity.
  ///   - mapping: The mapping.
  ///   - key: The object's key in a dictionary.
  ///   - keys: The object's keys, if it has others than `key`.
  ///   - isAlone: Whether a rule must recognize the object.
  /// - Throws: `JSONScanError` if the object is not JSON.
  init(
    _ object: String, as kind: EntityKind, by mapping: Mapping, key: String? = nil,
    keys: ObjectMapper.Keys? = nil, isAlone: Bool = false
  ) throws {
    let mapper = ObjectMapper(mapping.rules[kind] ?? [], for: kind, of: mapping)
    let decoder = EntityDecoder(
      kind: kind, options: EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01"))
    var batch = RecordBatch(kind: kind)
    var object = object
    let result: Result<Bool, JSONScanError> = object.withUTF8 { bytes in
      JSONScanner.withPaddedCopy(of: UnsafeRawBufferPointer(bytes)) { scanner in
        let start = scanner.cursor
        scanner.skipWhiteSpace()
        let place = SourceEncoding.utf8.advance(
          RecordBatch.SourcePlace(offset: 0, line: 1, column: 1),
          over: UnsafeBufferPointer(start: start, count: scanner.position))
        let origin = EntityOrigin(
          source: batch.addSource("a.json"), path: "a.json",
          key: key.map { batch.intern($0.utf8) }, place: place)
        do throws(JSONScanError) {
          let isTaken = try mapper.decode(
            &scanner, origin, keys: keys ?? .init(own: key.map { Array($0.utf8) }),
            isAlone: isAlone, with: decoder, into: &batch)
          return .success(isTaken)
        } catch {
          return .failure(error)
        }
      }
    }
    guard try result.get() else { return }
    text = String(decoding: mapper.text.bytes, as: UTF8.self)
    remarks = mapper.remarks
    record = batch.record(at: 0)
    issues = batch.issues
    isFailed = batch.entries[0].isFailed
    provenance = batch.provenance(at: 0, run: 0)
    referencePlaces = batch.referencePlaces
  }

  /// A field's value as text.
  subscript(member: String) -> String? {
    guard let record, let field = record.kind.schema.position(ofMember: member) else { return nil }
    return switch record.values[field] {
    case .null: nil
    case .text(let text): text
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .blob(let bytes): "\(bytes)"
    }
  }
}

extension Mapping {
  /// Creates a mapping of one rule for job logs, given as JSON.
  static func joblogs(_ rule: String, names: String = "exact") throws -> Mapping {
    try Mapping(
      parsing: #"{"mapping":1,"name":"test","names":"\#(names)","joblogs":[\#(rule)]}"#)
  }
}
