import CLibPQ
import RMOSStore

/// A connection to a server: the only type that communicates with it through libpq.
///
/// One thread at a time may use it.
// Sendable because the owners, which lend it, enforce that.
@safe final class PostgresConnection: @unchecked Sendable {
  private let pointer: OpaquePointer
  private let address: PostgresAddress
  /// The server, database and user, for messages.
  let location: String
  /// The version of the server, such as 150004: `PQserverVersion`.
  let serverVersion: Int
  /// The server's report about the last statement; `nil` if it did not fail, or did not reach the
  /// server.
  private(set) var report: ServerReport?
  /// The names of the prepared statements, by their text.
  private var prepared: [String: String] = [:]
  private var preparedCount = 0
  private var cursorCount = 0
  /// Polled while waiting for the server; when it returns `true`, the statement is cancelled.
  private var isCancelled: (() -> Bool)?

  /// Connects: `PQconnectdbParams`.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, or ``StoreError/Code/busy`` if the server has too
  ///   many connections.
  init(_ address: PostgresAddress) throws(StoreError) {
    let start = ContinuousClock.now
    let connection = unsafe Self.connect(address.parameters)
    guard let connection = unsafe connection else {
      throw StoreError(.other, "there is no memory for a connection to PostgreSQL")
    }
    let location = unsafe Self.location(of: connection)
    if unsafe PQstatus(connection) != CONNECTION_OK {
      let reason = unsafe Self.line(String(cString: PQerrorMessage(connection)))
      let isQuick = ContinuousClock.now - start < .seconds(1)
      let states = unsafe Self.statesOfRefusal(reason, connection, mayTryAgain: isQuick)
      guard unsafe PQstatus(connection) == CONNECTION_OK else {
        unsafe PQfinish(connection)
        throw Self.refusal(location, address.withoutSecrets(reason), states)
      }
    }
    unsafe pointer = connection
    self.address = address
    self.location = location
    serverVersion = Int(unsafe PQserverVersion(connection))
    // By default, libpq prints notices on standard error.
    unsafe PQsetNoticeReceiver(connection, { _, _ in }, nil)
    try checkServer()
  }

  /// `PQfinish`.
  deinit { unsafe PQfinish(pointer) }

  private static func connect(
    _ parameters: [(keyword: String, value: String)]
  ) -> OpaquePointer? {
    unsafe withCStrings(parameters.map { $0.keyword }) { keywords in
      unsafe withCStrings(parameters.map { $0.value }) { values in
        unsafe PQconnectdbParams(keywords, values, 1)
      }
    }
  }

  /// The English messages of a server that has too many connections, and of one that is starting or
  /// stopping, by SQLSTATE.
  private static let wordsOfRefusal = [
    SQLState.tooManyConnections: [
      "too many clients", "too many connections", "remaining connection slots",
    ],
    SQLState.cannotConnectNow: ["the database system is"],
  ]

