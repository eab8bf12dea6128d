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
