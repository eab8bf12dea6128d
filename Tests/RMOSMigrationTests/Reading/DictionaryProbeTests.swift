import RMOSTestSupport
import Testing

@testable import RMOSMigration
import RMOSSystem
@testable import RMOSModels

@Suite struct DictionaryProbeTests {
  private func isDictionary(_ text: String, chunk: Int = 64) throws -> Bool {
    try DictionaryProbe(
      schema: EntityKind.patterns.schema, limits: SourceWindow.Limits(chunk: chunk)
    ).isDictionary(Array(text.utf8))
  }

  @Test(arguments: [
    #"{"a": {}}"#, " \n{ \"a\" : { } , \"b\" : {\"c\": [1, \"}\"]} } ", #"{"metadata": {}}"#,
    #"{"": {}}"#, #"{"\ud800": {}}"#, #"{"a": {}, "a": {}}"#,
    // What broke after an entry that stood whole.
    #"{"a": {}"#, #"{"a": {},"#, #"{"a": {}, "b": {"#, #"{"a": {}, b: 1}"#, #"{"a": {} "b": {}}"#,
    #"{"a": {}, "b"}"#, #"{"a": {x}}"#,
  ])
  func objectsOfObjectsAre(_ text: String) throws {
    #expect(try isDictionary(text))
  }

  @Test(arguments: [
    "", " ", "[]", "{}", "{", "1", "\"a\"", #"{"a": 1}"#, #"{"a": {}, "b": 1}"#, #"{"a": []}"#,
    #"{"name": {}}"#, #"{"n\u0061me": {}}"#, #"{"a": {}, "geometry": {}}"#, #"{"a": {"#, #"{"a": "#,
    #"{"a"}"#,
    // Fields, and then a break: rather an entity that broke.
    #"{"metadata": {}, "b": {"#, #"{"rosette_geometry": {"a": 1}, "#,
  ])
  func nothingElseIs(_ text: String) throws {
    #expect(try !isDictionary(text))
  }

  /// The probe and the reader decide alike, so that it does not matter how large an object is.
  @Test(arguments: UInt64(0)..<4)
  func theProbeAgreesWithTheReader(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let names = ["a", "b", "name", "metadata", "ring_count", "", "n\\u0061me", "\\ud800"]
    let values = ["{}", "{\"name\": 1}", "{ \"x\": [{}] }", "{\"s\": \"}{\"}", "1", "[]", "null"]
    for _ in 0..<60 {
      let members = (0..<random.int(0...5)).map { _ in
        let value = random.chance(80) ? random.pick(Array(values.prefix(4))) : random.pick(values)
        return "\"\(random.pick(names))\": \(value)"
      }
      let text = "{\(members.joined(separator: ", "))}"
      let large = text.replacing("{}", with: "{\(String(repeating: " ", count: 300))}")
      let whole = try SourceReading(Array(text.utf8))
      let pieces = try SourceReading(Array(large.utf8), limits: SourceWindow.Limits(chunk: 64))
      #expect(pieces.content == whole.content, "\(text)")
      // A key that is no text fails without a locator.
      let isDictionary = whole.found.contains {
        $0.origin.locator != nil || $0.codes == ["json.syntax"]
      }
      #expect(try self.isDictionary(text) == isDictionary, "\(text)")
    }
  }

  @Test func bytesThatCannotBeReadAreAFailure() {
    struct Broken: ByteSource {
      let size = 1
      func read(
        into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
      ) throws(SystemError) -> Int {
        throw SystemError.hasChanged
      }
    }
    let probe = DictionaryProbe(
      schema: EntityKind.patterns.schema, limits: SourceWindow.Limits())
    #expect(throws: ReadFailure.self) { try probe.isDictionary(Broken()) }
  }
}
