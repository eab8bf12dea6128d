import RMOSTestSupport
import Testing

@testable import RMOSModels

/// Tests that values are copied into the arena correctly and within the reserved bytes.
///
/// The arena has exactly the length that the reader reserves. Writing beyond it stops the address
/// sanitizer, and otherwise corrupts a value, which the tests notice.
@Suite struct EntityDecoderArenaTests {
  private let options = EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01")

  /// Reads all entities into one batch, and compares each with a separate reading.
  private func readInARow(_ kind: EntityKind, _ texts: [String]) {
    let decoder = EntityDecoder(kind: kind, options: options)
    var batch = RecordBatch(kind: kind)
    for text in texts { batch = EntityDecoding(decoder, into: batch, Array(text.utf8)).batch }
    #expect(batch.count == texts.count)
    for (index, text) in texts.enumerated() {
      let alone = EntityDecoding(kind, text)
      #expect(batch.record(at: index) == alone.record)
      #expect(batch.id(at: index) == alone.id)
      #expect(batch.digest(at: index) == SHA256.hash(Array(text.utf8)))
      #expect(batch.provenance(at: index, run: 1).unknownMembers == alone.unknownMembers)
      #expect(batch.issues[batch.entries[index].issues].map(\.code) == alone.issues.map(\.code))
    }
  }

  @Test(arguments: EntityCatalog.rmos.kinds, UInt64(0)..<3)
  func entitiesOfOneBatchDoNotTouchEachOther(_ kind: EntityKind, _ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let texts = (0..<150).map { _ in randomObject(kind, &random) }
    readInARow(kind, texts)
  }

  /// Returns an object of mostly known members, with values of any type and spelling.
  private func randomObject(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
    func space() -> String { random.pick(["", "", " ", "\n", "\t "]) }
    let names = kind.schema.fields.map(\.member) + ["x", "", "é", "a\"b", "x y"]
    let members = (0..<random.int(0...14)).map { _ -> String in
      let name = JSONValue.string(random.pick(names))
      let spelled = random.chance(80) ? name.text : name.respelled(&random)
      let value = JSONValue.random(&random, depth: 3).respelled(&random)
      return space() + spelled + space() + ":" + space() + value + space()
    }
    return "{" + (members.isEmpty ? space() : members.joined(separator: ",")) + "}"
  }

  @Test(arguments: [1, 2, 7, 500, 5000])
  func unknownMembersHoweverManyAreKept(_ count: Int) {
    let tight = (0..<count).map { #""\#($0)":0"# }.joined(separator: ",")
    #expect(EntityDecoding(.patterns, "{\(tight)}").unknownMembers == "{\(tight)}")
    let loose = "{ " + tight.replacing(",", with: " ,\n ").replacing(":", with: " : ") + " }"
    #expect(EntityDecoding(.patterns, loose).unknownMembers == "{\(tight)}")
  }

  /// The output has the length of the input: there is no white space, and everything is kept.
  @Test(arguments: 1...40)
  func anEntityWithoutASpareByteFits(_ length: Int) {
    let filler = String(repeating: "x", count: length)
    let text =
      #"{"strips":["\#(filler)"],"metadata":{"\#(filler)":1},"\#(filler)":"\#(filler)"}"#
    let decoder = EntityDecoder(kind: .stripFamilies, options: options)
    var batch = RecordBatch(kind: .stripFamilies)
    for _ in 0..<60 { batch = EntityDecoding(decoder, into: batch, Array(text.utf8)).batch }
    for index in 0..<60 {
      #expect(batch.record(at: index)["strips"] == .text(#"["\#(filler)"]"#))
      #expect(batch.record(at: index)["metadata"] == .text(#"{"\#(filler)":1}"#))
      #expect(
        batch.provenance(at: index, run: 1).unknownMembers == #"{"\#(filler)":"\#(filler)"}"#)
    }
  }

  @Test func unknownMembersKeepStringsAndEscapesAsTheyAre() {
    let value = #"{"a  b":"x \" y \\","\\":["\\\""," "],"\u0020":"\\\\\" , : {"}"#
    let spaced = #"{ "a  b" : "x \" y \\" , "\\" : [ "\\\"" , " " ] , "\u0020" : "\\\\\" , : {" }"#
    let reading = EntityDecoding(.patterns, #"{ "k\"e y" : \#(spaced) , "z" : null }"#)
    #expect(reading.unknownMembers == #"{"k\"e y":\#(value),"z":null}"#)
  }

  @Test(arguments: UInt64(60)..<64)
  func jsonFieldsAndUnknownMembersAreCompactedAlike(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let value = JSONValue.random(&random).respelled(&random)
      let compact = try JSONText(parsing: value).text
      let reading = EntityDecoding(.patterns, #"{"metadata": \#(value) , "other": \#(value) }"#)
      #expect(reading.unknownMembers == #"{"other":\#(compact)}"#)
      if compact != "null" { #expect(reading.record["metadata"] == .text(compact)) }
    }
  }

  @Test func digestsAreThoseOfTheBytesHoweverMany() {
    let decoder = EntityDecoder(kind: .patterns, options: options)
    var batch = RecordBatch(kind: .patterns)
    let texts = [10, 1 << 20, 20, 3 << 20, 1 << 20, 30].map { count in
      #"{"id": "x", "y": "\#(String(repeating: "z", count: count))"}"#
    }
    for text in texts {
      let mark = batch.mark
      batch = EntityDecoding(decoder, into: batch, Array(#"{"id": "other"}"#.utf8)).batch
      batch.rollBack(to: mark)
      batch = EntityDecoding(decoder, into: batch, Array(text.utf8)).batch
    }
    for (index, text) in texts.enumerated() {
      #expect(batch.digest(at: index) == SHA256.hash(Array(text.utf8)))
    }
    batch.reset(kind: .patterns)
    batch = EntityDecoding(decoder, into: batch, Array("{}".utf8)).batch
    #expect(batch.digest(at: 0) == SHA256.hash(Array("{}".utf8)))
  }

  @Test func aBatchTakesBackWhatWasAppended() {
    let decoder = EntityDecoder(kind: .patterns, options: options)
    var batch = EntityDecoding(decoder, into: RecordBatch(kind: .patterns), Array("{}".utf8)).batch
    let (mark, record, used) = (batch.mark, batch.record(at: 0), batch.arena.count)
    batch = EntityDecoding(decoder, into: batch, Array(#"{"id": "x", "y": 1, "y": 2}"#.utf8)).batch
    batch.rollBack(to: mark)
    #expect(batch.count == 1 && batch.arena.count == used && batch.record(at: 0) == record)
    #expect(batch.issues.count == batch.entries[0].issues.upperBound)
  }
}
