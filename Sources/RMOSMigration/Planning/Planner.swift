import RMOSModels
import RMOSStore

/// Decides the outcomes of the entities of a batch from the facts about them.
///
/// A pure function: it neither looks anything up nor writes, so a dry run decides exactly like the
/// real run.
struct Planner {
  let duplicates: Migration.Options.DuplicatePolicy
  /// Whether rows that were edited are rewritten too.
  var overwritesEdits = false
  /// Whether issues of severity info are reported in full or only counted.
  let reportsInformation: Bool

  /// The beginning of the message that an earlier entity of the source has the id.
  static let appearsEarlier = "appears earlier in the source"

  /// What to do with an entity.
  enum Action: Sendable, Hashable {
    case insert, update, skip, reject
  }

  /// A decision about an entity, with issues in addition to those found while reading it.
  struct Decision {
    var action: Action
    var issues: [Issue] = []
    /// An issue of severity info that is only counted.
    var counted: IssueCode?
  }

  /// The issue that is only counted of an entity that is skipped because the store has it with the
  /// same content; `nil` if that is reported, or if such an entity fails.
  var countedIfIdentical: IssueCode? {
    duplicates == .fail || reportsInformation ? nil : .duplicateIdentical
  }

  /// Decides about entities of a batch.
  ///
  /// - Parameters:
  ///   - range: The entities' positions; no two entities have the same id.
  ///   - batch: The batch.
  ///   - facts: The facts about each entity.
  /// - Returns: A decision about each.
  func plan(_ range: Range<Int>, of batch: RecordBatch, _ facts: [EntityFacts]) -> [Decision] {
    zip(range, facts).map { decide(batch, $0, $1) }
  }

  private func decide(_ batch: RecordBatch, _ index: Int, _ facts: EntityFacts) -> Decision {
    let references = issues(of: facts.missingReferences, batch, index)
    if batch.entries[index].isFailed {
      // Do not report a member twice.
      let found = batch.issues[batch.entries[index].issues]
      return Decision(
        action: .reject,
        issues: references.filter { issue in !found.contains { $0.pointer == issue.pointer } })
    }
    // Errors of the entity itself come first, so that it fails in every run, whatever row has its
    // id.
    guard references.isEmpty else { return Decision(action: .reject, issues: references) }
    switch facts.comparison {
    case .identical:
      if let counted = countedIfIdentical { return Decision(action: .skip, counted: counted) }
      return duplicate(
        batch, index, .duplicateIdentical, skippedAs: .info,
        "is already in the store with the same content")
    case .differs(let members):
      let names = members.prefix(12).map(Violation.quoted).joined(separator: ", ")
      let more = members.count > 12 ? " and \(members.count - 12) more" : ""
      if duplicates == .update {
        return update(batch, index, facts, differing: names + more)
      }
      let fact =
        switch facts.origin {
        case let origin? where origin.isOfThisRun:
          "\(Self.appearsEarlier) (\(origin.place)), with other content in \(names)\(more)"
        case let origin?:
          "is already in the store (from \(origin.place)\(origin.isEdited ? ", edited since" : "")) "
            + "with other content in \(names)\(more)"
        case nil: "is already in the store with other content in \(names)\(more)"
        }
      let doubt =
        facts.origin?.isOfThisRun != true && Self.isKnownByPosition(batch, index)
        ? Self.positionNote + "; if it is, it is not in the store" : ""
      return duplicate(
        batch, index, .duplicateDiffers, skippedAs: .warning,
        fact + Self.ageNote(facts.origin) + doubt)
    case .absent:
      guard let twin = facts.twin else { return Decision(action: .insert) }
      return Decision(
        action: .insert,
        issues: [
          batch.issue(
            at: index, .warning, .duplicateIdentical,
            "is in the store under another id too, \(Violation.quoted(twin.entityID)), with which run "
              + "\(twin.run) read it; undo that run, or delete that row")
        ])
    }
  }

