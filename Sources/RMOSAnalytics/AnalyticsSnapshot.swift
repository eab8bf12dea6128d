package import RMOSStore
import Synchronization

/// What figures need of a store at one moment, so that those of other filters are made without
/// reading the store again.
///
/// With 1,000,000 rows it takes some 25 MB of memory, for patterns and strip families; the jobs are in
/// a temporary file.
// Sendable because `shop`, whose figures are made lazily, is used by one thread at a time: by the one
// that holds `turn`.
package final class AnalyticsSnapshot: @unchecked Sendable {
  private let shop: Shop
  private let turn = Mutex(())

  /// Reads a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - isCancelled: Polled while the store is read; when it returns `true`, the work is abandoned.
  /// - Throws: As ``Analytics/run()``.
  package init(of store: any RecordStore, isCancelled: @escaping () -> Bool = { false }) throws {
    shop = try store.read { reader in
      try reader.run(whileNot: isCancelled) {
        try Shop(reading: RowReader(reader, isCancelled: isCancelled))
      }
    }
  }

  /// All figures, as ``Analytics/run()`` computes them.
  ///
  /// - Parameters:
  ///   - options: Which jobs count, and the bounds of some figures.
  ///   - isCancelled: Polled; when it returns `true`, the work is abandoned.
  /// - Returns: The figures.
  /// - Throws: `StoreError` if a temporary file cannot be read; `StoreError.Code.cancelled` if the
  ///   work is abandoned.
  package func report(
    _ options: Analytics.Options, isCancelled: () -> Bool = { false }
  ) throws -> AnalyticsReport {
    try turn.withLock { _ in try shop.report(options, whileNot: isCancelled) }
  }

  /// How two measures go together, as ``Analytics/correlation(of:and:)`` computes it.
  ///
  /// - Throws: `StoreError` if a temporary file cannot be read.
  package func correlation(
    of x: Measure, and y: Measure, _ filter: JobFilter
  ) throws -> Correlation {
    try turn.withLock { _ in try shop.correlation(of: x, and: y, filter) }
  }
}
