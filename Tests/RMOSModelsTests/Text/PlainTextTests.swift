import RMOSModels
import RMOSTesting
import Testing

/// Tests of text for terminals.
@Suite struct PlainTextTests {
  @Test(arguments: [
    ("", 0), ("ebony", 5), ("é", 1), ("e\u{301}", 1), ("黒檀", 4), ("흑단", 4), ("ｱ", 1), ("Ａ", 2),
    ("🎸", 2), ("🇩🇪", 2), ("✓", 1), ("…", 1), ("क\u{94d}", 1), ("a\u{200d}b", 2),
  ])
  func widthIsInColumns(_ text: String, _ columns: Int) {
    #expect(PlainText.width(text) == columns)
    #expect(PlainText.padded(text, to: 6, left: false) == text + spaces(6 - columns))
    #expect(PlainText.padded(text, to: 6, left: true) == spaces(6 - columns) + text)
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

  @Test(arguments: 0..<200)
  func noWordThatFitsALineIsWiderThanIt(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let width = Int.random(in: 20...60, using: &random)
    let words = (0..<Int.random(in: 0...12, using: &random)).map { _ in
      String(repeating: "x", count: Int.random(in: 1...70, using: &random))
    }
    let label = ["", "Source      ", "Checked "].randomElement(using: &random) ?? ""
    let lines = PlainText.wrapped(
      words.joined(separator: " "), width: width, after: label,
      indent: Int.random(in: 0...3, using: &random),
      hanging: Int.random(in: 0...width / 2, using: &random))
    let labels = label.split(separator: " ").map(String.init)
    #expect(lines.flatMap { $0.split(separator: " ").map(String.init) } == labels + words)
    #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
    #expect(words.isEmpty || lines.allSatisfy { !$0.isEmpty })
    for line in lines where line.count > width {
      #expect(line.split(separator: " ").contains { $0.count > width }, "\(line)")
    }
  }

  @Test(arguments: [
    (1234.5, 2, "1234.50"), (-0.004, 2, "0.00"), (9e14, 3, "900000000000000.000"),
    (9.9e14, 6, "-"), (1e15, 0, "-"), (.infinity, 1, "-"), (.nan, 1, "-"),
  ])
  func aNumberTooLargeForItsDecimalsIsNotShown(_ number: Double, _ decimals: Int, _ text: String) {
    #expect(PlainText.fixed(number, decimals: decimals) == text)
  }

  @Test func aPathThatFitsALineIsOnItWholeAndLessIndented() {
    #expect(
      PlainText.wrapped("/srv/shop/rmos_legacy", width: 30, after: "Source      ", hanging: 12)
        == ["Source", "         /srv/shop/rmos_legacy"])
    #expect(
      PlainText.wrapped(
        "/srv/shop/rmos_legacy/that/does/not/fit", width: 30, after: "Source      ", hanging: 12)
        == ["Source      /srv/shop/rmos_legacy/that/does/not/fit"])
  }
}
