import RMOSCommandLine
import RMOSModels
import RMOSPostgres
import RMOSStore

/// Opens PostgreSQL databases, which are named by URLs.
struct PostgresOpener: StoreOpener {
  private static let schemes = ["postgresql://", "postgres://"]

  let name = "PostgreSQL"
  let placeholder = "URL"
  let defaultLocation: String? = nil

  func opens(_ location: String) -> Bool { Self.schemes.contains { location.hasPrefix($0) } }

  /// Returns the URL without its password, and without parameters that may contain one.
  ///
  /// As in libpq, an @ before the first slash ends the user and the password. But a password that
  /// is not percent-encoded may contain any character, and the message that such a URL cannot be
  /// read shows it, too. So every part that may belong to a password is left out.
  func shown(_ location: String) -> String {
    guard let scheme = Self.schemes.first(where: { location.hasPrefix($0) }) else {
      return location
    }
    let rest = location.dropFirst(scheme.count)
    let at = rest.prefix { $0 != "/" }.firstIndex(of: "@")
    var (address, parameters) = Self.split(rest, atQueryAfter: at ?? rest.startIndex)
    if let at, let query = rest[..<at].firstIndex(of: "?"), rest[query..<at].contains("=") {
      // Either these are parameters that contain an @, or a password that looks like parameters.
      (address, parameters) = Self.split(rest, atQueryAfter: rest.startIndex)
      if address.contains(":") { (address, parameters) = (address.prefix { $0 != ":" }, "") }
    }
    let kept = parameters.split(separator: "&").filter {
      Self.openParameters.contains(String($0.prefix { $0 != "=" }))
    }
    return scheme + Self.withoutPassword(address)
      + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
  }

  /// Splits a URL at the first question mark after an index into the address and the parameters.
  private static func split(
    _ rest: Substring, atQueryAfter index: Substring.Index
  ) -> (address: Substring, parameters: Substring) {
    let mark = rest[index...].firstIndex(of: "?") ?? rest.endIndex
    return (rest[..<mark], rest[mark...].dropFirst())
  }

  /// Returns an address without the part between the first colon and the last @, or, without an @,
  /// without everything after a port that is not a number.
  private static func withoutPassword(_ address: Substring) -> String {
    if let at = address.lastIndex(of: "@") {
      return String(address[..<at].prefix { $0 != ":" } + address[at...])
    }
    let hasPorts = address.prefix { $0 != "/" }.split(separator: ",").allSatisfy { server in
      // Colons within brackets belong to an IPv6 address.
      let end = server.hasPrefix("[") ? server.firstIndex(of: "]") : nil
      let port = (end.map { server[$0...] } ?? server).drop { $0 != ":" }.dropFirst()
      return port.allSatisfy(\.isNumber)
    }
    return String(hasPorts ? address : address.prefix { $0 != ":" })
  }

  /// The parameters that are not secret, which suggested commands need to find the same database.
  private static let openParameters: Set = [
    "host", "hostaddr", "port", "dbname", "user", "service", "options", "target_session_attrs",
    "connect_timeout", "keepalives", "keepalives_idle", "tcp_user_timeout", "application_name",
    "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding",
    "require_auth", "gssencmode",
  ]

  func file(of location: String) -> String? { nil }

  func open(
    _ location: String, catalog: EntityCatalog, for purpose: StorePurpose
  ) throws -> OpenedStore? {
    let store = try PostgresStore(
      url: location, catalog: catalog, access: access(for: purpose),
      busyTimeout: purpose.busyTimeout)
    if purpose == .inspecting { try store.checkOrigin() }
    return OpenedStore(
      store,
      bringUpToDate: { try store.bringUpToDate() },
      backUp: { file, replacing, isCancelled in
        try store.backUp(to: file, replacing: replacing, isCancelled: isCancelled)
      },
      close: { store.close() })
  }

  private func access(for purpose: StorePurpose) -> PostgresStore.Access {
    switch purpose {
    case .reading, .rehearsing, .serving(allowsWrites: false): .readOnly
    case .inspecting: .inspect
    case .changing, .serving(allowsWrites: true): .readWrite
    case .creating: .create
    }
  }
}
