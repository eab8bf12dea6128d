import CLibPQ
import RMOSStore

/// The address of a database: a URL or another connection string of libpq.
///
/// The string may contain a password, so it is never shown: messages name only the server, the
/// database and the user.
struct PostgresAddress: Sendable {
  /// The connection string, as given.
  private let text: String
  /// The passwords and keys, which must not appear in messages.
  private let secrets: [String]
  /// Timeouts that the string does not set, so that a lost server is not waited for forever.
  private let defaults: [(keyword: String, value: String)]

  /// Parses a connection string: `PQconninfoParse`.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen`` if it is not valid.
  init(_ text: String) throws(StoreError) {
    guard let options = Self.parse(text) else { throw Self.unreadable() }
    for key in ["host", "dbname", "user"] where options[key]?.contains("@") == true {
      throw Self.unreadable(
        "its \(key == "dbname" ? "database" : key) has an @; in a password, write @ as %40 and / "
          + "as %2F")
    }
    // libpq reads parameters that contain an @ as the user and the password.
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

  /// Returns the server, the database and the user as a URL.
  static func shownText(host: String, port: String, user: String, database: String) -> String {
    let isDirectory = host.hasPrefix("/") || host.hasPrefix("@")
    let isDefault = port.isEmpty || port == "5432"
    var server = host.contains(":") ? "[\(host)]" : host
    if !port.isEmpty { server += ":\(port)" }
    return "postgresql://" + (user.isEmpty ? "" : "\(user)@") + (isDirectory ? "" : server)
      + "/\(database)" + (isDirectory ? "?host=\(host)" + (isDefault ? "" : "&port=\(port)") : "")
  }

  /// The options that contain secrets.
  static let secretKeywords = [
    "password", "sslpassword", "scram_client_key", "scram_server_key",
  ]
  /// The length from which secrets are replaced: a shorter one may be part of common words, and
  /// replacing it there would make messages unreadable and reveal it.
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

  /// The parameters for `PQconnectdbParams`; later ones override earlier ones.
  var parameters: [(keyword: String, value: String)] {
    defaults + [
      ("dbname", text), ("fallback_application_name", "rmos"), ("client_encoding", "UTF8"),
    ]
  }

  /// Returns a message without the secrets.
  func withoutSecrets(_ message: String) -> String {
    var message = message
    for secret in secrets { message = message.replacing(secret, with: "…") }
    return message
  }

  /// Returns the options that a connection string sets; `nil` if it is not valid.
  private static func parse(_ text: String) -> [String: String]? {
    guard !text.utf8.contains(0) else { return nil }
    var message: UnsafeMutablePointer<CChar>?
    let options = unsafe PQconninfoParse(text, &message)
    unsafe PQfreemem(message)
    guard let options = unsafe options else { return nil }
    defer { unsafe PQconninfoFree(options) }
    return unsafe values(options)
  }

  /// Returns the options that the environment and the service file set: `PQconndefaults`.
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
