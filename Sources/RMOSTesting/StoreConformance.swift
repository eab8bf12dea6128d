public import RMOSModels
public import RMOSStore

/// A check of a requirement that every store must meet.
///
/// The checks do not depend on a backend or a testing framework. With Swift Testing:
///
/// ```swift
/// struct MyStoreTests {
///   @Test(arguments: StoreConformance.checks(for: [.keepsNUL, .keepsAnyType]))
///   func conforms(_ check: StoreConformance) throws {
///     try check.run { name in InMemoryStore() }
///   }
/// }
/// ```
///
/// In XCTest or in a program, call ``run(_:)`` in a loop. A check that fails throws a
/// ``ConformanceFailure``, which says what was found and what was expected.
public struct StoreConformance: Sendable, CustomStringConvertible {
  /// The requirement as a sentence, such as "a snapshot does not change while it is read".
  public let name: String
  /// The topic of the check in a word or two, such as "transactions".
  public let topic: String
  private let traits: StoreTraits
  private let declaration: Declaration

  /// The topic and the name.
  public var description: String { "\(topic): \(name)" }

  /// Returns the checks for stores with some traits.
  ///
  /// - Parameter traits: The abilities of the store that are not required of every store.
  /// - Returns: The checks, in a fixed order; their descriptions are unique.
  public static func checks(for traits: StoreTraits) -> [StoreConformance] {
    topics.flatMap { topic, declarations in
      declarations.filter { traits.isSuperset(of: $0.needed) }.map { declaration in
        StoreConformance(
          name: declaration.name, topic: topic, traits: traits, declaration: declaration)
      }
    }
  }

  /// Runs the check.
  ///
  /// - Parameter makeStore: Opens the store with a name, which consists of letters and digits. A
  ///   store with a new name must be empty. Only for ``StoreTraits/persistent`` stores is a name
  ///   used again, possibly while the first store is still open.
  /// - Throws: ``ConformanceFailure``.
  public func run(_ makeStore: (_ name: String) throws -> any RecordStore) throws {
    do {
      try withoutActuallyEscaping(makeStore) { makeStore in
        try declaration.body(Subject(traits: traits, makeStore: makeStore))
      }
    } catch let failure as Failure {
      throw ConformanceFailure(
        check: description, message: failure.message, file: failure.file, line: failure.line)
    } catch {
      throw ConformanceFailure(
        check: description, message: "\(error) was thrown", file: declaration.file,
        line: declaration.line)
    }
  }
}

/// The error of a check that failed.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
  /// The check's description.
  public let check: String
  /// What was found, and what was expected.
  public let message: String
  /// The file of RMOSTesting that contains the check.
  public let file: String
  /// The line of the expectation in ``file``.
  public let line: UInt

  /// The check, the message and the place on one line.
  public var description: String { "\(check): \(message) (\(file):\(line))" }
}

extension StoreConformance {
  /// All checks, by topic.
  private static var topics: [(String, [Declaration])] {
    [
      ("records", records), ("queries", queries), ("transactions", transactions),
      ("constraints", constraints), ("comparisons", comparisons), ("aggregates", aggregates),
      ("ledger", ledger), ("updates", updates), ("undo", undoing), ("changes", changes),
      ("writers", writers), ("abilities", abilities), ("derived", derived), ("figures", figures),
      ("migration", migrations), ("contract", contract),
    ]
  }
}

// MARK: Declarations of checks

/// The stores that a check works with.
struct Subject {
  let traits: StoreTraits
  private let makeStore: (String) throws -> any RecordStore
  private let names = Names()

  private final class Names {
    var count = 0
  }

  init(traits: StoreTraits, makeStore: @escaping (String) throws -> any RecordStore) {
    self.traits = traits
    self.makeStore = makeStore
  }

  /// Opens an empty store.
  func store() throws -> any RecordStore {
    names.count += 1
    return try store("store\(names.count)")
  }

  /// Opens the store with a name.
  func store(_ name: String) throws -> any RecordStore { try makeStore(name) }
}

/// A check without the traits of a store.
struct Declaration: Sendable {
  let name: String
  /// The traits that the check applies to.
  let needed: StoreTraits
  let file: String
  let line: UInt
  let body: @Sendable (Subject) throws -> Void

  /// Creates a check of an empty store.
  init(
    _ name: String, needs needed: StoreTraits = [], file: StaticString = #fileID,
    line: UInt = #line, _ body: @escaping @Sendable (any RecordStore) throws -> Void
  ) {
    self.init(name, needs: needed, file: file, line: line, subject: { try body($0.store()) })
  }

