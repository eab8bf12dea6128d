package import RMOSMigration
package import RMOSModels
import RMOSSystem

/// A generated legacy tree: the same arguments give the same files on every machine.
///
/// About one entity in ten is a strip family, three are patterns, six are job logs, in all layouts
/// a source may have: one file per entity in nested directories, a list, a dictionary, JSON Lines.
/// All of them migrate without a failure unless broken ones are asked for.
///
/// ```swift
/// let summary = try SampleTree(count: 1000).write(to: "legacy")
/// print("\(summary.fileCount) files, \(summary.byteCount) bytes")
/// ```
package struct SampleTree: Sendable {
  /// The number of entities.
  let count: Int
  /// The percentage of odd or broken entities: every kind of flaw that a tree can have, in turn.
  let brokenPercent: Int
  /// The seed of the content.
  let seed: UInt64

  /// What was written.
  package struct Summary: Sendable, Hashable {
    /// The number of entities per kind, including flawed ones.
    package internal(set) var entityCounts: [EntityKind: Int] = [:]
    /// The number of odd or broken entities.
    package internal(set) var brokenCount = 0
    /// The number of files.
    package internal(set) var fileCount = 0
    /// The number of bytes.
    package internal(set) var byteCount = 0
  }

  /// Creates a tree; nothing is written before ``write(to:isCancelled:)``.
  ///
  /// - Parameters:
  ///   - count: The number of entities, 0 or more; from 3 on there is one of each kind.
  ///   - brokenPercent: The percentage of odd or broken entities, 0 to 100.
  ///   - seed: A different seed gives different content.
  package init(count: Int, brokenPercent: Int = 0, seed: UInt64 = 1) {
    self.count = count
    self.brokenPercent = brokenPercent
    self.seed = seed
  }

  /// Writes the tree into `directory`, which is created if it does not exist.
  ///
  /// Nothing that exists is overwritten, but an empty directory is replaced. The tree is first
  /// written into a hidden directory next to it, `.NAME.incomplete-1`, which is renamed once it is
  /// complete. Memory does not depend on ``count``.
  ///
  /// - Parameters:
  ///   - directory: The directory to write to; must be empty if it exists.
  ///   - isCancelled: Polled periodically; once it returns `true`, the tree is abandoned.
  /// - Returns: What was written.
  /// - Throws: ``MigrationError``: ``MigrationError/Code/invalidOption`` for invalid numbers,
  ///   `sample.not-empty` if the directory is not empty,
  ///   `sample.unwritable` if it cannot be written,
  ///   ``MigrationError/Code/cancelled``.
  package func write(
    to directory: String, isCancelled: @escaping () -> Bool = { false }
  ) throws(MigrationError) -> Summary {
    guard count >= 0 else {
      throw MigrationError(.invalidOption, "a sample of \(count) entities; expected 0 or more")
    }
    guard 0...100 ~= brokenPercent else {
      throw MigrationError(
        .invalidOption, "\(brokenPercent) percent of broken entities; expected 0 to 100")
    }
    do throws(SystemError) {
      let staging = try StagedDirectory(for: Array(directory.utf8), isCancelled: isCancelled)
      defer { staging.close() }
      do throws(SystemError) {
        var writer = SampleWriter(entities: SampleEntities(self), directory: staging.path)
        for kind in SampleKind.allCases { try writer.write(kind, isCancelled) }
        // A sample can be generated again, so it need not survive a power failure.
        _ = try staging.publish(durableFiles: nil)
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

/// Writes the entities of a sample tree into files of every layout.
struct SampleWriter {
  let entities: SampleEntities
  let directory: [UInt8]
  var summary = SampleTree.Summary()

  /// How a file holds its entities.
  private enum Layout: CaseIterable {
    case list, dictionary, lines

    /// Its range of a kind's entities, in percent; entities before the first range have files of
    /// their own.
    var range: Range<Int> {
      switch self {
      case .list: 60..<75
      case .dictionary: 75..<85
      case .lines: 85..<100
      }
    }

    var fileName: String {
      switch self {
      case .list: "catalogue.json"
      case .dictionary: "by_id.json"
      case .lines: "archive/log.jsonl"
      }
    }
  }

  /// Writes all entities of a kind.
  mutating func write(_ kind: SampleKind, _ isCancelled: () -> Bool) throws(SystemError) {
    let count = entities.count(of: kind)
    summary.entityCounts[kind.kind] = count
    // A few entities are easier to look at one by one.
    let singles = count < 10 ? count : count * 60 / 100
    for index in 0..<singles {
      try Self.check(isCancelled, index)
      try writeSingle(kind, index)
    }
    guard singles < count else { return }
    for layout in Layout.allCases {
      let range = count * layout.range.lowerBound / 100..<count * layout.range.upperBound / 100
      try writeShared(layout, kind, range, isCancelled)
    }
  }

  private static func check(_ isCancelled: () -> Bool, _ index: Int) throws(SystemError) {
    if index % 64 == 0, isCancelled() { throw .cancelled }
  }

  /// Writes an entity into its own file.
  private mutating func writeSingle(_ kind: SampleKind, _ index: Int) throws(SystemError) {
    var random = entities.random(kind, index)
    let flaw = entities.flaw(of: kind, index)
    if flaw != nil { summary.brokenCount += 1 }
    let source = flaw.flatMap {
      $0.needsSoundEntity ? entities.original(of: kind, from: index, for: $0) : nil
    }
    var members = entities.members(kind, source ?? index)
    flaw?.apply(to: &members, of: kind.schema, &random)
    var writer = JSONWriter(style: .pretty)
    writer.value(.object(members))
    var content = writer.utf8 + [UInt8(ascii: "\n")]
    if let flaw {
      content = flaw.fileContent(content, id: entities.id(kind, index), &random)
    }
    let name = "\(entities.group(kind, index))/\(entities.id(kind, index)).json"
    var file = try SampleFile(directory, "\(kind.schema.table)/\(name)")
    defer { file.close() }
    try file.append(content)
    try finish(&file)
  }

  /// Writes entities into one file, except entities whose flaw needs a file of its own.
  private mutating func writeShared(
    _ layout: Layout, _ kind: SampleKind, _ range: Range<Int>, _ isCancelled: () -> Bool
  ) throws(SystemError) {
    var file: SampleFile?
    defer { file?.close() }
    for index in range {
      try Self.check(isCancelled, index)
      let flaw = entities.flaw(of: kind, index)
      if let flaw, flaw.needsOwnFile {
        try writeSingle(kind, index)
        continue
      }
      var members = entities.members(kind, index)
      if let flaw {
        var random = entities.random(kind, index)
        flaw.apply(to: &members, of: kind.schema, &random)
        summary.brokenCount += 1
      }
      var text = ""
      switch layout {
      case .list: text = file == nil ? "[\n  " : ",\n  "
      case .dictionary:
        // The key is the id; some files repeat it as a member.
        if index.isMultiple(of: 2) { members.removeAll { $0.name == "id" } }
        text =
          (file == nil ? "{\n  " : ",\n  ")
          + JSONValue.string(entities.id(kind, index)).text + ": "
      case .lines: break
      }
      text += JSONValue.object(members).text + (layout == .lines ? "\n" : "")
      if file == nil { file = try SampleFile(directory, "\(kind.schema.table)/\(layout.fileName)") }
      try file?.append(Array(text.utf8))
    }
    guard var open = file else { return }
    switch layout {
    case .list: try open.append(Array("\n]\n".utf8))
    case .dictionary: try open.append(Array("\n}\n".utf8))
    case .lines: break
    }
    try finish(&open)
  }

  private mutating func finish(_ file: inout SampleFile) throws(SystemError) {
    try file.flush()
    summary.fileCount += 1
    summary.byteCount += file.byteCount
  }
}

/// A new file, written through a buffer.
struct SampleFile {
  private let handle: FileDescriptor
  private var buffer: [UInt8] = []
  private(set) var byteCount = 0

  /// Creates the file, and the directories it needs.
  init(_ directory: [UInt8], _ name: String) throws(SystemError) {
    let path = directory + [UInt8(ascii: "/")] + Array(name.utf8)
    do throws(SystemError) {
      handle = try FileDescriptor(creating: path)
    } catch {
      guard error == .notFound else { throw error }
      try FileSystem.makeDirectories(path.directoryPath)
      handle = try FileDescriptor(creating: path)
    }
  }

  mutating func append(_ bytes: [UInt8]) throws(SystemError) {
    buffer += bytes
    byteCount += bytes.count
    if buffer.count >= 64 << 10 { try flush() }
  }

  mutating func flush() throws(SystemError) {
    try handle.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  func close() { handle.close() }
}

extension MigrationError.Code {
  /// The directory for samples is not empty.
  package static let sampleNotEmpty = Self(rawValue: "sample.not-empty")
  /// The directory for samples cannot be written.
  package static let sampleUnwritable = Self(rawValue: "sample.unwritable")
}
