import RMOSModels

extension MigrationReport {
  /// How serious what the report says is.
  var gravity: Verdict {
    if run?.ending == .running { return statistics.total.failed > 0 ? .errors : .warnings }
    if !isSuccess { return .errors }
    return severityCounts[.warning, default: 0] > 0 || statistics.total.found == 0
      ? .warnings : .sound
  }

  /// The verdict in a word or two.
  var verdictWord: String {
    if run?.ending == .running { return "Under way" }
    switch gravity {
    case .sound: return "Sound"
    case .warnings: return statistics.total.found == 0 ? "Empty" : "Sound, with warnings"
    case .errors, .notChecked: return hasFoundNothing ? "Nothing found" : "Needs a look"
    }
  }

  /// Whether anything was rewritten; where not, reports leave that outcome out.
  var hasUpdates: Bool { statistics.total.updated > 0 }

  /// What became of it all, in a sentence or two.
  var verdict: String {
    let outcome = outcomeSentence
    guard let run else { return outcome }
    switch run.ending {
    case .completed: return run.isDryRun ? "A dry run; nothing was written. \(outcome)" : outcome
    case .running: return "The run is under way; this is what is committed so far. \(outcome)"
    case .interrupted: return "The run was interrupted; what was committed stays. \(outcome)"
    case .tooManyErrors:
      return "The run stopped because too many entities failed; what was committed stays. "
        + outcome
    case .rolledBack:
      return run.isDryRun
        ? "A dry run; nothing would be written, because an entity fails. \(outcome)"
        : "An entity failed, so nothing was written. \(outcome)"
    case .storeFailed:
      return "The run stopped because the database failed; what was committed stays. \(outcome)"
    case .sourceFailed:
      return run.isDryRun
        ? "A dry run; it stopped because the source could not be read any further. \(outcome)"
        : "The run stopped because the source could not be read any further; what was committed "
          + "stays. \(outcome)"
    }
  }

  private var outcomeSentence: String {
    let total = statistics.total
    guard total.found > 0 else {
      if hasFoundNothing { return "There was no file to read in the source." }
      guard run == nil else { return "No entity was found." }
      return "No entity was found; statistics do not say whether there was a file to read."
    }
    let found = PlainText.counted(total.found, "entity", "entities")
    if total.failed == 0 { return "\(found), and none failed." }
    return "\(PlainText.grouped(total.failed)) of \(found) failed."
  }

  /// "17 errors, 1 warning, 2 notes".
  var severitySentence: String {
    [
      PlainText.counted(severityCounts[.error, default: 0], "error"),
      PlainText.counted(severityCounts[.warning, default: 0], "warning"),
      PlainText.counted(severityCounts[.info, default: 0], "note"),
    ].joined(separator: ", ")
  }

  /// The success rate, never rounded up to what it is not: "99.9 %" for one failure in a million.
  var successText: String {
    if statistics.total.found == 0 { return "n/a" }
    let rounded = (successRate * 10).rounded(.down) / 10
    return (successRate == 100 ? "100" : PlainText.fixed(rounded, decimals: 1)) + " %"
  }

  /// The members of the run's options: name and value as text.
  static func options(of run: Run) -> [(name: String, value: String)] {
    guard case .object(let members)? = try? JSONValue(parsing: run.optionsJSON) else { return [] }
    return members.map { member in
      let name = member.name.split(separator: "_").joined(separator: " ")
      return (name, Self.optionText(member.value))
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
  var facts: [(name: String, value: String)] {
    var facts = [
      ("Run", id.map { "\($0), \(command)" } ?? "\(command), not in the ledger"),
      ("Ended", endingText), ("Source", source), ("Database", database), ("Started", startedAt),
    ]
    if let finishedAt { facts.append(("Finished", finishedAt)) }
    if let failure { facts.append(("Failure", failure)) }
    facts += [
      ("Took", PlainText.fixed(seconds, decimals: 2) + " s"),
      (
        "Read",
        PlainText.counted(filesRead, "file") + ", " + PlainText.counted(bytesRead, "byte")
      ),
      ("Tool", "rmos-cli \(toolVersion)"),
    ]
    return facts
  }

  private var endingText: String {
    switch ending {
    case .completed: isDryRun ? "completed, a dry run" : "completed"
    case .interrupted: "interrupted"
    case .tooManyErrors: "stopped, too many errors"
    case .rolledBack: "rolled back"
    case .storeFailed: "stopped, the database failed"
    case .sourceFailed: "stopped, the source could not be read"
    case .running: "still running"
    }
  }
}

extension Issue {
  /// `path:line:column`, with the place in the file where the line does not say it; empty where
  /// nothing is known.
  var place: String {
    var place = source ?? ""
    if let line {
      place += ":\(line)"
      if let column { place += ":\(column)" }
    }
    return place
  }
}