  /// Decides about a row that differs, if such rows are rewritten.
  private func update(
    _ batch: RecordBatch, _ index: Int, _ facts: EntityFacts, differing members: String
  ) -> Decision {
    func skip(_ message: String) -> Decision {
      Decision(
        action: .skip,
        issues: [batch.issue(at: index, .warning, .duplicateDiffers, message)])
    }
    if facts.isRepeated {
      return skip(
        Self.appearsEarlier
          + (facts.origin.map { " (\($0.place))" } ?? "")
          + ", with other content in \(members); the first one counts" + Self.ageNote(facts.origin))
    }
    switch facts.editState {
    case .asWritten: break
    case _ where overwritesEdits: break
    case .edited(let run):
      return skip(
        "differs from the store in \(members), and the row was edited in the database after run "
          + "\(run) wrote it; left as it is, because edits are not overwritten")
    case .unknown(let run?):
      return skip(
        "differs from the store in \(members), and run \(run) kept no digest, so it is unknown "
          + "whether the row was edited; left as it is, because edits are not overwritten")
    case .unknown(nil), nil:
      return skip(
        "differs from the store in \(members), and the row there comes from another application; "
          + "left as it is, because edits are not overwritten")
    }
    if Self.isKnownByPosition(batch, index) {
      return Decision(
        action: .update,
        issues: [
          batch.issue(
            at: index, .warning, .duplicateDiffers,
            "is already in the store with other content in \(members)" + Self.positionNote
              + "; updated")
        ])
    }
    guard reportsInformation else { return Decision(action: .update, counted: .duplicateDiffers) }
    return Decision(
      action: .update,
      issues: [
        batch.issue(
          at: index, .info, .duplicateDiffers,
          "is already in the store with other content in \(members); updated")
      ])
  }

  /// The part of a message that warns that an id may have gone to another entity.
  static let positionNote =
    "; its id is derived from its position in the file, where another entity may be by now"

  /// Whether the id of an entity is derived from its position in its file, which changes when
  /// another is inserted before it, or a log starts over.
  private static func isKnownByPosition(_ batch: RecordBatch, _ index: Int) -> Bool {
    let entry = batch.entries[index]
    if case .none = entry.locator { return false }
    return batch.issues[entry.issues].contains { $0.code == .idDerived }
  }

  /// The part of a message that says that an entity is newer than the row that stays, if it is.
  private static func ageNote(_ origin: StoredOrigin?) -> String {
    origin?.isOlder == true ? "; by \"updated_at\" this one is newer" : ""
  }

  private func issues(
    of missingReferences: [EntityFacts.MissingReference], _ batch: RecordBatch, _ index: Int
  ) -> [Issue] {
    missingReferences.map { missing in
      let field = batch.references[missing.reference].field
      return batch.issue(
        at: index, .error, .referenceMissing,
        place: batch.referencePlaces[index * batch.references.count + missing.reference],
        field: batch.kind.schema.fields[field].member, message(of: missing, batch, index))
    }
  }

  private func duplicate(
    _ batch: RecordBatch, _ index: Int, _ code: IssueCode, skippedAs severity: Severity,
    _ fact: String
  ) -> Decision {
    let fails = duplicates == .fail
    return Decision(
      action: fails ? .reject : .skip,
      issues: [
        batch.issue(
          at: index, fails ? .error : severity, code,
          fact + (fails ? "; duplicates are refused" : "; left as it is"))
      ])
  }

  private func message(
    of missing: EntityFacts.MissingReference, _ batch: RecordBatch, _ index: Int
  ) -> String {
    let reference = batch.references[missing.reference]
    let field = batch.kind.schema.fields[reference.field]
    guard case .text(let id) = batch.record(at: index).values[reference.field] else {
      return "\"\(field.member)\" points nowhere"
    }
    let what =
      "\"\(field.member)\" points to the \(reference.target.schema.singular) \(Violation.quoted(id))"
    if missing.hasFailed { return "\(what), which failed in this run; fix that and run again" }
    if id.allSatisfy(\.isWhitespace) {
      return "\"\(field.member)\" is \(Violation.quoted(id)), which is the id of no "
        + reference.target.schema.singular
        + Advice.leaveOut(id).clause(about: field, inFile: true)
    }
    if missing.mayHaveFailed, missing.similar == nil {
      return "\(what), which is neither in the store nor in what could be read of the source; fix "
        + "the \(reference.target.schema.plural) that could not be read, and run again"
    }
    let advice = SimilarID.advice(
      for: id, missing.similar,
      otherwise: field.isRequired ? "add it" : "add it, or set the member to null")
    return "\(what), which is neither in the store nor in the source; \(advice.text(inFile: true))"
  }
}
