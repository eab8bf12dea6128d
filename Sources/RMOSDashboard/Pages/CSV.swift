import RMOSHTML
import RMOSHTTP
import RMOSModels

/// A table as CSV (RFC 4180) with the columns' names in the first line.
///
/// A text that spreadsheets would take for a formula begins with an apostrophe.
struct CSV {
  private(set) var bytes: [UInt8] = []

  /// Creates a table without rows.
  init(_ names: [String]) { append(names.map(Value.text)) }

  /// Appends a row.
  mutating func append(_ values: [Value]) {
    bytes += values.map(Self.field).joined(separator: ",").utf8
    bytes += [0x0D, 0x0A]
  }

  private static func field(_ value: Value) -> String {
    guard case .text(var text) = value else { return PageText.text(value) ?? "" }
    if let first = text.utf8.first, "=+-@\t\r".utf8.contains(first) { text = "'" + text }
    guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

extension CSV {
  /// Creates the table of issues, with the members they have in JSON.
  init(_ issues: [Issue]) {
    self.init(
      [
        "severity", "code", "kind", "id", "source", "locator", "line", "column", "offset",
        "pointer",
        "message", "new",
      ])
    func text(_ text: String?) -> Value { text.map(Value.text) ?? .null }
    func number(_ number: Int?) -> Value { number.map { .integer(Int64($0)) } ?? .null }
    for issue in issues {
      append([
        text(issue.severity.rawValue), text(issue.code.rawValue), text(issue.kind?.rawValue),
        text(issue.id), text(issue.source), text(issue.locator?.text), number(issue.line),
        number(issue.column), number(issue.offset), text(issue.pointer), text(issue.message),
        text(issue.isNew.map { $0 ? "true" : "false" }),
      ])
    }
  }
}

extension ServerResponse {
  /// Creates a response with CSV, to be saved as a file.
  static func csv(_ body: [UInt8], name: String) -> ServerResponse {
    file(body, name: "\(name).csv", type: "text/csv; charset=utf-8; header=present")
  }

  /// Creates a response that browsers save as a file.
  static func file(_ body: [UInt8], name: String, type: String) -> ServerResponse {
    ServerResponse(
      status: 200,
      fields: [
        HeaderField("Content-Type", type),
        HeaderField("Content-Disposition", "attachment; filename=\"\(name)\""),
        HeaderField("Cache-Control", "no-store"),
      ] + securityFields,
      body: body)
  }
}
