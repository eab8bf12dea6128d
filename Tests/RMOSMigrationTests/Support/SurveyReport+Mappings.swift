import RMOSTestSupport

@testable import RMOSMigration

extension SurveyReport {
  /// What the survey advises to migrate with: the proposal and the built-in mappings to give after
  /// it or, without one, those that it suggests.
  func advisedMappings() throws -> [Mapping] {
    guard let proposal else { return suggestedMappings.compactMap { Mapping.builtIn(named: $0) } }
    return try [Mapping(parsing: proposal.text)]
      + proposal.builtIn.compactMap { Mapping.builtIn(named: $0) }
  }
}

extension SourceTree {
  /// Surveys the tree, which stays until that is done.
  func survey(_ options: Survey.Options = .init()) throws -> SurveyReport {
    try withExtendedLifetime(self) {
      try Survey(of: path, options: options).runSynchronously()
    }
  }
}
