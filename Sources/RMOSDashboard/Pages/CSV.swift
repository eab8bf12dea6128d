import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore

/// A table as CSV (RFC 4180), with the names of the columns in the first line.
struct CSV {
  private(set) var bytes: [UInt8] = []

  /// Creates a table without rows.
  init(_ names: [String]) { append(names.map(Value.text)) }

  /// Removes and returns the lines appended since the last call.
  mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }

  /// Appends a row.
  mutating func append(_ values: [Value]) {
    bytes += values.map(Self.field).joined(separator: ",").utf8
    bytes += [0x0D, 0x0A]
  }

  private static func field(_ value: Value) -> String {
    guard case .text(let text) = value else { return PageText.text(value) ?? "" }
    return CSVText.field(text)
  }
}

extension CSV {
  private static let issueColumns = [
    "severity", "code", "kind", "id", "source", "locator", "line", "column", "offset", "pointer",
    "message", "new",
  ]

  /// Appends an issue, with the members that it has in JSON.
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

  /// Returns a response with the issues that a query selects; `nil` if the ledger does not have the
  /// run.
  static func issues(
    _ query: IssueQuery, in store: any RecordStore, for request: ServerRequest
  ) throws -> ServerResponse? {
    try store.read { reader in
      guard try reader.run(query.run) != nil else { return nil }
      var file = Download(for: request)
      var csv = CSV(issueColumns)
      try reader.forEachIssue(matching: query) { issue in
        csv.append(issue)
        if csv.bytes.count >= 1 << 16 { try file.append(csv.take()) }
      }
      try file.append(csv.take())
      return try file.body(of: .csv(name: "issues_\(query.run)"))
    }
  }
}

extension ServerResponse {
  /// Creates a response with CSV, to be saved as a file.
  static func csv(_ body: [UInt8] = [], name: String) -> ServerResponse {
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
