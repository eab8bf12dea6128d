import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Keys of dictionaries that are unusual as ids.
@Suite struct DictionaryKeyTests {
  private func read(_ key: String, id: String?) throws -> SourceReading.Found {
    let member = id.map { #""id": "\#($0)", "# } ?? ""
    let text = #"{"\#(key)": {\#(member)"name": "n", "ring_count": 1, "geometry": {"r": 1}}}"#
    let found = try SourceReading(try SourceTree(["patterns/a.json": text])).found
    return try #require(found.count == 1 ? found.first : nil)
  }

  /// Keys as JSON has them, and as messages show them.
  private static let keys = [
    (#"\t"#, #""\u{9}""#), ("", #""""#), ("  ", #""  ""#), (#"\u00a0"#, #""\u{a0}""#),
    (#"\u0000"#, #""\u{0}""#), (#"k\u001b[31m"#, #""k\u{1b}[31m""#),
    (#"\u202ek"#, #""\u{202e}k""#), ("y", #""y""#),
    (String(repeating: "k", count: 1000), #""\#(String(repeating: "k", count: 60))…""#),
  ]

  @Test(arguments: keys)
  func aKeyThatIsNotTheIDDisagrees(_ key: String, _ shown: String) throws {
    let found = try read(key, id: "x")
    #expect(found.isFailed && found.codes == ["id.mismatch"])
    #expect(found.issues.first?.message.contains("key is \(shown);") == true)
  }

  @Test(arguments: keys.prefix(4))
  func aBlankKeyIsNoID(_ key: String, _ shown: String) throws {
    let found = try read(key, id: nil)
    #expect(found.isFailed && found.codes == ["field.empty"])
    #expect(found.id == nil)
    #expect(found.issues.first?.message.contains("key is \(shown),") == true)
  }

  @Test(arguments: keys.prefix(4))
  func aBlankKeyDoesNotReplaceAnIDOfAnotherType(_ key: String, _ shown: String) throws {
    let tree = try SourceTree(["patterns/a.json": #"{"\#(key)": {"id": [1]}}"#])
    let found = try #require(try withExtendedLifetime(tree) { try SourceReading(tree).found.first })
    #expect(found.isFailed && found.codes.contains("field.type"))
    #expect(found.id == nil)
  }

  @Test func aBlankIDIsBlankUnderAnyKey() throws {
    for key in ["k", #"\t"#] {
      let found = try read(key, id: " ")
      #expect(found.codes == ["field.empty"])
      #expect(found.issues.map(\.pointer) == ["/id"])
    }
  }
}
