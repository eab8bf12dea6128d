public import RMOSModels
import RMOSSystem

/// A generated legacy tree: the same files for the same numbers, on every machine.
///
/// About one entity in ten is a strip family, three are patterns, six are job logs, in all layouts a
/// source may have: a file an entity in nested directories, a list, a dictionary, JSON Lines. All
/// of them migrate without a failure unless some are asked to be broken.
///
/// ```swift
/// let summary = try SampleTree(count: 1000).write(to: "legacy")
/// print("\(summary.entityCount) entities in \(summary.fileCount) files")
/// ```
public struct SampleTree: Sendable {
  /// How many entities.
  public let count: Int
  /// How many in 100 of them are odd or broken: every kind of flaw that a tree can show, in turn.
  public let brokenPercent: Int
  /// What the content depends on.
  public let seed: UInt64

  /// What was written.
  public struct Summary: Sendable, Hashable {
    /// How many entities of each kind, flawed ones included.
    public internal(set) var entityCounts: [EntityKind: Int] = [:]
    /// How many of them are odd or broken.
    public internal(set) var brokenCount = 0
    /// How many files.
    public internal(set) var fileCount = 0
    /// How many bytes.
    public internal(set) var byteCount = 0

    /// How many entities.
    public var entityCount: Int { entityCounts.values.reduce(0, +) }
  }

  /// A tree; nothing is written before ``write(to:isCancelled:)``.
  ///
  /// - Parameters:
  ///   - count: How many entities, 0 or more; from 3 on there is one of each kind.
  ///   - brokenPercent: How many in 100 are odd or broken, 0 to 100.
  ///   - seed: Another seed gives other content.
  public init(count: Int, brokenPercent: Int = 0, seed: UInt64 = 1) {
    self.count = count
    self.brokenPercent = brokenPercent
    self.seed = seed
  }

  /// Writes the tree into `directory`, which is created if it is not there.
  ///
  /// Nothing that exists is written over, but an empty directory is replaced. All is first written
  /// into a hidden directory beside it, `.NAME.incomplete-1`, which takes its place once it is
  /// whole. Memory does not depend on ``count``.
  ///
  /// - Parameters:
  ///   - directory: Where to; must be empty where it exists.
  ///   - isCancelled: Asked now and then; once true, the tree is given up.
  /// - Returns: What was written.
  /// - Throws: ``MigrationError``: ``MigrationError/Code/invalidOption`` for numbers that make no
  ///   sense, ``MigrationError/Code/sampleNotEmpty`` where the directory holds something,
  ///   ``MigrationError/Code/sampleUnwritable`` where the system refuses to write,
  ///   ``MigrationError/Code/cancelled``.
  public func write(
    to directory: String, isCancelled: @escaping () -> Bool = { false }
  ) throws(MigrationError) -> Summary {
    guard count >= 0 else {
      throw MigrationError(.invalidOption, "a sample of \(count) entities; expected 0 or more")
    }
    guard 0...100 ~= brokenPercent else {
      throw MigrationError(
        .invalidOption, "\(brokenPercent) per cent of broken entities; expected 0 to 100")
    }
    do throws(SystemError) {
      let staging = try StagedDirectory(for: Array(directory.utf8), isCancelled: isCancelled)
      defer { staging.close() }
      do throws(SystemError) {
        var writer = SampleWriter(entities: SampleEntities(self), directory: staging.path)
        for kind in EntityKind.allCases { try writer.write(kind, isCancelled) }
        // What can be made again at any time need not survive a power failure.
        try staging.publish(isDurable: false)
        return writer.summary
      } catch {
        staging.remove()
        throw error
      }
    } catch {
      switch error {
      case .cancelled:
        throw MigrationError(
          .cancelled, "the sample was cancelled; the directory is what it was before")
      case .notEmpty:
        throw MigrationError(
          .sampleNotEmpty,
          "\(directory) is not empty; name a new directory, or empty this one first")
      default: throw MigrationError(.sampleUnwritable, error.message(writingTo: directory))
      }
    }
  }
}

extension MigrationError.Code {
  /// The directory to write to holds something already.
  public static let sampleNotEmpty = MigrationError.Code(rawValue: "sample.not-empty")
  /// The directory to write to cannot be written.
  public static let sampleUnwritable = MigrationError.Code(rawValue: "sample.unwritable")
}
