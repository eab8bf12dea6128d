import RMOSModels
import RMOSStore

/// Where a migration saw an entity, as the ledger knows.
public struct EntityOrigin: Sendable, Hashable {
  /// What became of it.
  public enum Outcome: Sendable, Hashable {
    /// It was written; where it is missing now, it was deleted since.
    case migrated
    /// It was left out of the newest migration.
    case failed
  }

  /// What became of it.
  public var outcome: Outcome
  /// The run.
  public var run: Int64
  /// The source directory of the run, as given.
  public var source: String
  /// The file's path relative to the source directory.
  public var path: String
}

/// Looks up where entities came from; a ledger that cannot be read knows nothing.
struct EntityOrigins {
  private let context: AuditContext
  /// What the newest migration left out, by kind and id.
  private let failed: [EntityKind: [String: EntityOrigin]]

  /// How many entities that failed are remembered.
  private static let failuresKept = 10_000

  init(_ context: AuditContext) throws {
    self.context = context
    failed = try Self.ifReadable { try Self.failures(context) } ?? [:]
  }

  private static func failures(
    _ context: AuditContext
  ) throws -> [EntityKind: [String: EntityOrigin]] {
    guard context.hasLedger,
      let newest = try context.reader.runs(limit: nil).first(where: { $0.command == "migrate" })
    else { return [:] }
    var failed: [EntityKind: [String: EntityOrigin]] = [:]
    var count = 0
    try context.reader.forEachIssue(ofRun: newest.id) { issue in
      guard issue.severity == .error, count < failuresKept, let kind = issue.kind,
        let id = issue.id, failed[kind]?[id] == nil
      else { return }
      count += 1
      failed[kind, default: [:]][id] = EntityOrigin(
        outcome: .failed, run: newest.id, source: newest.source, path: issue.source ?? "")
    }
    return failed
  }

  /// What is wrong with the ledger its own rules report.
  private static func ifReadable<Result>(_ body: () throws -> Result?) throws -> Result? {
    do {
      return try body()
    } catch let error as StoreError where [.corrupt, .other, .unusableSchema].contains(error.code) {
      return nil
    }
  }

  /// Where an entity came from; `nil` if the ledger knows nothing of it.
  subscript(kind: EntityKind, id: String) -> EntityOrigin? {
    get throws {
      guard context.hasLedger else { return nil }
      let origin = try Self.ifReadable { () -> EntityOrigin? in
        guard let provenance = try context.reader.provenance(kind, id: id) else { return nil }
        let run = try context.reader.run(provenance.run)
        return EntityOrigin(
          outcome: .migrated, run: provenance.run, source: run?.source ?? "",
          path: provenance.path)
      }
      return origin ?? failed[kind]?[id]
    }
  }
}
