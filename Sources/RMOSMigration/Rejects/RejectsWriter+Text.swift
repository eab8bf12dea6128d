import RMOSModels

extension RejectsWriter {
  /// What to do, for whoever finds the directory.
  static let readMe = """
    These are copies of entities that were not migrated, in the layout of the source.
    Beside each file, NAME.issues says what is wrong with it, and where it comes from.
    Mend the files that end in .json, .jsonl or .ndjson; delete those that are to be given up.
    Then migrate this directory into the same database: rmos-cli migrate DIR
    What is migrated already is skipped, so running it twice does no harm.

    """

  /// The issues of one entry as a JSON object.
  func issuesText(
    of batch: RecordBatch, at index: Int, _ issues: ArraySlice<Issue>, copy: [UInt8]?,
    _ run: Int64?
  ) -> String {
    let entry = batch.entries[index]
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("source", batch.sources[entry.source])
      $0.member("locator") { $0.locator(batch.locator(at: index)) }
      $0.member("id", batch.id(at: index))
      $0.member("kind", batch.kind.rawValue)
      $0.member("copy", copy.map { SourcePath.text($0) })
      $0.member("run", run)
      $0.member("tool_version", RMOSVersion.current)
      $0.member("issues") {
        $0.array {
          for issue in issues { $0.issue(issue) }
        }
      }
    }
    return writer.text + "\n"
  }
}

extension JSONWriter {
  fileprivate mutating func locator(_ locator: Locator?) {
    switch locator {
    case nil: null()
    case .index(let number), .line(let number): integer(number)
    case .key(let text): string(text)
    }
  }
}
