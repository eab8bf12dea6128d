import RMOSTestSupport
import Testing

@testable import RMOSModels

/// Tests of objects with more members than the decoder lists.
@Suite struct ManyMembersTests {
  private let limit = ScannedObject.listLimit
  private let duplicateLimit = ScannedObject.duplicateLimit

  /// Returns members with different names that no kind has.
  private func unknown(_ count: Int, from start: Int = 0) -> [String] {
    (start..<start + count).map { #""u\#($0)":\#($0)"# }
  }

  private func object(_ members: [String]) -> String {
    "{" + members.joined(separator: ",") + "}"
  }

  @Test(arguments: [-1, 0, 1, 5000])
  func membersOnBothSidesOfTheLimitAreKeptInOrder(_ more: Int) {
    let few = unknown(limit + more)
    let loose = "{ " + few.joined(separator: " ,\n ").replacing(":", with: " : ") + " }"
    #expect(EntityDecoding(.patterns, object(few)).unknownMembers == object(few))
    #expect(EntityDecoding(.patterns, loose).unknownMembers == object(few))
  }

  /// The fields, one of them under another name, come after more unknown members than are listed.
  @Test func fieldsBeyondTheLimitAreRead() {
    let (before, after) = (unknown(limit + 10), unknown(20, from: limit + 10))
    let fields = [#""name":"x""#, #""pattern_id":"p""#, #""geometry_json":{ "a" : 1 }"#]
    let reading = EntityDecoding(.patterns, object(before + fields + after))
    #expect(reading.record["name"] == .text("x"))
    #expect(reading.record["id"] == .text("p"))
    #expect(reading.record["geometry"] == .text(#"{"a":1}"#))
    #expect(reading.unknownMembers == object(before + after))
  }

  /// Escaped and unescaped spellings are the same name.
  @Test(arguments: [0, 5000])
  func aRepeatedNameIsFoundHoweverFarItIsAndHoweverItIsSpelled(_ shift: Int) {
    let members = unknown(limit + shift)
    for spelling in [#""u7""#, #""\u00757""#, #""u\u0037""#] {
      let text = object(members + [spelling + ":0", #""last":1"#])
      let duplicates = EntityDecoding(.patterns, text).issues
        .filter { $0.code == .jsonDuplicateKey }
      #expect(duplicates.count == 1)
      let offset = object(members).utf8.count
      #expect(duplicates.first?.offset == offset)
      #expect(duplicates.first?.pointer == "/u7")
    }
  }

  @Test func noNameIsTakenForOneThatItBeginsWith() {
    let names = (0..<limit * 2).map { String(repeating: "a", count: $0 % 90) + "\($0)" }
    let text = object(names.flatMap { [#""\#($0)":1"#, #""\#($0)b":1"#, #""\#($0)\n":1"#] })
    let reading = EntityDecoding(.patterns, text)
    #expect(!reading.issues.contains { $0.code == .jsonDuplicateKey })
    #expect(reading.unknownMembers == text)
  }

  @Test(arguments: ["name", "geometry_json", "pattern_id", "other"])
  func ofMoreDuplicatesThanAreToldTheFirstHundredAre(_ name: String) {
    let flood = Array(repeating: #""\#(name)":1"#, count: limit * 3)
    let reading = EntityDecoding(.patterns, object([#""id":"p""#] + flood))
    let duplicates = reading.issues.filter { $0.code == .jsonDuplicateKey }
    #expect(duplicates.count == duplicateLimit)
    #expect(duplicates.allSatisfy { $0.pointer == "/\(name)" })
    let offsets = duplicates.compactMap(\.offset)
    #expect(offsets == offsets.sorted() && Set(offsets).count == duplicateLimit)
  }

  /// Warnings of members that look like a field must not hide an error.
  @Test func manyLookAlikesHideNoDuplicate() {
    let spellings = (0..<1024).map { bits in
      let name = "ring-count".enumerated().map { index, letter in
        letter != "-" && bits >> index & 1 == 1 ? letter.uppercased() : String(letter)
      }
      return "\"\(name.joined())\":1"
    }
    let text = object([#""twice":1"#] + Set(spellings).sorted().prefix(200) + [#""twice":2"#])
    let codes = EntityDecoding(.patterns, text).issues.map(\.code)
    #expect(codes.count { $0 == .fieldLookAlike } == duplicateLimit)
    #expect(codes.contains(.jsonDuplicateKey))
  }

  /// The issues of an object are in the order of its members.
  @Test func duplicatesAndLookAlikesAreToldInOrder() {
    let text = object([#""a":1"#, #""a":1"#, #""Ring_Count":1"#, #""a":1"#, #""NAME":"x""#])
    let offsets = EntityDecoding(.patterns, text).issues
      .filter { [.jsonDuplicateKey, .fieldLookAlike].contains($0.code) }.compactMap(\.offset)
    #expect(offsets.count == 4 && offsets == offsets.sorted())
  }

  /// The decoder is used for small objects after one with very many members.
  @Test func whatFollowsAnObjectOfManyMembersIsReadLikeAnyOther() {
    let decoder = EntityDecoder(
      kind: .patterns, options: .init(derivesIDs: true, runStart: "2026-03-01"))
    var batch = RecordBatch(kind: .patterns)
    let texts = [
      object(unknown(40_000)), #"{"a":1,"b":2,"a":3}"#, object(unknown(14) + [#""u3":1"#]), "{}",
    ]
    for text in texts { batch = EntityDecoding(decoder, into: batch, Array(text.utf8)).batch }
    let counts = batch.entries.map { entry in
      batch.issues[entry.issues].count { $0.code == .jsonDuplicateKey }
    }
    #expect(counts == [0, 1, 1, 0])
    #expect(batch.unknownMembers(at: 0) == texts[0] && batch.unknownMembers(at: 3) == nil)
  }
}
