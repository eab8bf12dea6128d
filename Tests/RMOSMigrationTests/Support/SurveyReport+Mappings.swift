import RMOSTestSupport

@testable import RMOSMigration

extension SurveyReport {
  /// Returns the mappings with which the survey advises to migrate: the proposal and the built-in
  /// ones to give after it or, without a proposal, the suggested ones.
  func advisedMappings() throws -> [Mapping] {
    guard let proposal else { return suggestedMappings.compactMap { Mapping.builtIn(named: $0) } }
    return try [Mapping(parsing: proposal.text)]
      + proposal.builtIn.compactMap { Mapping.builtIn(named: $0) }
  }
}

extension SourceTree {
  /// Surveys the tree, which must not be removed meanwhile.
  func survey(_ options: Survey.Options = .init()) throws -> SurveyReport {
    try withExtendedLifetime(self) {
      try Survey(of: path, options: options).runSynchronously()
    }
  }
}
