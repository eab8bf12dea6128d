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

  /// The URL without its password, and without parameters that may hold a password.
  ///
  /// A password that is not encoded may contain any character, so the part from the first colon to
  /// the last @ is left out.
  func shown(_ location: String) -> String {
    guard let scheme = Self.schemes.first(where: { location.hasPrefix($0) }) else {
      return location
    }
    let rest = location.dropFirst(scheme.count)
    let (user, address) =
      if let at = rest.lastIndex(of: "@") {
        (rest[..<at].prefix { $0 != ":" } + "@", rest[rest.index(after: at)...])
      } else {
        (rest[..<rest.startIndex], rest)
      }
    let (place, parameters) = (address.prefix { $0 != "?" }, address.drop { $0 != "?" })
    let kept = parameters.dropFirst().split(separator: "&").filter {
      Self.openParameters.contains(String($0.prefix { $0 != "=" }))
    }
    return scheme + user + place
      + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
  }

  /// The parameters that are no secrets: they say where the database is and how to connect, so a
  /// command that is suggested needs them.
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
