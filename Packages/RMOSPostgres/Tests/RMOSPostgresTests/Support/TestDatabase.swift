import Foundation
import RMOSModels
import RMOSStore
import Testing

@testable import RMOSPostgres

/// The server that the tests use, named by RMOS_POSTGRES_URL.
///
/// The role must be allowed to create schemas in the database. Without a server, the tests that
/// need one are skipped with a message.
enum TestServer {
  static let variable = "RMOS_POSTGRES_URL"
  static let url = ProcessInfo.processInfo.environment[variable]

  static let exists = url != nil
  static let reason: Comment =
    "RMOS_POSTGRES_URL does not name a PostgreSQL server, so nothing that needs one is tested"
}

/// A schema on the server, which is dropped when the object is released.
final class TestDatabase {
  let schema = "rmos_test_\(UInt64.random(in: .min ... .max))"
  /// The URL of the server, with the schema first in the search_path.
  let url: String

  init() throws {
    let server = try #require(TestServer.url)
    url =
      server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
    try Self.execute("CREATE SCHEMA \(schema)", server)
  }

  deinit {
    guard let server = TestServer.url else { return }
    // The schema and its backups.
    for number in [""] + (0...9).map({ "_before_run_\($0)" }) {
      _ = try? Self.execute("DROP SCHEMA IF EXISTS \(schema)\(number) CASCADE", server)
    }
  }

  func store(
    _ catalog: EntityCatalog = .rmos, access: PostgresStore.Access = .create,
    busyTimeout: Duration = .seconds(5)
  ) throws -> PostgresStore {
    try PostgresStore(url: url, catalog: catalog, access: access, busyTimeout: busyTimeout)
  }

  /// Executes statements as another application would.
  @discardableResult
  func execute(_ sql: String) throws -> PostgresResult? { try Self.execute(sql, url) }

  /// Returns the first column of the first row.
  func text(_ sql: String) throws -> String? { try execute(sql)?.first?.text(at: 0) }

  @discardableResult
  static func execute(_ sql: String, _ url: String) throws -> PostgresResult? {
    try PostgresConnection(PostgresAddress(url)).execute("SET client_min_messages = error; \(sql)")
  }
}
