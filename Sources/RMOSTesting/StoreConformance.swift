public import RMOSModels
public import RMOSStore

/// One thing that every store must do.
///
/// The checks know nothing of a backend and need no testing framework. With Swift Testing:
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
/// In XCTest or a program of its own, call ``run(_:)`` in a loop.
/// A failure is a ``ConformanceFailure``, which says what was found and what was expected.
public struct StoreConformance: Sendable, CustomStringConvertible {
  /// What holds, as a sentence: "a snapshot does not change while it is read".
  public let name: String
  /// The topic of the check in a word or two, such as "transactions".
  public let topic: String
  private let traits: StoreTraits
  private let declaration: Declaration

  /// The topic and the name.
  public var description: String { "\(topic): \(name)" }

  /// The checks for stores with some traits.
  ///
  /// - Parameter traits: What the store can do beyond what every store must.
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
  /// - Parameter makeStore: Opens the store with a name: letters and digits. One with a new name is
  ///   empty; only of stores that are ``StoreTraits/persistent`` is a name given twice, and the
  ///   first store may still be open.
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

/// A store did not do what every store must.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
  /// The check's description.
  public let check: String
  /// What was found, and what was expected.
  public let message: String
  /// The file of RMOSTesting in which the check stands.
  public let file: String
  /// The line of the expectation.
  public let line: UInt

  /// All of it, on one line.
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

// MARK: How checks are declared

/// The store and the tools that a check works with.
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

/// A check before the traits of a store are known.
struct Declaration: Sendable {
  let name: String
  /// The traits without which there is nothing to check.
  let needed: StoreTraits
  let file: String
  let line: UInt
  let body: @Sendable (Subject) throws -> Void

  /// A check of an empty store.
  init(
    _ name: String, needs needed: StoreTraits = [], file: StaticString = #fileID,
    line: UInt = #line, _ body: @escaping @Sendable (any RecordStore) throws -> Void
  ) {
    self.init(name, needs: needed, file: file, line: line, subject: { try body($0.store()) })
  }

  /// A check that depends on the traits, or takes several stores.
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

/// What an expectation throws.
struct Failure: Error {
  let message: String
  let file: String
  let line: UInt
}

/// What a check throws on purpose.
struct Abandon: Error, Equatable {
  var number = 0
}

func expect(
  _ condition: Bool, _ message: @autoclosure () -> String = "it does not hold",
  file: StaticString = #fileID, line: UInt = #line
) throws {
  if !condition { throw Failure(message: message(), file: "\(file)", line: line) }
}

/// The value, which must be there.
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

/// A text, shortened in the middle if it is long.
private func shortened(_ text: String) -> String {
  let limit = 2000
  return text.count <= 2 * limit ? text : "\(text.prefix(limit)) … \(text.suffix(limit))"
}

extension RecordStore {
  /// The ids of a kind, in order.
  func ids(_ kind: EntityKind) throws -> [String] {
    try read { try $0.records(RecordQuery(kind)).map(\.id) }
  }
}

/// What a store holds: all records of all kinds, and their provenance but for the run, so that two
/// stores can be compared.
public struct StoreContent: Sendable, Hashable {
  /// The records, by kind and id.
  public private(set) var records: [Record] = []
  /// Their provenance, the run left out.
  public private(set) var provenance: [Provenance] = []

  /// Reads everything.
  ///
  /// - Throws: What the store throws.
  public init(of store: any RecordStore) throws {
    self = try store.read { try StoreContent(of: $0) }
  }

  /// Reads everything.
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

/// What a store can do beyond what every store must.
///
/// The author of a store declares it; the checks never guess. A trait that is not declared is
/// checked too: a store that does not back up has to say so.
public struct StoreTraits: OptionSet, Sendable, Hashable {
  /// The traits as bits.
  public let rawValue: Int

  /// Creates traits from their bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A store that is opened again has the same content.
  public static let persistent = StoreTraits(rawValue: 1 << 0)
  /// What `withBackup(beforeRun:isCancelled:_:)` hands to its closure makes a copy.
  public static let backsUp = StoreTraits(rawValue: 1 << 1)
  /// `changeToken()` tells commits apart.
  public static let tellsChanges = StoreTraits(rawValue: 1 << 2)
  /// `hasWriter` tells whether a writer is at work.
  public static let tellsWriter = StoreTraits(rawValue: 1 << 3)
  /// Texts may hold U+0000.
  public static let keepsNUL = StoreTraits(rawValue: 1 << 4)
  /// A column keeps values of any type if they cannot be converted to its own, as those of SQLite
  /// do.
  public static let keepsAnyType = StoreTraits(rawValue: 1 << 5)

  /// All traits.
  public static let all: StoreTraits = [
    .persistent, .backsUp, .tellsChanges, .tellsWriter, .keepsNUL, .keepsAnyType,
  ]
}
