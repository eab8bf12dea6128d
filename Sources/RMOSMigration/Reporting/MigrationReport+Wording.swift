package import RMOSModels
import RMOSStore

extension MigrationSummary.Ending {
  /// How the run ended, as a phrase: "Stopped: the database failed".
  package func phrase(isDryRun: Bool) -> String {
    switch self {
    case .completed: isDryRun ? "Dry run, nothing was written" : "Completed"
    case .rolledBack:
      isDryRun
        ? "Dry run: nothing would be written, because an entity failed"
        : "Nothing was written, because an entity failed"
    case .interrupted: isDryRun ? "Dry run, interrupted" : "Interrupted"
    case .tooManyErrors:
      (isDryRun ? "Dry run, stopped" : "Stopped") + ": too many entities failed"
    case .storeFailed: (isDryRun ? "Dry run, stopped" : "Stopped") + ": the database failed"
    case .sourceFailed:
      (isDryRun ? "Dry run, stopped" : "Stopped") + ": the source could not be read to its end"
    case .stopped: (isDryRun ? "Dry run, stopped" : "Stopped") + ": it could not go on"
    }
  }

  /// The clause after the phrase that says what a run that stopped early left in the store.
  ///
  /// A run that is not in the ledger, such as an atomic one that stopped, left nothing.
  package func note(isDryRun: Bool, run: Int64?) -> String {
    if isDryRun || self == .completed || self == .rolledBack { return "" }
    return run == nil ? "; nothing was written" : "; what was committed is kept"
  }
}

extension MigrationReport {
  /// Whether the run is under way.
  private var isUnderWay: Bool { run.map { $0.ending == nil } ?? false }

  /// How serious the contents of the report are.
  package var gravity: Verdict {
    if isUnderWay { return statistics.total.failed > 0 ? .errors : .warnings }
    if !isSuccess { return .errors }
    return severityCounts[.warning, default: 0] > 0 || statistics.total.found == 0
      ? .warnings : .sound
  }

  /// The verdict in a word or two.
  package var verdictWord: String {
    if isUnderWay { return "Under way" }
    switch gravity {
    case .sound: return "Complete"
    case .warnings: return statistics.total.found == 0 ? "Empty" : "Complete, with warnings"
    case .errors, .notChecked: return hasFoundNothing ? "Nothing found" : "Needs attention"
    }
  }

  /// Whether any row was rewritten; if not, reports leave that outcome out.
  var hasUpdates: Bool { statistics.total.updated > 0 }

  /// The verdict in a sentence or two.
  package var verdict: String {
    let (text, since) = verdictSinceRun
    return text + (since.map { " run \($0)" } ?? "") + "."
  }

  /// The verdict in two parts: the text, and the run with which failures were compared, which
  /// follows the text as "run 12"; `nil` if the verdict does not end with a run.
  package var verdictSinceRun: (text: String, run: Int64?) {
    let (outcome, since) = outcomeSinceRun
    return (beginning + outcome, since)
  }

  /// How the run ended, if that is worth saying.
  private var beginning: String {
    guard let run else { return "" }
    guard let ending = run.ending else { return "Committed so far: " }
    if ending == .completed, !run.isDryRun { return "" }
    return ending.phrase(isDryRun: run.isDryRun)
      + ending.note(isDryRun: run.isDryRun, run: run.id) + ". "
  }

  private var outcomeSinceRun: (text: String, run: Int64?) {
    let total = statistics.total
    guard total.found > 0 else {
      if hasFoundNothing { return ("There was no file to read in the source", nil) }
      if run != nil { return ("No entity was found", nil) }
      return ("No entity was found; statistics do not show whether there was a file to read", nil)
    }
    let found = PlainText.counted(total.found, "entity", "entities")
    if total.failed == 0 { return ("\(found), and none failed", nil) }
    let failed = "\(PlainText.grouped(total.failed)) of \(found) failed"
    guard let news = failureNews, news.isToldApart else { return (failed, nil) }
    let new = "\(failed), \(PlainText.grouped(news.new)) new"
    return news.since == nil ? (new, nil) : ("\(new) since", news.since)
  }

  /// "17 errors, 1 warning, 2 notes".
  package var severitySentence: String {
    [
      PlainText.counted(severityCounts[.error, default: 0], "error"),
      PlainText.counted(severityCounts[.warning, default: 0], "warning"),
      PlainText.counted(severityCounts[.info, default: 0], "note"),
    ].joined(separator: ", ")
  }

  /// The success rate, rounded down: "99.9 %" for one failure in a million.
  package var successText: String {
    if statistics.total.found == 0 { return "n/a" }
    let rounded = (successRate * 10).rounded(.down) / 10
    return (successRate == 100 ? "100" : PlainText.fixed(rounded, decimals: 1)) + " %"
  }

  /// The run's options: name and value as text.
  package static func options(of run: Run) -> [(name: String, value: String)] {
    guard case .object(let members)? = try? JSONValue(parsing: run.optionsJSON) else { return [] }
    return members.map { member in
      let name = member.name.split(separator: "_").joined(separator: " ")
      guard member.name == "mappings", case .array(let mappings) = member.value else {
        return (name, Self.optionText(member.value))
      }
      // The text of a mapping may be long: its name and digest identify it.
      let uses = mappings.map { mapping in
        "\(mapping["name"]?.string ?? "") (SHA-256 \(mapping["sha256"]?.string ?? "unknown"))"
      }
      return (name, uses.isEmpty ? "none" : uses.joined(separator: ", "))
    }
  }

  private static func optionText(_ value: JSONValue) -> String {
    switch value {
    case .null: "none"
    case .bool(let isOn): isOn ? "yes" : "no"
    case .string(let text): text
    default: value.text
    }
  }
}

extension MigrationReport.Run {
  /// The facts of the run: name and value as text, in the order of reports.
  package var facts: [(name: String, value: String)] {
    var facts = [
      ("Run", id.map { "\($0), \(command)" } ?? "\(command), not in the ledger"),
      ("Ended", endingText), ("Source", source), ("Database", database), ("Started", startedAt),
    ]
    if let finishedAt { facts.append(("Finished", finishedAt)) }
    if let who = LedgerRun.who(user, host) { facts.append(("By", who)) }
    if let failure { facts.append(("Failure", failure)) }
    facts += [
      ("Took", PlainText.fixed(seconds, decimals: 2) + " s"),
      (
        "Read",
        PlainText.counted(filesRead, "file") + ", " + PlainText.counted(bytesRead, "byte")
      ),
      ("Version", "RMOS \(toolVersion)"),
    ]
    return facts
  }

  private var endingText: String {
    guard let ending else { return "still running" }
    if ending == .completed { return isDryRun ? "completed, dry run" : "completed" }
    let phrase = ending.phrase(isDryRun: isDryRun)
    return phrase.prefix(1).lowercased() + phrase.dropFirst()
  }
}
