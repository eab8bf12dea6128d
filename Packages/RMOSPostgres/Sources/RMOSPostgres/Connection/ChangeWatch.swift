import RMOSStore
import Synchronization

/// Detects whether a transaction was committed on the server since the last token.
///
/// A rollback changes snapshots, too, so the transactions that ended in between are looked up.
final class ChangeWatch: Sendable {
  /// The last known state of the server.
  struct State: Sendable, Hashable {
    /// The last snapshot, as text; `nil` before the first one.
    var snapshot: String?
    /// The number of changes so far.
    var generation = 0

    /// Merges a newer snapshot; another thread may have merged one meanwhile.
    ///
    /// - Parameters:
    ///   - snapshot: The newer snapshot.
    ///   - isChanged: Whether a transaction was committed between `old` and the newer snapshot.
    ///   - old: The state that the newer snapshot was compared with.
    /// - Returns: The generation of the newer snapshot.
    mutating func merge(_ snapshot: String?, isChanged: Bool, since old: State) -> Int {
      if snapshot == self.snapshot { return generation }
      // Nothing was committed since `old`; another thread has found a later commit.
      if !isChanged, generation != old.generation { return old.generation }
      if isChanged { generation += 1 }
      self.snapshot = snapshot
      return generation
    }
  }

  /// A random text that tells this store's tokens apart from those of other stores.
  private let mark = String(UInt64.random(in: .min ... .max), radix: 16)
  private let state = Mutex(State())

  /// Returns the token: `pg_current_snapshot`, `pg_xact_status`.
  ///
  /// - Throws: What the server reports.
  func token(_ session: PostgresSession) throws -> String {
    let old = state.withLock { $0 }
    // The lock is not held while this thread waits for the network.
    let row = try session.connection.query(Self.sql, [old.snapshot]).first
    let generation = state.withLock {
      $0.merge(row?.text(at: 0), isChanged: row?.isTrue(at: 1) != false, since: old)
    }
    return "\(mark)-\(generation)"
  }

  // After more than 10,000 transactions, one is assumed to have been committed.
  private static let sql = """
    SELECT s.now, s.old IS NULL OR s.old <> s.now AND (s.last - s.first > 10000 OR EXISTS (
      SELECT 1 FROM generate_series(s.first, s.last) AS x(id)
      WHERE pg_visible_in_snapshot(x.id::text::xid8, s.now::pg_snapshot)
        AND NOT pg_visible_in_snapshot(x.id::text::xid8, s.old::pg_snapshot)
        AND pg_xact_status(x.id::text::xid8) = 'committed'))
    FROM (SELECT n.now::text AS now, $1::text AS old,
        pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint AS first,
        pg_snapshot_xmax(n.now)::text::bigint - 1 AS last
      FROM (SELECT pg_current_snapshot() AS now) n) s
    """
}
