import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

/// The body of a response with a file, such as a long table as CSV.
///
/// It is written completely, from one state of the store, before it is sent: the first part in
/// memory, the rest in a temporary file. So a long table takes little memory, and a slow client
/// does not keep the store from writing.
struct Download {
  /// The maximum number of bytes that are kept in memory and sent at a time.
  static let partSize = 1 << 16

  private let takesParts: Bool
  private let partSize: Int
  /// The first part.
  private var first: [UInt8] = []
  /// The bytes that follow the first part and are not in the file yet.
  private var pending: [UInt8] = []
  private var file: TemporaryFile?

  /// Creates an empty body for the response to a request.
  init(for request: ServerRequest, partSize: Int = Self.partSize) {
    takesParts = request.takesParts
    self.partSize = partSize
  }

  /// Appends bytes.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be written.
  mutating func append(_ bytes: [UInt8]) throws(StoreError) {
    let fits = file == nil && pending.isEmpty && first.count + bytes.count <= partSize
    guard takesParts, !fits, !first.isEmpty else {
      first += bytes
      return
    }
    pending += bytes
    if pending.count >= partSize { try spill() }
  }

  private mutating func spill() throws(StoreError) {
    do throws(SystemError) {
      if file == nil { file = try TemporaryFile() }
      try file?.append(pending)
    } catch {
      throw StoreError(
        error.isOutOfSpace ? .diskFull : .inputOutput,
        "the response cannot be buffered in a temporary file (\(error.reason)); TMPDIR names "
          + "another directory for it")
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Returns a response with this body.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be written.
  consuming func body(of response: ServerResponse) throws(StoreError) -> ServerResponse {
    if !pending.isEmpty { try spill() }
    var response = response
    response.body = first
    guard let file else { return response }
    let size = partSize
    response.rest = ResponseParts { number in
      let bytes = try file.bytes(size, at: number * size)
      return bytes.isEmpty ? nil : bytes
    }
    return response
  }
}

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
        if csv.bytes.count >= 1 << 14 { try file.append(csv.take()) }
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
