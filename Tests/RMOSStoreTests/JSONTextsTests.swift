import RMOSModels
import Testing

@testable import RMOSStore

@Suite struct JSONTextsTests {
  @Test func eachTextIsThereOnceByItsBytesInOrder() {
    let texts = JSONTexts(
      of: .text(#"{"m":["b","a","b",1,"e\u0301"],"n":"\u00e9","o":"c","n2":["a"]}"#),
      ["m", "n", "n2"])
    #expect(
      texts.texts.map { Array($0.utf8) } == ["b", "a", "e\u{301}", "\u{e9}"].map { Array($0.utf8) })
    #expect(texts.contains("e\u{301}") && texts.contains("\u{e9}") && !texts.contains("c"))
  }

  /// The time matters, because each page of a list counts the texts of all its rows.
  @Test(.timeLimit(.minutes(1))) func manyTextsTakeTimeInProportion() {
    let list = (0..<100_000).map { #""material \#($0)""# }.joined(separator: ",")
    #expect(JSONTexts(of: .text(#"{"m":[\#(list)]}"#), ["m"]).texts.count == 100_000)
  }
}
