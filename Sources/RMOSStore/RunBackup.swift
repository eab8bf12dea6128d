import RMOSModels
import RMOSSystem

/// A copy of a database from before a run, beside it: `<database>.backup-<run>`.
///
/// It is a database like the original, complete in its one file.
public struct RunBackup: Sendable, Hashable {
  /// What stands between the database's name and the run's number.
  static let suffix = ".backup-"
  /// How many backups are kept.
  static let kept = 3

  /// Where it is.
  public let path: String
  /// The run it was taken before.
  public let run: Int64
  /// The database's path, absolute.
  private let database: String
  /// The copy's path, absolute.
  private let file: String

  init(path: String, run: Int64, database: String, file: String) {
    self.path = path
    self.run = run
    self.database = database
    self.file = file
  }

  /// Backs up a store that has entities, for the run that is about to begin.
  ///
  /// To be called within `withExclusiveWriter`, before the run's first write.
  ///
  /// - Returns: The backup; nil where there is nothing to lose.
  /// - Throws: ``StoreError``; ``StoreError/Code/cancelled`` where it was given up.
  package static func take(
    of store: any RecordStore, isCancelled: () -> Bool = { false }
  ) throws -> RunBackup? {
    let next: Int64? = try store.read { reader in
      let hasRows = try EntityKind.allCases.contains { kind in
        try !reader.records(RecordQuery(kind).limit(1)).isEmpty
      }
      guard hasRows else { return nil }
      let last = try reader.runs(limit: 1).first?.id ?? 0
      return last == .max ? last : last + 1
    }
    guard let next else { return nil }
    return try store.backUp(beforeRun: next, isCancelled: isCancelled)
  }

  /// Removes the backup: the run changed nothing.
  package func discard() { try? FileSystem.removeFile(file) }

  /// Removes all but the last of the backups taken before runs up to this one, by number, and what
  /// a killed process left of one.
  ///
  /// What bears a higher number is of another history and stays.
  package func removeOlder() {
    let directory = database.directoryPath
    let prefix = Array((database.lastName + Self.suffix).utf8)
    var older: [Int64] = []
    for entry in FileSystem.names(inDirectory: directory) {
      guard entry.starts(with: prefix) else { continue }
      let parts = entry.dropFirst(prefix.count).split(
        separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
      guard let number = parts.first.flatMap(Self.number), number <= run else { continue }
      if parts.count == 1 {
        if number < run { older.append(number) }
      } else if parts[1].starts(with: Array("incomplete-".utf8)) {
        // Only who holds the lock writes one, so nobody is at it.
        try? FileSystem.removeFile(Array("\(directory)/".utf8) + entry)
      }
    }
    for number in older.sorted(by: >).dropFirst(Self.kept - 1) {
      try? FileSystem.removeFile("\(database)\(Self.suffix)\(number)")
    }
  }

  /// A number as this type writes it.
  private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
    guard let number = Int64(String(decoding: text, as: UTF8.self)), number > 0,
      String(number).utf8.elementsEqual(text)
    else { return nil }
    return number
  }
}