  /// Creates a check that depends on the traits, or needs several stores.
  init(
    _ name: String, needs needed: StoreTraits = [], file: StaticString = #fileID,
    line: UInt = #line, subject body: @escaping @Sendable (Subject) throws -> Void
  ) {
    self.name = name
    self.needed = needed
    self.file = "\(file)"
    self.line = line
    self.body = body
  }
}

/// The error that an expectation throws.
struct Failure: Error {
  let message: String
  let file: String
  let line: UInt
}

/// An error that a check throws on purpose, for instance to roll a transaction back.
struct Abandon: Error, Equatable {
  var number = 0
}

func expect(
  _ condition: Bool, _ message: @autoclosure () -> String = "it does not hold",
  file: StaticString = #fileID, line: UInt = #line
) throws {
  if !condition { throw Failure(message: message(), file: "\(file)", line: line) }
}

/// Returns the value, which must not be `nil`.
func unwrap<T>(
  _ value: T?, file: StaticString = #fileID, line: UInt = #line
) throws -> T {
  guard let value else { throw Failure(message: "it is nil", file: "\(file)", line: line) }
  return value
}

func expect<T: Equatable>(
  _ found: T, equals expected: T, _ subject: @autoclosure () -> String = "",
  file: StaticString = #fileID, line: UInt = #line
) throws {
  try expect(
    found == expected,
    (subject().isEmpty ? "" : subject() + ": ")
      + "found \(shortened("\(found)")), expected \(shortened("\(expected)"))",
    file: file, line: line)
}

func expect(
  _ code: StoreError.Code, file: StaticString = #fileID, line: UInt = #line,
  from body: () throws -> Void
) throws {
  do {
    try body()
  } catch let error as StoreError {
    try expect(error.code, equals: code, file: file, line: line)
    try expect(!error.message.isEmpty, "an error needs a message", file: file, line: line)
    return
  }
  throw Failure(
    message: "nothing was thrown, expected \(code)", file: "\(file)", line: line)
}

/// Returns a text, shortened in the middle if it is long.
private func shortened(_ text: String) -> String {
  let limit = 2000
  return text.count <= 2 * limit ? text : "\(text.prefix(limit)) … \(text.suffix(limit))"
}

extension RecordStore {
  /// Returns the ids of a kind, in order.
  func ids(_ kind: EntityKind) throws -> [String] {
    try read { try $0.records(RecordQuery(kind)).map(\.id) }
  }
}

/// The content of a store, for comparing two stores: all records of all kinds, and their provenance
/// except for the runs.
public struct StoreContent: Sendable, Hashable {
  /// The records, by kind and id.
  public private(set) var records: [Record] = []
  /// The provenance of the records that have one, with 0 as the run.
  public private(set) var provenance: [Provenance] = []

  /// Reads the content of a store.
  ///
  /// - Throws: What the store throws.
  public init(of store: any RecordStore) throws {
    self = try store.read { try StoreContent(of: $0) }
  }

  /// Reads the content of a snapshot, or of a transaction.
  ///
  /// - Throws: What the reader throws.
  public init(of reader: any StoreReader) throws {
    for kind in reader.catalog.kinds { try reader.forEachRecord(kind) { records.append($0) } }
    for record in records {
      guard var origin = try reader.provenance(record.kind, id: record.id) else { continue }
      origin.run = 0
      provenance.append(origin)
    }
  }
}

/// Abilities of a store that are not required of every store.
///
/// The author of a store declares them. The checks also check that a store does not have traits
/// that are not declared: for instance, a store without ``backsUp`` must return no backup.
public struct StoreTraits: OptionSet, Sendable, Hashable {
  /// The traits as bits.
  public let rawValue: Int

  /// Creates traits from their bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A store that is opened again has the same content.
  public static let persistent = StoreTraits(rawValue: 1 << 0)
  /// The closure that `withBackup(beforeRun:isCancelled:_:)` passes to its body makes a backup.
  public static let backsUp = StoreTraits(rawValue: 1 << 1)
  /// `changeToken()` changes with each commit.
  public static let tellsChanges = StoreTraits(rawValue: 1 << 2)
  /// `hasWriter` says whether a writer is active.
  public static let tellsWriter = StoreTraits(rawValue: 1 << 3)
  /// Texts may contain U+0000.
  public static let keepsNUL = StoreTraits(rawValue: 1 << 4)
  /// A column keeps values of any type, as in SQLite, if they cannot be converted to its own type.
  public static let keepsAnyType = StoreTraits(rawValue: 1 << 5)

  /// All traits.
  public static let all: StoreTraits = [
    .persistent, .backsUp, .tellsChanges, .tellsWriter, .keepsNUL, .keepsAnyType,
  ]
}
