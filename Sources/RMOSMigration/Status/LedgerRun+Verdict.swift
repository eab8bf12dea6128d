import RMOSModels
public import RMOSStore

extension LedgerRun {
  /// Whether there was no file to read in the source, and that was an error.
  ///
  /// See ``MigrationOptions/allowsEmptySource``.
  public var hasFoundNothing: Bool { issueCounts[.inputNothingFound, default: 0] > 0 }

  /// The state for people: "completed", "completed, found nothing".
  package var stateText: String { state.rawValue + (hasFoundNothing ? ", found nothing" : "") }
}
