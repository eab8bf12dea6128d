import RMOSModels
import RMOSStore
import Synchronization

/// The numbers of entities in lists and their facets, counted once per state of the store.
///
/// With many entities, counting is most of the work of a list, since it scans an index or the
/// table.
final class EntityTotals: Sendable {
  private struct Question: Hashable {
    var kind: EntityKind
    var conditions: [RecordQuery.Condition]
    var key: RecordGroup.Key?
  }

  private struct Answers {
    var token: String?
    var counts: [Question: Int] = [:]
    var facets: [Question: FacetCounts] = [:]

    /// Forgets the numbers of another state of the store, and limits their number.
    mutating func prepare(_ token: String) {
      if self.token != token || counts.count + facets.count >= 64 {
        self = Answers(token: token)
      }
    }
  }

  private let store: any RecordStore
  private let answers = Mutex(Answers())
  private let background = BackgroundComputation()
  /// The number of entities from which facets are counted in the background.
  private let many: Int
  /// How long a page waits for counts in the background.
  private let patience: Duration

  init(
    _ store: any RecordStore, many: Int = 20_000, patience: Duration = .milliseconds(25)
  ) {
    self.store = store
    self.many = many
    self.patience = patience
  }

  /// Returns the number of records of a query, regardless of its limit.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - reader: The snapshot.
  ///   - token: The store's change token, taken before the snapshot.
  /// - Returns: The number of records.
  /// - Throws: `StoreError` if the store cannot be read.
  func count(
    _ query: RecordQuery, in reader: any StoreReader, since token: String?
  ) throws -> Int {
    // If the token has not changed since it was taken, the snapshot is of that state.
    guard let token, store.changeToken() == token else { return try reader.count(query) }
    let question = Question(kind: query.kind, conditions: query.conditions)
    if let count = answers.withLock({ $0.token == token ? $0.counts[question] : nil }) {
      return count
    }
    let count = try reader.count(query)
    answers.withLock {
      $0.prepare(token)
      $0.counts[question] = count
    }
    return count
  }

  /// Returns the number of records of a query for each value of a key; `nil` while they are being
  /// counted in the background.
  func counts(
    _ query: RecordQuery, by key: RecordGroup.Key, in reader: any StoreReader, since token: String?
  ) throws -> FacetCounts? {
    guard let token, store.changeToken() == token else {
      return FacetCounts(try reader.counts(query, by: key))
    }
    let question = Question(kind: query.kind, conditions: query.conditions, key: key)
    if let known = answers.withLock({ $0.token == token ? $0.facets[question] : nil }) {
      return known
    }
    if try count(query, in: reader, since: token) >= many {
      let start = background.start { [self] in
        guard let token = store.changeToken(),
          let groups = try? store.read({ try $0.counts(query, by: key) }),
          store.changeToken() == token
        else { return }
        keep(FacetCounts(groups), question, token)
      }
      switch start {
      case .impossible: break
      case .busy: return nil
      case .begun:
        background.waitUntilIdle(within: patience)
        return answers.withLock { $0.token == token ? $0.facets[question] : nil }
      }
    }
    let counts = FacetCounts(try reader.counts(query, by: key))
    keep(counts, question, token)
    return counts
  }

  private func keep(_ counts: FacetCounts, _ question: Question, _ token: String) {
    answers.withLock {
      $0.prepare(token)
      $0.facets[question] = counts
    }
  }
}