  /// Returns the SQLSTATEs of a refused connection: `PQsetErrorVerbosity`, `PQreset`.
  ///
  /// Messages are in the language of the server. libpq gives SQLSTATEs only if the verbosity is set
  /// before connecting, which needs a connection object. So if the message has no known English
  /// words, and the first attempt was quick, this connects once more.
  private static func statesOfRefusal(
    _ reason: String, _ connection: OpaquePointer, mayTryAgain: Bool
  ) -> Set<String> {
    let known = wordsOfRefusal.filter { $0.value.contains { reason.contains($0) } }
    // Some servers count attempts with a wrong password.
    guard known.isEmpty, mayTryAgain, !reason.contains("password authentication failed") else {
      return Set(known.keys)
    }
    unsafe PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE)
    defer { unsafe PQsetErrorVerbosity(connection, PQERRORS_DEFAULT) }
    unsafe PQreset(connection)
    let message = unsafe String(cString: PQerrorMessage(connection))
    return Set(
      message.split(whereSeparator: \.isNewline).compactMap {
        $0.split(separator: " ").last.map { String($0) }
      })
  }

  private static func refusal(
    _ location: String, _ reason: String, _ states: Set<String>
  ) -> StoreError {
    let isFull = states.contains(SQLState.tooManyConnections)
    return StoreError(
      isFull || states.contains(SQLState.cannotConnectNow) ? .busy : .cannotOpen,
      "cannot connect to \(location): \(reason)"
        + (isFull ? "; wait for others to disconnect, or raise max_connections" : ""),
      path: location)
  }

  /// Returns the server, the database and the user: `PQhost`, `PQport`, `PQdb`, `PQuser`.
  private static func location(of connection: OpaquePointer) -> String {
    func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
      unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
    return unsafe PostgresAddress.shownText(
      host: text(PQhost(connection)), port: text(PQport(connection)),
      user: text(PQuser(connection)), database: text(PQdb(connection)))
  }

  /// Returns a message of libpq on one line, its lines separated by semicolons.
  private static func line(_ message: String) -> String {
    message.split(whereSeparator: \.isNewline).map { String($0).trimmingSpaces }
      .joined(separator: "; ")
  }

  /// Refuses a server that is too old, or whose database is not in UTF-8, and sets the format of
  /// values.
  private func checkServer() throws(StoreError) {
    guard serverVersion >= 130_000 else {
      throw StoreError(
        .cannotOpen,
        "\(location) is PostgreSQL \(serverVersion / 10_000); 13 or newer is needed", path: location
      )
    }
    let encoding =
      unsafe PQparameterStatus(pointer, "server_encoding")
      .map { unsafe String(cString: $0) } ?? ""
    guard encoding == "UTF8" else {
      throw StoreError(
        .unusableSchema,
        "the encoding of \(location) is \(encoding), which cannot hold every text; create a "
          + "database with ENCODING 'UTF8'", path: location)
    }
    try execute(
      """
      SET extra_float_digits = 1; SET bytea_output = hex; SET standard_conforming_strings = on;
      SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
      SET cursor_tuple_fraction = 1; SET escape_string_warning = off; SET jit = off;
      SELECT set_config('synchronous_commit', 'on', false)
      WHERE current_setting('synchronous_commit') = 'off'
      """)
  }

  // MARK: Statements

  /// Runs statements without parameters: `PQsendQuery`.
  ///
  /// - Returns: The result of the last statement.
  @discardableResult
  func execute(_ sql: String) throws(StoreError) -> PostgresResult? {
    try send { unsafe PQsendQuery(pointer, sql) }
    return try lastResult()
  }

  /// Runs a statement, which is prepared the first time: `PQsendPrepare`, `PQsendQueryPrepared`.
  ///
  /// - Parameters:
  ///   - sql: The statement, with parameters `$1`, `$2`, …
  ///   - parameters: Their values in text form; `nil` is NULL.
  /// - Returns: The result.
  /// - Throws: ``StoreError/Code/constraint`` if a value contains NUL, or what the server reports.
  @discardableResult
  func query(_ sql: String, _ parameters: [String?] = []) throws(StoreError) -> PostgresResult {
    let sql = completed(sql)
    let isPrepared = prepared[sql] != nil
    do throws(StoreError) {
      return try queryPrepared(sql, parameters)
    } catch {
      // The server refuses a prepared statement if the types of its columns have changed.
      guard isPrepared, report?.state == SQLState.featureNotSupported else { throw error }
      prepared[sql] = nil
      if isIdle { return try queryPrepared(sql, parameters) }
      // The error has ended the transaction.
      throw StoreError(
        .busy,
        "\(location): another application changed a table that was being read or written; run "
          + "again", path: location)
    }
  }

  private func queryPrepared(
    _ sql: String, _ parameters: [String?]
  ) throws(StoreError) -> PostgresResult {
    let name = try name(ofPrepared: sql)
    try checkText(parameters)
    try send {
      unsafe withCStrings(parameters) { values in
        unsafe PQsendQueryPrepared(
          pointer, name, Int32(parameters.count), values, nil, nil, 0)
      }
    }
    guard let result = try lastResult() else { throw lost() }
    return result
  }

  /// Runs a statement that is not worth preparing: `PQsendQueryParams`.
  @discardableResult
  func queryOnce(_ sql: String, _ parameters: [String?]) throws(StoreError) -> PostgresResult {
    try checkText(parameters)
    try send {
      unsafe withCStrings(parameters) { values in
        unsafe PQsendQueryParams(
          pointer, sql, Int32(parameters.count), nil, values, nil, nil, 0)
      }
    }
    guard let result = try lastResult() else { throw lost() }
    return result
  }

  private func name(ofPrepared sql: String) throws(StoreError) -> String {
    if let name = prepared[sql] { return name }
    // Searches have many forms, and the server must not keep all of them.
    if prepared.count >= 100 { try forgetStatements() }
    preparedCount += 1
    let name = "s\(preparedCount)"
    try send { unsafe PQsendPrepare(pointer, name, sql, 0, nil) }
    _ = try lastResult()
    prepared[sql] = name
    return name
  }

  /// Forgets all prepared statements.
  func forgetStatements() throws(StoreError) {
    if prepared.isEmpty { return }
    prepared = [:]
    try execute("DEALLOCATE ALL")
  }

  private func checkText(_ parameters: [String?]) throws(StoreError) {
    for case let text? in parameters where text.utf8.contains(0) { throw Self.nulInText }
  }

  /// The error for a text that PostgreSQL cannot store.
  static let nulInText = StoreError(
    .constraint, "a text contains the character NUL (U+0000), which PostgreSQL cannot hold")

  /// Missing tables that queries may name, each with the query that replaces it.
  var standIns: [(table: String, sql: String)] = []

  /// Returns a query with definitions for the missing tables that it names.
  private func completed(_ sql: String) -> String {
    guard !standIns.isEmpty, sql.hasPrefix("SELECT ") else { return sql }
    let used = standIns.filter { sql.contains($0.table) }.map { "\($0.table) AS (\($0.sql))" }
    return used.isEmpty ? sql : "WITH \(used.joined(separator: ", ")) \(sql)"
  }

  /// Calls `body` with each row of a query, in constant memory, with a cursor.
  ///
  /// `body` may run other statements. Must be called within a transaction.
  func forEachRow(
    _ sql: String, _ parameters: [String?] = [], _ body: (PostgresRow) throws -> Void
  ) throws {
    try readRows(sql, parameters) { row in
      try body(row)
      return true
    }
  }

  /// Calls `body` with each row of a query, like ``forEachRow(_:_:_:)``, until it returns `false`.
  func readRows(
    _ sql: String, _ parameters: [String?] = [], while body: (PostgresRow) throws -> Bool
  ) throws {
    cursorCount += 1
    let name = "c\(cursorCount)"
    try queryOnce("DECLARE \(name) NO SCROLL CURSOR FOR \(completed(sql))", parameters)
    var size = 32
    do {
      while true {
        guard let rows = try execute("FETCH \(size) FROM \(name)") else { throw lost() }
        guard try rows.rows.allSatisfy(body), rows.count == size else { break }
        size = min(max(1, size * Self.fetchSize / max(1, rows.memorySize)), size * 4, 512)
      }
    } catch {
      // A failed transaction has already closed the cursor.
      if unsafe PQtransactionStatus(pointer) == PQTRANS_INTRANS {
        _ = try? execute("CLOSE \(name)")
      }
      throw error
    }
    try execute("CLOSE \(name)")
  }

  /// The memory that the rows of one FETCH should take, in bytes.
  private static let fetchSize = 1 << 19

  /// A COPY statement, and a closure that writes its rows.
  typealias Copy = (sql: String, write: (inout CopyRows) throws(StoreError) -> Void)

  /// Sends rows in the text format of COPY, to one table after another: `PQputCopyData`,
  /// `PQputCopyEnd`.
  ///
  /// All statements are sent at once, which saves a round trip for each. While the server stores
  /// the rows of one table, those of the next are written to memory.
  ///
  /// - Parameters:
  ///   - copies: The statements.
  ///   - isSavepoint: Whether all of them are rolled back if one fails, so that the transaction can
  ///     go on.
  /// - Returns: The number of rows that each statement stored.
  /// - Throws: What the server reports, or what `write` throws.
  func copy(_ copies: [Copy], isSavepoint: Bool = false) throws(StoreError) -> [Int] {
    let statements = copies.map(\.sql)
    do throws(StoreError) {
      return try sendCopies(
        isSavepoint ? ["SAVEPOINT part"] + statements + ["RELEASE part"] : statements,
        copies.map(\.write))
    } catch {
      if isSavepoint { cleanUp("ROLLBACK TO part; RELEASE part") }
      throw error
    }
  }

  private func sendCopies(
    _ statements: [String], _ writers: [(inout CopyRows) throws(StoreError) -> Void]
  ) throws(StoreError) -> [Int] {
    try send { unsafe PQsendQuery(pointer, statements.joined(separator: "; ")) }
    var counts: [Int] = []
    for (number, write) in writers.enumerated() {
      var rows = CopyRows(to: self, isHeldBack: number > 0)
      do throws(StoreError) {
        if number == 0 { try waitForCopy(&counts) }
        try write(&rows)
        if number > 0 { try waitForCopy(&counts) }
        try rows.flush()
      } catch {
        // This makes the server discard the rows that it has received.
        if isAlive, unsafe PQputCopyEnd(pointer, "abandoned") == 1 { drain() }
        throw error
      }
      guard unsafe PQputCopyEnd(pointer, nil) == 1 else { throw notSent() }
    }
    guard try !isCopyNext(&counts), counts.count == writers.count else { throw lost() }
    return counts
  }

  private func waitForCopy(_ counts: inout [Int]) throws(StoreError) {
    guard try isCopyNext(&counts) else { throw lost() }
  }

  /// Reads results up to the next COPY that waits for rows, or to the end: `PQgetResult`.
  ///
  /// - Parameter counts: The number of rows of each COPY that has ended is appended.
  /// - Returns: Whether a COPY waits for rows.
  /// - Throws: What the server reports.
  private func isCopyNext(_ counts: inout [Int]) throws(StoreError) -> Bool {
    while true {
      try waitForInput()
      guard let result = unsafe PQgetResult(pointer) else { return false }
      switch unsafe PQresultStatus(result) {
      case PGRES_COPY_IN:
        unsafe PQclear(result)
        return true
      case PGRES_COMMAND_OK:
        let ended = unsafe PostgresResult(result)
        if ended.isOfCopy { counts.append(ended.changes) }
      default:
        let error = unsafe error(of: result)
        unsafe PQclear(result)
        drain()
        throw error
      }
    }
  }

  private func drain() { _ = try? lastResult() }

  /// Sends some of the rows: `PQputCopyData`.
  fileprivate func put(_ bytes: [UInt8]) throws(StoreError) {
    let isSent = unsafe bytes.withUnsafeBytes { bytes in
      unsafe PQputCopyData(
        pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1
    }
    guard isSent else { throw notSent() }
  }

  // MARK: Waiting

  /// Calls `body`, and cancels its current statement when `isCancelled` returns `true`: `PQcancel`.
  func run<Result>(
    whileNot isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      let outer = self.isCancelled
      self.isCancelled = { outer?() == true || isCancelled() }
      defer { self.isCancelled = outer }
      return try body()
    }
  }

  private func send(_ send: () -> Int32) throws(StoreError) {
    report = nil
    if isCancelled?() == true { throw StoreError.abandoned }
    guard send() == 1 else { throw notSent() }
  }

  /// Waits for the next result: `PQisBusy`, `PQconsumeInput`.
  private func waitForInput() throws(StoreError) {
    var isAsked = false
    while unsafe PQisBusy(pointer) == 1 {
      // Without `isCancelled`, there is nothing to poll until data arrives.
      let isReady = waitForSocket(milliseconds: isCancelled == nil ? -1 : 50)
      if !isAsked, isCancelled?() == true {
        isAsked = true
        cancelStatement()
      }
      if isReady, unsafe PQconsumeInput(pointer) == 0 { throw lost() }
    }
  }

  /// `PQsocket`, `poll`.
  private func waitForSocket(milliseconds: Int32) -> Bool {
    var descriptor = pollfd(
      fd: unsafe PQsocket(pointer), events: Int16(POLLIN), revents: 0)
    // If it was interrupted by a signal, the caller reads nothing, and waits again.
    return unsafe poll(&descriptor, 1, milliseconds) != 0
  }

  /// `PQgetCancel`, `PQcancel`.
  private func cancelStatement() {
    guard let request = unsafe PQgetCancel(pointer) else { return }
    var message = [CChar](repeating: 0, count: 256)
    _ = unsafe PQcancel(request, &message, Int32(message.count))
    unsafe PQfreeCancel(request)
  }

  /// Reads all results of the statements that were sent: `PQgetResult`.
  ///
  /// - Returns: The last one.
  private func lastResult() throws(StoreError) -> PostgresResult? {
    var last: PostgresResult?
    var failure: StoreError?
    while true {
      try waitForInput()
      guard let result = unsafe PQgetResult(pointer) else { break }
      switch unsafe PQresultStatus(result) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
        last = unsafe PostgresResult(result)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        // Only `copy(_:isSavepoint:)` starts a COPY.
        unsafe PQclear(result)
        throw lost()
      default:
        // The first error is the cause; later ones are consequences.
        failure = unsafe failure ?? error(of: result)
        unsafe PQclear(result)
      }
      if unsafe PQstatus(pointer) == CONNECTION_BAD { break }
    }
    if let failure { throw failure }
    if !isAlive { throw lost() }
    return last
  }

  // MARK: State

  /// Whether the session is not known to be lost: `PQstatus`.
  var isAlive: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }

  /// The state of the transaction: `PQtransactionStatus`.
  var transactionState: PGTransactionStatusType { unsafe PQtransactionStatus(pointer) }

  /// Whether a transaction is open and can go on.
  var isInTransaction: Bool { transactionState == PQTRANS_INTRANS }

  /// Whether neither a transaction is open nor a statement running.
  var isIdle: Bool { transactionState == PQTRANS_IDLE }

  /// The number of the server's process: `PQbackendPID`.
  var processID: Int32 { unsafe PQbackendPID(pointer) }

  /// The settings of the connection, including the password, by the names of libpq's environment
  /// variables: `PQconninfo`.
  var parameters: [String: String] {
    var parameters: [String: String] = [:]
    for (_, variable, value) in options { if let variable { parameters[variable] = value } }
    parameters["PGSERVICE"] = nil
    return parameters
  }

  /// The keywords of the secrets of the connection for which libpq has no environment variable.
  var secretsWithoutVariable: [String] {
    options.filter { option in
      option.variable == nil && !option.value.isEmpty
        && PostgresAddress.secretKeywords.contains(option.keyword)
    }.map(\.keyword)
  }

  /// The settings of the connection: `PQconninfo`.
  private var options: [(keyword: String, variable: String?, value: String)] {
    guard let options = unsafe PQconninfo(pointer) else { return [] }
    defer { unsafe PQconninfoFree(options) }
    var found: [(keyword: String, variable: String?, value: String)] = []
    var next = unsafe options
    while let keyword = unsafe next.pointee.keyword {
      if let value = unsafe next.pointee.val {
        let variable = unsafe next.pointee.envvar.map { unsafe String(cString: $0) }
        unsafe found.append((String(cString: keyword), variable, String(cString: value)))
      }
      unsafe next += 1
    }
    return found
  }

  /// Returns a message of another program without the secrets of the URL.
  func withoutSecrets(_ message: String) -> String { address.withoutSecrets(message) }

  /// Returns the error for a session that was lost.
  private func lost() -> StoreError {
    let message = unsafe Self.line(String(cString: PQerrorMessage(pointer)))
    return StoreError(
      .inputOutput,
      "the connection to \(location) was lost"
        + (message.isEmpty ? "" : " (\(address.withoutSecrets(message)))")
        + "; what was not committed is not kept: run again", path: location)
  }

  /// Returns the error for data that libpq did not send: the session was lost, or libpq refused the
  /// data, for instance a statement with too many parameters.
  private func notSent() -> StoreError {
    guard isAlive else { return lost() }
    let message = unsafe Self.line(String(cString: PQerrorMessage(pointer)))
    return StoreError(
      .other, "\(location): \(address.withoutSecrets(message))", path: location)
  }

  private func error(of result: OpaquePointer) -> StoreError {
    let report = unsafe ServerReport(result)
    self.report = report
    if report.state == SQLState.queryCanceled, isCancelled?() == true { return .abandoned }
    if report.endsSession || report.state.isEmpty {
      return StoreError(
        .inputOutput,
        "the connection to \(location) was lost ("
          + "\(address.withoutSecrets(Self.line(report.message)))"
          + "); what was not committed is not kept: run again", path: location)
    }
    return StoreError(
      report.code,
      "\(location): \(address.withoutSecrets(Self.line(report.text)))\(report.advice)",
      path: location)
  }

  // MARK: Transactions

  /// Calls `body`, and rolls back what it wrote if it throws: `SAVEPOINT`.
  func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
    try execute("SAVEPOINT part")
    do {
      let result = try body()
      try execute("RELEASE part")
      return result
    } catch {
      // If this fails, too, the whole transaction is lost, which the commit will report.
      let report = report
      cleanUp("ROLLBACK TO part; RELEASE part")
      self.report = report
      throw error
    }
  }

  /// Calls `body` in a transaction, which is rolled back if `body` throws.
  ///
  /// - Parameters:
  ///   - mode: The transaction mode, for BEGIN.
  ///   - body: The work to do.
  /// - Returns: What `body` returns.
  /// - Throws: What the server reports, or what `body` throws.
  func transaction<Result>(_ mode: String, _ body: () throws -> Result) throws -> Result {
    try execute("BEGIN \(mode)")
    do {
      let result = try body()
      guard isInTransaction else { throw lostTransaction }
      try commit()
      return result
    } catch {
      if !isIdle { cleanUp("ROLLBACK") }
      throw error
    }
  }

  /// Runs statements that clean up after an error, even if the work is cancelled; their own failure
  /// is ignored, so that it does not hide the first error.
  func cleanUp(_ sql: String) {
    guard isAlive else { return }
    let (question, report) = (isCancelled, report)
    isCancelled = nil
    defer { (isCancelled, self.report) = (question, report) }
    _ = try? execute(sql)
  }

  private func commit() throws(StoreError) {
    do {
      try execute("COMMIT")
    } catch {
      var error = error
      if !isAlive {
        error.message =
          "the connection to \(location) was lost while a transaction was being committed, so "
          + "whether it was is not known; run again: what is there already is not written twice"
      }
      throw error
    }
  }

  /// The error for a transaction that the server has rolled back after an error that was ignored.
  var lostTransaction: StoreError {
    isAlive
      ? StoreError(
        .other,
        "\(location): PostgreSQL rolled the transaction back after an error within it; "
          + "nothing of it was kept; run it again", path: location)
      : lost()
  }
}

