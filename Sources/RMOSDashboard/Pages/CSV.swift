import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore

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
  /// Creates a table without a first line, to follow another.
  private init(continuing: Void) {}

  private static let issueColumns = [
    "severity", "code", "kind", "id", "source", "locator", "line", "column", "offset", "pointer",
    "message", "new",
  ]

  /// Appends an issue, with the members it has in JSON.
  private mutating func append(_ issue: Issue) {
    func text(_ text: String?) -> Value { text.map(Value.text) ?? .null }
    func number(_ number: Int?) -> Value { number.map { .integer(Int64($0)) } ?? .null }
    append([
      text(issue.severity.rawValue), text(issue.code.rawValue), text(issue.kind?.rawValue),
      text(issue.id), text(issue.source), text(issue.locator?.text), number(issue.line),
      number(issue.column), number(issue.offset), text(issue.pointer), text(issue.message),
      text(issue.isNew.map { $0 ? "true" : "false" }),
    ])
  }

  /// How many issues are read at a time.
  static let issuesAtOnce = 10_000

  /// The issues that a query selects, however many; `nil` if the ledger does not have the run.
  ///
  /// Where the server can send a part after the other, no more than one is in memory.
  static func issues(
    _ query: IssueQuery, in store: any RecordStore, for request: ServerRequest,
    atOnce: Int = issuesAtOnce
  ) throws -> ServerResponse? {
    guard try store.read({ try $0.run(query.run) }) != nil else { return nil }
    let part: @Sendable (Int) throws -> [UInt8]? = { number in
      var csv = number == 0 ? CSV(issueColumns) : CSV(continuing: ())
      var query = query
      let (first, limit) = (number * atOnce, query.limit ?? .max)
      let (offset, overflows) = query.offset.addingReportingOverflow(first)
      query.offset = offset
      query.limit = min(atOnce, limit - first)
      var count = 0
      if limit > first, !overflows {
        try store.read { reader in
          try reader.forEachIssue(matching: query) {
            csv.append($0)
            count += 1
          }
        }
      }
      return number == 0 || count > 0 ? csv.bytes : nil
    }
    var response = ServerResponse.csv(try part(0) ?? [], name: "issues_\(query.run)")
    if request.takesParts {
      response.rest = ResponseParts { try part($0 + 1) }
      return response
    }
    var number = 1
    while let next = try part(number) {
      response.body += next
      number += 1
    }
    return response
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
