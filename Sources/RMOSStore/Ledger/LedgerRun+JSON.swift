import RMOSModels

extension MigrationStatistics {
  /// The counts as a JSON object: kind → outcome → count.
  var ledgerJSON: String {
    let kinds = EntityKind.allCases.map { kind in
      let counts = self[kind]
      return "\"\(kind.rawValue)\":{\"found\":\(counts.found),\"migrated\":\(counts.migrated),"
        + "\"updated\":\(counts.updated),\"skipped\":\(counts.skipped),"
        + "\"failed\":\(counts.failed)}"
    }
    return "{\(kinds.joined(separator: ","))}"
  }
}