extension StoreError {
  /// The error for work that the caller cancelled.
  static var abandoned: StoreError {
    StoreError(.cancelled, "the work was cancelled, and nothing was changed")
  }
}

extension String {
  /// The text without surrounding white space.
  var trimmingSpaces: String {
    let rest = drop { $0.isWhitespace }
    return String(rest.reversed().drop { $0.isWhitespace }.reversed())
  }
}

/// Writes rows in the text format of COPY, and sends them in pieces.
struct CopyRows {
  private let connection: PostgresConnection
  /// Whether the rows stay in memory until they are flushed.
  private let isHeldBack: Bool
  private var bytes: [UInt8] = []
  private var isFirst = true
  private static let size = 1 << 16

  fileprivate init(to connection: PostgresConnection, isHeldBack: Bool) {
    self.connection = connection
    self.isHeldBack = isHeldBack
    bytes.reserveCapacity(Self.size * 2)
  }

  /// Writes a column with the text form of a value; `nil` is NULL.
  mutating func append(_ text: String?) {
    guard var text else { return appendPlain("\\N") }
    separate()
    text.withUTF8 { unsafe appendEscaped($0.span) }
  }

  /// Writes a column with a text form that needs no escapes.
  mutating func appendPlain(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  /// Writes a column with bytes, as BYTEA.
  mutating func append(bytes value: [UInt8]) {
    separate()
    bytes += [UInt8(ascii: "\\"), UInt8(ascii: "\\"), UInt8(ascii: "x")]
    for byte in value {
      bytes.append(Self.digit(byte >> 4))
      bytes.append(Self.digit(byte & 15))
    }
  }

  private static func digit(_ half: UInt8) -> UInt8 {
    half + (half < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
  }

  private mutating func separate() {
    if !isFirst { bytes.append(UInt8(ascii: "\t")) }
    isFirst = false
  }

  private mutating func appendEscaped(_ text: Span<UInt8>) {
    var start = 0
    for index in text.indices {
      let byte = text[index]
      guard byte == UInt8(ascii: "\\") || byte < 0x20 else { continue }
      let letter: UInt8
      switch byte {
      case UInt8(ascii: "\n"): letter = UInt8(ascii: "n")
      case UInt8(ascii: "\r"): letter = UInt8(ascii: "r")
      case UInt8(ascii: "\t"): letter = UInt8(ascii: "t")
      case UInt8(ascii: "\\"): letter = byte
      default: continue
      }
      append(text, start..<index)
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(letter)
      start = index + 1
    }
    append(text, start..<text.count)
  }

  private mutating func append(_ text: Span<UInt8>, _ range: Range<Int>) {
    unsafe text.extracting(range).withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  /// Ends a row.
  mutating func endRow() throws(StoreError) {
    bytes.append(UInt8(ascii: "\n"))
    isFirst = true
    if bytes.count >= Self.size, !isHeldBack { try flush() }
  }

  fileprivate mutating func flush() throws(StoreError) {
    if bytes.isEmpty { return }
    try connection.put(bytes)
    bytes.removeAll(keepingCapacity: true)
  }
}

/// Calls `body` with an array of C strings that ends with a null pointer; `nil` becomes a null
/// pointer, too.
func withCStrings<Result>(
  _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
  var bytes: [CChar] = []
  bytes.reserveCapacity(texts.reduce(0) { $0 + ($1?.utf8.count ?? 0) + 1 })
  var starts: [Int?] = []
  for text in texts {
    guard let text else {
      starts.append(nil)
      continue
    }
    starts.append(bytes.count)
    bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
    bytes.append(0)
  }
  return unsafe bytes.withUnsafeBufferPointer { bytes in
    var pointers = unsafe starts.map { start -> UnsafePointer<CChar>? in
      guard let start, let base = bytes.baseAddress else { return nil }
      return unsafe base + start
    }
    unsafe pointers.append(nil)
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}
