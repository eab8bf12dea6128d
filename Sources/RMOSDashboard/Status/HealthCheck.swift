import RMOSAudit
import RMOSStore

/// How a store's health is checked; tests put their own in place.
struct HealthCheck: Sendable {
  /// Checks with an effort.
  var check: @Sendable (_ store: any RecordStore, HealthReport.Effort) throws -> HealthReport

  /// Checks; where that fails, a warning says so, and nothing counts as checked.
  func run(_ store: any RecordStore, _ effort: HealthReport.Effort) -> HealthReport {
    do {
      return try check(store, effort)
    } catch {
      return HealthReport(
        warnings: ["the check of health broke off: \(error)"],
        notChecked: ["file", "schema", "rows", "references", "provenance", "runs"])
    }
  }

  /// The store's own.
  static let standard = HealthCheck { try HealthReport(of: $0, $1) }
}
