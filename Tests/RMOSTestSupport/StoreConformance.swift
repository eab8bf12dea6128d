import RMOSModels
public import RMOSStore

/// What every ``RecordStore`` must do, as a list of checks that know nothing of the backend.
///
/// ```swift
/// @Test(arguments: StoreConformance.all)
/// func holds(_ check: StoreConformance) throws { try check.run { MyStore() } }
/// ```
public struct StoreConformance: Sendable, CustomStringConvertible {
  /// What holds.
  public let name: String
  private let body: @Sendable (_ makeStore: () throws -> any RecordStore) throws -> Void

  /// What holds.
  public var description: String { name }

  init(
    _ name: String, _ body: @escaping @Sendable (any RecordStore) throws -> Void
  ) {
    self.name = name
    self.body = { try body($0()) }
  }

  /// Runs the check on an empty store of its own; throws a ``Failure`` where it does not hold.
  public func run(_ makeStore: () throws -> any RecordStore) throws { try body(makeStore) }

  /// All checks.
  public static let all: [StoreConformance] =
    records + transactions + constraints + queries + comparisons + ledger + updates + undoing
    + writers + aggregates

  /// What a check found.
  public struct Failure: Error, CustomStringConvertible {
    /// What was found, and where.
    public let description: String
  }

  static func expect(
    _ condition: Bool, _ message: @autoclosure () -> String = "does not hold",
    file: StaticString = #fileID, line: UInt = #line
  ) throws {
    if !condition { throw Failure(description: "\(file):\(line): \(message())") }
  }

  static func expect<T: Equatable>(
    _ found: T, equals expected: T, file: StaticString = #fileID, line: UInt = #line
  ) throws {
    try expect(found == expected, "found \(found), expected \(expected)", file: file, line: line)
  }

  static func expect(
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
    throw Failure(description: "\(file):\(line): nothing was thrown, expected \(code)")
  }
}

/// What a check throws on purpose.
struct Abandon: Error, Equatable {
  var number: Int
}

extension RecordStore {
  /// The ids of a kind, in order.
  func ids(_ kind: EntityKind) throws -> [String] {
    try read { try $0.records(RecordQuery(kind)).map(\.id) }
  }
}
