import RMOSModels
import RMOSStore

/// The origin of an entity, and the changes that runs made to it, the newest first.
struct EntityHistory {
  /// The change of one run.
  struct Step {
    let run: Int64
    /// The run as the ledger has it; `nil` if the ledger does not have it.
    let ledger: LedgerRun?
    /// Whether the run created the entity.
    let isCreation: Bool
    /// The fields that differ, by their positions, and their values before and after.
    let differences: [(position: Int, before: Value, after: Value)]
  }

  let provenance: Provenance?
  /// The run of ``provenance``; `nil` if the ledger has none.
  let run: LedgerRun?
  /// Whether the row has changed since ``run`` wrote it; `nil` if that is not known.
  let isChanged: Bool?
  let steps: [Step]
  /// Whether something other than a run has changed the row since the newest step, or, without
  /// steps, since ``run`` wrote it.
  let isEditedSince: Bool

  /// The maximum number of steps.
  private static let limit = 20

  /// Reads the history of an entity.
  init(of record: Record, in reader: any StoreReader) throws {
    let provenance = try reader.provenance(record.kind, id: record.id)
    self.provenance = provenance
    run = try provenance.flatMap { try reader.run($0.run) }
    isChanged =
      switch EditState(of: record, provenance) {
      case .asWritten: false
      case .edited: true
      case .unknown: nil
      }
    let changes = try reader.changes(of: record.kind, id: record.id)
    var after = record
    var steps: [Step] = []
    for change in changes.prefix(Self.limit) {
      let before = change.before?.record
      steps.append(
        Step(
          run: change.run, ledger: try reader.run(change.run), isCreation: before == nil,
          differences: before.map { Self.differences($0, after) } ?? []))
      guard let before else { break }
      after = before
    }
    self.steps = steps
    let digest = RowDigest(of: record)
    isEditedSince =
      switch changes.first?.result {
      case .written(let written): written != digest
      // Only the provenance has a digest to compare the row with.
      case .rewritten, nil: isChanged == true
      case .deleted: true
      }
  }

  private static func differences(
    _ before: Record, _ after: Record
  ) -> [(position: Int, before: Value, after: Value)] {
    before.values.indices.compactMap { position in
      let (old, new) = (before.values[position], after.values[position])
      return old == new ? nil : (position, old, new)
    }
  }
}

extension JSONWriter {
  /// Writes `origin` and `changes` of an entity.
  mutating func history(_ history: EntityHistory, of kind: EntityKind) {
    member("origin") { writer in
      guard let provenance = history.provenance else { return writer.null() }
      writer.object {
        $0.member("run", provenance.run)
        $0.member("source", history.run?.source)
        $0.member("path", provenance.path)
        $0.member("locator", provenance.locator?.text)
        $0.member("byte_offset", provenance.byteOffset)
        $0.member("byte_length", provenance.byteLength)
        $0.member("sha256", provenance.sha256.description)
        $0.member("changed_since_run", history.isChanged)
      }
    }
    member("edited_since", history.isEditedSince)
    member("changes", objects: history.steps) { writer, step in
      writer.member("run", step.run)
      writer.member("command", step.ledger?.command)
      writer.member("started_at", step.ledger?.startedAt)
      writer.member("user", step.ledger?.user)
      writer.member("host", step.ledger?.host)
      writer.member("created", step.isCreation)
      writer.member("members", objects: step.differences) { writer, difference in
        let field = kind.schema.fields[difference.position]
        writer.member("member", field.member)
        writer.member("before") { $0.stored(difference.before, field.type) }
        writer.member("after") { $0.stored(difference.after, field.type) }
      }
    }
  }
}
