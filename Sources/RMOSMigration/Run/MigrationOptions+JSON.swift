import RMOSModels

extension MigrationOptions {
  /// The options as the ledger keeps them: a JSON object.
  var json: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("batch_size", batchSize)
      $0.member("dry_run", isDryRun)
      $0.member("atomic", isAtomic)
      $0.member("on_duplicate", onDuplicate.rawValue)
      if overwritesEdits { $0.member("force", true) }
      $0.member("missing_id", missingID.rawValue)
      $0.member("max_errors", maxErrors)
      if allowsEmptySource { $0.member("allow_empty", true) }
      $0.member("rejects", rejectsDirectory)
      $0.member("backup", takesBackup)
    }
    return writer.text
  }
}
