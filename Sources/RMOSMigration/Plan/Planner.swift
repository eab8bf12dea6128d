import RMOSModels
import RMOSStore

/// Decides what is to become of an entity from what is known.
///
/// A pure function: it neither looks anything up nor writes, so a dry run decides as the real run
/// does.
struct Planner {
  let duplicates: MigrationOptions.DuplicatePolicy
  /// Whether rows that were edited are rewritten too.
  var overwritesEdits = false
  /// Whether issues of severity info are told in full or only counted.
  let tellsInformation: Bool

  /// What the store and the run know about an entity.
  struct Knowledge {
    /// How it relates to what is there.
    var comparison: StoredComparison
    /// Its references that point nowhere: position in the schema's references, and whether the
    /// entity pointed to failed in this run.
    var missingReferences: [(reference: Int, hasFailed: Bool)] = []
    /// Whether an earlier entity of the source, with the same id, has decided about the row.
    var isRepeated = false
    /// Whether the row was edited; nil where nobody asks.
    var editState: EditState?
  }

  /// What is to be done.
  enum Action: Sendable, Hashable {
    case insert, update, skip, reject
  }

  /// A decision, with what there is to report.
  struct Decision {
    var action: Action
    var issues: [Issue] = []
    /// An issue of severity info that is only counted.
    var counted: IssueCode?
  }

  /// Decides about the entity at `index`, which was read without an error.
  func decide(_ batch: RecordBatch, _ index: Int, _ knowledge: Knowledge) -> Decision {
    // First what is wrong with the entity itself, so that it fails on every run alike, whatever
    // stands under its id meanwhile.
    guard knowledge.missingReferences.isEmpty else {
      return Decision(
        action: .reject, issues: issues(of: knowledge.missingReferences, batch, index))
    }
    switch knowledge.comparison {
    case .identical where duplicates != .fail && !tellsInformation:
      return Decision(action: .skip, counted: .duplicateIdentical)
    case .identical:
      return duplicate(
        batch, index, .duplicateIdentical, skippedAs: .info,
        "is already in the store, with the same content")
    case .differs(let members):
      let names = members.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
      let more = members.count > 12 ? " and \(members.count - 12) more" : ""
      if duplicates == .update {
        return update(batch, index, knowledge, differing: names + more)
      }
      return duplicate(
        batch, index, .duplicateDiffers, skippedAs: .warning,
        "is already in the store with other content in \(names)\(more)")
    case .absent:
      return Decision(action: .insert)
    }
  }

  /// Decides about a row that differs, where such rows are rewritten.
  private func update(
    _ batch: RecordBatch, _ index: Int, _ knowledge: Knowledge, differing members: String
  ) -> Decision {
    func skip(_ message: String) -> Decision {
      Decision(
        action: .skip,
        issues: [
          issue(
            batch, index, .warning, .duplicateDiffers, at: batch.entries[index].place, field: nil,
            message)
        ])
    }
    if knowledge.isRepeated {
      return skip(
        "stands in the source before, with other content in \(members); the first one counts")
    }
    switch knowledge.editState {
    case .asWritten: break
    case _ where overwritesEdits: break
    case .edited(let run):
      return skip(
        "differs from the store in \(members), and somebody changed the row in the database after "
          + "run \(run) wrote it; left as it is, --force overwrites it")
    case .unknown(let run?):
      return skip(
        "differs from the store in \(members), and run \(run) kept no digest, so whether somebody "
          + "changed the row in the database cannot be told; left as it is, --force overwrites it")
    case .unknown(nil), nil:
      return skip(
        "differs from the store in \(members), and the row there is not from a migration but from "
          + "another application; left as it is, --force overwrites it")
    }
    guard tellsInformation else { return Decision(action: .update, counted: .duplicateDiffers) }
    return Decision(
      action: .update,
      issues: [
        issue(
          batch, index, .info, .duplicateDiffers, at: batch.entries[index].place, field: nil,
          "is already in the store with other content in \(members); updated")
      ])
  }

  /// What there is to report of an entity that was read with errors, of what only the store knows.
  func remaining(
    _ batch: RecordBatch, _ index: Int, missingReferences: [(reference: Int, hasFailed: Bool)]
  ) -> [Issue] {
    let told = batch.issues[batch.entries[index].issues]
    return issues(of: missingReferences, batch, index)
      .filter { issue in !told.contains { $0.pointer == issue.pointer } }
  }

  private func issues(
    of missingReferences: [(reference: Int, hasFailed: Bool)], _ batch: RecordBatch, _ index: Int
  ) -> [Issue] {
    let schema = batch.kind.schema
    return missingReferences.map { missing in
      let field = schema.references[missing.reference]
      let place = batch.referencePlaces[index * schema.references.count + missing.reference]
      return issue(
        batch, index, .error, .referenceMissing, at: place, field: schema.fields[field].member,
        message(of: missing, field: field, batch, index))
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
        issue(
          batch, index, fails ? .error : severity, code, at: batch.entries[index].place,
          field: nil, fact + (fails ? "; duplicates are refused" : "; left as it is"))
      ])
  }

  private func message(
    of missing: (reference: Int, hasFailed: Bool), field: Int, _ batch: RecordBatch, _ index: Int
  ) -> String {
    let declaration = batch.kind.schema.fields[field]
    guard case .reference(let target) = declaration.type,
      case .text(let id) = batch.record(at: index).values[field]
    else { return "'\(declaration.member)' points nowhere" }
    let what = "'\(declaration.member)' points to the \(target.schema.singular) \(quoted(id))"
    return missing.hasFailed
      ? "\(what), which failed in this run; mend that, and run again"
      : "\(what), which is neither in the store nor in the source; add it, or set the member to null"
  }

  private func quoted(_ id: String) -> String { Violation.quoted(id) }

  func issue(
    _ batch: RecordBatch, _ index: Int, _ severity: Severity, _ code: IssueCode,
    at place: RecordBatch.SourcePlace, field: String?, _ message: String
  ) -> Issue {
    Issue(
      severity: severity, code: code, kind: batch.kind, id: batch.id(at: index),
      source: batch.sources[batch.entries[index].source], locator: batch.locator(at: index),
      line: place.line, column: place.column, offset: place.offset,
      pointer: field.map { JSONPointer.to($0) }, message: message)
  }
}
