import RMOSModels
import Testing

/// Text for terminals.
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
}
