public import Foundation
public import RMOSHTTP
public import RMOSMigration
public import RMOSModels
public import RMOSStore

// Foundation's `localizedDescription` asks an error for this conformance when the program runs; an
// error without it gives "The operation could not be completed" and a number.

extension StoreError: LocalizedError {
  /// What failed, and why.
  public var errorDescription: String? { description }
}

extension EntityRejected: LocalizedError {
  /// The messages of the errors.
  public var errorDescription: String? { description }
}

extension ParsingError: LocalizedError {
  /// The place, and what was found and expected.
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
