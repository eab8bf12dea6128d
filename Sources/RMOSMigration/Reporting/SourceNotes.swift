import RMOSModels

/// What a run has to tell of its source beside the entities, as the ledger keeps it.
enum SourceNotes {
  /// The notes as a JSON object; `nil` if there is nothing to tell.
  static func json(_ notRead: FilesNotRead, _ keptMembers: KeptMembers) -> String? {
    if notRead.count == 0, keptMembers.isEmpty { return nil }
    var writer = JSONWriter()
    writer.object {
      $0.member("not_read") { $0.filesNotRead(notRead) }
      $0.member("kept_aside") { $0.keptMembers(keptMembers) }
    }
    return writer.text
  }

  /// Reads notes; those that are not there tell nothing.
  static func read(_ json: String?) -> (notRead: FilesNotRead, keptMembers: KeptMembers) {
    let notes = json.flatMap { try? JSONValue(parsing: $0) }
    return (FilesNotRead(json: notes?["not_read"]), KeptMembers(json: notes?["kept_aside"]))
  }
}

extension JSONWriter {
  mutating func filesNotRead(_ files: FilesNotRead?) {
    guard let files else { return null() }
    object {
      $0.member("count", files.count)
      $0.member("by_reason") {
        $0.object {
          for reason in FilesNotRead.Reason.allCases {
            if let count = files.byReason[reason] { $0.member(reason.rawValue, count) }
          }
        }
      }
      $0.member("files") {
        $0.array {
          for file in files.files {
            $0.object {
              $0.member("path", file.path)
              $0.member("reason", file.reason.rawValue)
            }
          }
        }
      }
    }
  }

  mutating func keptMembers(_ kept: KeptMembers?) {
    guard let kept else { return null() }
    array {
      for member in kept.members {
        $0.object {
          $0.member("kind", member.kind.rawValue)
          $0.member("member", member.member)
          $0.member("count", member.count)
        }
      }
    }
  }
}

extension MigrationReport {
  /// What there is to tell of the source beside its entities, for people; nothing if nothing is odd.
  package var sourceFacts: [(name: String, value: String)] {
    var facts: [(name: String, value: String)] = []
    if let notRead, issueCounts[.inputNotRead, default: 0] > 0 {
      let reasons = FilesNotRead.Reason.allCases.compactMap { reason in
        notRead.byReason[reason].map { "\(PlainText.grouped($0)) \(reason.rawValue)" }
      }
      facts.append(
        (
          "Not read",
          "\(PlainText.counted(notRead.count, "file")) (\(reasons.joined(separator: ", ")))"
        ))
    }
    if let members = keptMembers?.members, !members.isEmpty {
      let shown = members.prefix(5).map { member in
        "\(member.kind.table) \(member.member ?? "others"): \(PlainText.grouped(member.count))"
      }
      let more = members.count - shown.count
      facts.append(
        (
          "Kept aside",
          shown.joined(separator: ", ") + (more > 0 ? " and \(PlainText.grouped(more)) more" : "")
        ))
    }
    return facts
  }
}
