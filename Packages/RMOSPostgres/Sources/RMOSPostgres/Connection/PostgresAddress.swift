import CLibPQ
import RMOSStore

/// Where a database is, as a URL or another connection string of libpq.
///
/// The string may hold a password, so it is never shown: messages name the server, the database and
/// the user alone.
struct PostgresAddress: Sendable {
  /// The connection string, as given.
  private let text: String
  /// What must not appear in a message.
  private let secrets: [String]
  /// The options that the string does not set, with values that keep a lost server from being
  /// waited for without end.
  private let defaults: [(keyword: String, value: String)]

  /// Reads a connection string: `PQconninfoParse`.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen`` if it is not one.
  init(_ text: String) throws(StoreError) {
    guard let options = Self.parse(text) else { throw Self.unreadable() }
    for key in ["host", "dbname", "user"] where options[key]?.contains("@") == true {
      throw Self.unreadable(
        "its \(key == "dbname" ? "database" : key) has an @; in a password, write @ as %40 and / "
          + "as %2F")
    }
    // Parameters with an @ in them, which libpq takes for the user and the password.
    if ["user", "password"].contains(where: { options[$0]?.contains("password=") == true }) {
      throw Self.unreadable("in a password, write @ as %40 and / as %2F")
    }
    let ports = options["port"]?.split(separator: ",", omittingEmptySubsequences: true) ?? []
    guard ports.allSatisfy({ UInt16($0) != nil }) else {
      throw Self.unreadable(
        "its port is not a number; in a password, write @ as %40 and / as %2F")
    }
    self.text = text
    secrets = Self.secretKeywords.compactMap { options[$0] }
      .filter { $0.utf8.count >= Self.shortestSecret }
    let environment = Self.environment()
    defaults = Self.timeouts.filter { options[$0.keyword] == nil && environment[$0.keyword] == nil }
  }

  /// Server, database and user as a URL.
  static func shownText(host: String, port: String, user: String, database: String) -> String {
    let isDirectory = host.hasPrefix("/") || host.hasPrefix("@")
    let isDefault = port.isEmpty || port == "5432"
    var server = host.contains(":") ? "[\(host)]" : host
    if !port.isEmpty { server += ":\(port)" }
    return "postgresql://" + (user.isEmpty ? "" : "\(user)@") + (isDirectory ? "" : server)
      + "/\(database)" + (isDirectory ? "?host=\(host)" + (isDefault ? "" : "&port=\(port)") : "")
  }

  /// The options that hold secrets.
  static let secretKeywords = [
    "password", "sslpassword", "scram_client_key", "scram_server_key",
  ]
  /// A shorter password is part of many words: where all of them were replaced, a message could not
  /// be read, and would tell the password.
  private static let shortestSecret = 6

  private static let timeouts = [
    ("connect_timeout", "10"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
    ("keepalives_count", "3"), ("tcp_user_timeout", "60000"),
  ].map { (keyword: $0.0, value: $0.1) }

  private static func unreadable(_ reason: String? = nil) -> StoreError {
    // The message of libpq is not passed on, because it quotes parts of the URL.
    StoreError(
      .cannotOpen,
      "the PostgreSQL URL cannot be read\(reason.map { ": \($0)" } ?? ""); expected "
        + "postgresql://user@host:port/database")
  }

  /// The parameters for `PQconnectdbParams`; what comes later overrides what comes before.
  var parameters: [(keyword: String, value: String)] {
    defaults + [
      ("dbname", text), ("fallback_application_name", "rmos"), ("client_encoding", "UTF8"),
    ]
  }

  /// Replaces the passwords in a message.
  func withoutSecrets(_ message: String) -> String {
    var message = message
    for secret in secrets { message = message.replacing(secret, with: "…") }
    return message
  }

  /// The options that a connection string sets; `nil` if it is not one.
  private static func parse(_ text: String) -> [String: String]? {
    guard !text.utf8.contains(0) else { return nil }
    var message: UnsafeMutablePointer<CChar>?
    let options = unsafe PQconninfoParse(text, &message)
    unsafe PQfreemem(message)
    guard let options = unsafe options else { return nil }
    defer { unsafe PQconninfoFree(options) }
    return unsafe values(options)
  }

  /// The options that the environment and the service file set: `PQconndefaults`.
  private static func environment() -> [String: String] {
    guard let options = unsafe PQconndefaults() else { return [:] }
    defer { unsafe PQconninfoFree(options) }
    return unsafe values(options)
  }

  private static func values(
    _ options: UnsafeMutablePointer<PQconninfoOption>
  ) -> [String: String] {
    var values: [String: String] = [:]
    var next = unsafe options
    while let keyword = unsafe next.pointee.keyword {
      if let value = unsafe next.pointee.val {
        unsafe values[String(cString: keyword)] = unsafe String(cString: value)
      }
      unsafe next += 1
    }
    return values
  }
}
