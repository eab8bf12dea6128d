import Foundation
package import RMOSMigration
package import RMOSStore

extension RecordedMigration {
  /// Runs a migration of a tree, which is there until it ends.
  ///
  /// - Throws: What the migration throws.
  package init(
    _ tree: SourceTree, into store: any RecordStore,
    _ options: Migration.Options = Migration.Options()
  ) throws {
    self = try withExtendedLifetime(tree) {
      try RecordedMigration(tree.path, into: store, options)
    }
  }
}

/// A clock that stands still.
extension MigrationClock {
  /// Always the same moment.
  package static func fixed(_ now: String = "2026-03-01T09:30:00Z") -> MigrationClock {
    let seconds = (try? Date(now, strategy: .iso8601))?.timeIntervalSince1970 ?? 0
    return MigrationClock(now: { .seconds(seconds) }, uptime: { .zero })
  }
}
