import RMOSModels
package import RMOSStore

/// The ledger's notes about the files that a run did not read and the members that it kept aside.
enum SourceNotes {
  /// The notes as a JSON object; empty notes are omitted.
  static func json(_ notRead: FilesNotRead, _ keptMembers: KeptMembers) -> String {
    var writer = JSONWriter()
    writer.object {
      if notRead.count > 0 { $0.member("not_read") { $0.filesNotRead(notRead) } }
      if !keptMembers.isEmpty { $0.member("kept_aside") { $0.keptMembers(keptMembers) } }
    }
    return writer.text
  }

  /// Reads notes; `nil` for both if there are none, as in the ledger of an older version.
  static func read(
    _ json: String?, _ catalog: EntityCatalog
  ) -> (notRead: FilesNotRead?, keptMembers: KeptMembers?) {
    guard let notes = json.flatMap({ try? JSONValue(parsing: $0) }) else { return (nil, nil) }
    return (FilesNotRead(json: notes["not_read"]), KeptMembers(json: notes["kept_aside"], catalog))
  }
}

extension SourceNotes {
  fileprivate static func sentence(_ notRead: FilesNotRead?, _ kept: KeptMembers?) -> String? {
    var parts: [String] = []
    if let notRead, notRead.isWorthTelling {
      parts.append(PlainText.counted(notRead.count, "file") + " not read")
    }
    if let kept, !kept.isEmpty {
      parts.append(PlainText.counted(kept.memberCount, "member") + " kept aside")
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

extension JSONWriter {
  mutating func filesNotRead(_ files: FilesNotRead?) {
    guard let files else { return null() }
    object {
      $0.member("count", files.count)
      $0.object("by_reason") {
        for reason in FilesNotRead.Reason.allCases {
          if let count = files.byReason[reason] { $0.member(reason.rawValue, count) }
        }
      }
      $0.member("files", objects: files.files) { writer, file in
        writer.member("path", file.path)
        writer.member("reason", file.reason.rawValue)
      }
    }
  }

  mutating func keptMembers(_ kept: KeptMembers?) {
    guard let kept else { return null() }
    array(ofObjects: kept.members) { writer, member in
      writer.member("kind", member.kind.rawValue)
      writer.member("member", member.member)
      writer.member("count", member.count)
    }
  }
}

extension FilesNotRead {
  /// Whether a file was left out that a person would expect to be read: any that is not hidden.
  var isWorthTelling: Bool { byReason.contains { $0.key != .hidden && $0.value > 0 } }

  /// "7 files: 4 compressed, 3 hidden", without the names.
  var sentence: String {
    let reasons = Reason.allCases.compactMap { reason in
      byReason[reason].map { (count: $0, text: Self.counted($0, reason)) }
    }.sorted { $0.count > $1.count }
    return PlainText.counted(count, "file") + ": " + reasons.map(\.text).joined(separator: ", ")
  }

  private static func counted(_ count: Int, _ reason: Reason) -> String {
    let number = PlainText.grouped(count)
    return switch reason {
    case .otherExtension: "\(number) with another extension"
    case .hidden: "\(number) hidden"
    case .placeholder: PlainText.counted(count, "cloud placeholder")
    case .place: "\(number) elsewhere in the source"
    case .notAFile: PlainText.counted(count, "not a regular file", "not regular files")
    case .compressed: "\(number) compressed"
    }
  }
}

extension KeptMembers {
  /// The number of different members.
  package var memberCount: Int { members.count }

  /// The members of each kind with how often they were kept, as text; at most `limit` of a kind.
  func sentence(limit: Int) -> String {
    var rest = members[...]
    var parts: [String] = []
    while let kind = rest.first?.kind {
      let ofKind = rest.prefix { $0.kind == kind }
      rest = rest.dropFirst(ofKind.count)
      let shown = ofKind.prefix(limit).map { member in
        "\(member.member ?? "others") (\(PlainText.grouped(member.count)))"
      }
      let more = ofKind.count - shown.count
      parts.append(
        "\(kind.schema.plural): " + shown.joined(separator: ", ")
          + (more > 0 ? " and \(PlainText.grouped(more)) more" : ""))
    }
    return parts.joined(separator: "; ")
  }
}

/// A fact about a run's source, besides its entities.
package struct SourceFact: Sendable, Hashable {
  /// The subject of a fact; the raw value is for reports.
  enum Subject: String, Sendable {
    /// The files that were not read.
    case notRead = "Not read"
    /// The members that were kept outside the tables.
    case keptAside = "Kept aside"
    /// The mappings that read nothing.
    case mappings = "Mappings"
  }

  let subject: Subject
  /// The sentence.
  package let text: String

  /// The subject, such as "Not read".
  package var name: String { subject.rawValue }

  fileprivate init(_ subject: Subject, _ text: String) {
    (self.subject, self.text) = (subject, text)
  }
}

extension MigrationReport {
  /// The files that were not read; files that look like data are first.
  var namesNotRead: [String] {
    let likeData = issues.filter { $0.code == .inputNotRead }.compactMap(\.source)
    let named = Set(likeData)
    return likeData + (notRead?.files.map(\.path).filter { !named.contains($0) } ?? [])
  }

  /// The facts about the source besides its entities; empty if there is nothing to report.
  ///
  /// If `isWhole`, all files and members that are known by name are named.
  package func sourceFacts(isWhole: Bool = false) -> [SourceFact] {
    guard let run, run.command == LedgerRun.migrateCommand else { return [] }
    var facts: [SourceFact] = []
    if let notRead {
      if notRead.isWorthTelling || isWhole && notRead.count > 0 {
        let names = namesNotRead
        let shown = isWhole ? names : Array(names.prefix(3))
        let more = notRead.count - shown.count
        facts.append(
          .init(
            .notRead,
            "\(notRead.sentence): " + shown.joined(separator: ", ")
              + (more > 0 ? " and \(PlainText.grouped(more)) more" : "")))
      }
    } else {
      facts.append(.init(.notRead, "not recorded"))
    }
    if let keptMembers {
      if !keptMembers.isEmpty {
        facts.append(.init(.keptAside, keptMembers.sentence(limit: isWhole ? .max : 5)))
      }
    } else {
      facts.append(.init(.keptAside, "not recorded"))
    }
    let unused = run.mappings.filter(\.isUnused).map(\.name)
    if !unused.isEmpty {
      facts.append(
        .init(
          .mappings,
          unused.joined(separator: ", ") + " read nothing: "
            + (unused.count == 1 ? "its" : "their")
            + " rules fit no file, or no object in one"))
    }
    return facts
  }
}

extension MigrationReport {
  /// ``LedgerRun/sourceSentence`` of the run.
  package var sourceSentence: String? { SourceNotes.sentence(notRead, keptMembers) }
}

extension LedgerRun {
  /// How many files were not read and how many members kept aside; `nil` if there is nothing to
  /// report, or it was not recorded.
  package var sourceSentence: String? {
    let notes = SourceNotes.read(timings.notesJSON, statistics.catalog)
    return SourceNotes.sentence(notes.notRead, notes.keptMembers)
  }
}
