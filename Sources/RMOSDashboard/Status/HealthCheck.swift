import RMOSAudit
import RMOSStore

/// What a check of health found.
struct Health: Sendable, Hashable {
  var errors: [String] = []
  var warnings: [String] = []
  /// Whether everything was looked at.
  var isComplete = true
}

/// How a store's health is checked; tests put their own in place.
struct HealthCheck: Sendable {
  /// Checks for about as many seconds, nil for as long as it takes.
  var check: @Sendable (_ store: any RecordStore, _ seconds: Double?) throws -> Health

  /// Checks; where that fails, a warning says so.
  func run(_ store: any RecordStore, _ seconds: Double?) -> Health {
    do {
      return try check(store, seconds)
    } catch {
      return Health(warnings: ["the check of health broke off: \(error)"])
    }
  }

  /// The schema and the references.
  static let quick = HealthCheck { store, seconds in
    let health = try StoreHealth(of: store, seconds: seconds)
    return Health(
      errors: health.errors, warnings: health.warnings, isComplete: health.isComplete)
  }
}
