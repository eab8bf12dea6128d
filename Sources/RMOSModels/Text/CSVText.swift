/// Text in CSV (RFC 4180).
package enum CSVText {
  /// A text as a field.
  ///
  /// One that spreadsheets would take for a formula begins with an apostrophe.
  package static func field(_ text: String) -> String {
    let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
    let text = isFormula ? "'" + text : text
    guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
