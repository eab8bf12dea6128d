public import Foundation
public import RMOSAnalytics
public import RMOSHTTP
public import RMOSMigration
public import RMOSModels
public import RMOSStore

// Foundation's `localizedDescription` looks for this conformance at run time. Without it, the text
// is "The operation could not be completed" and a number.

extension StoreError: LocalizedError {
  /// What failed, and why.
  public var errorDescription: String? { description }
}

extension EntityRejected: LocalizedError {
  /// The messages of the errors.
  public var errorDescription: String? { description }
}

extension ParsingError: LocalizedError {
  /// The position, and what was found and expected.
  public var errorDescription: String? { description }
}

extension MigrationError: LocalizedError {
  /// What failed, why, and how to fix it.
  public var errorDescription: String? { description }
}

extension HTTPServerError: LocalizedError {
  /// What failed, why, and how to fix it.
  public var errorDescription: String? { description }
}

extension AnalyticsError: LocalizedError {
  /// What was found, and what was expected.
  public var errorDescription: String? { description }
}
