import RMOSModels
import RMOSSystem

/// Copies failed entities, with their issues, into a directory that can be migrated once they are
/// fixed.
///
/// The bytes of a copy are read again from the source, in constant memory. The copies replace those
/// of earlier runs at the end of the run. An error in writing them does not stop the run, but is
/// recorded in ``rejects``.
final class RejectsWriter {
  private static let bufferSize = 64 << 10
  /// The maximum length of a file name, in bytes.
  private static let maximumName = 255

  /// The number of bytes that are still copied once the run is cancelled, so that small copies are
  /// complete.
  private static let cancellationAllowance = 4 << 20

  private let source: [UInt8]
  /// The mappings of the run, with which the copies will be read too.
  private let mappings: MappingSet
  private let isCancelled: () -> Bool
  /// The number of bytes that were copied since the run was cancelled.
  private var copiedSinceCancelled = 0
  /// Whether copies are missing because the run was cancelled.
  private(set) var wasCancelled = false
  private let directory: RejectsDirectory
  /// The directory's path if this run created it; the directory is removed if it stays empty.
  private let created: [UInt8]?
  private var hasReadMe = false
  /// The directory written to last, which the next copy is likely to need: the failures of a file
  /// come in a row.
  private var folder: Folder?
  private(set) var rejects: Rejects

  /// A directory that is written to, and its path in ``directory``, with a slash at its end.
  private struct Folder {
    let path: [UInt8]
    let handle: PrivateDirectory
  }

  /// Creates the directory, or opens it if it is empty or holds the files of earlier runs.
  ///
  /// - Throws: As ``RejectsPlace/check(source:_:readsThem:)``.
  init(
    _ path: String, source: String, _ catalog: EntityCatalog, mappings: MappingSet = .none,
    isCancelled: @escaping () -> Bool = { false }
  ) throws(MigrationError) {
    let place = RejectsPlace(path)
    try place.checkPath(source: source, catalog)
    rejects = Rejects(directory: path)
    self.source = Array(source.utf8)
    self.mappings = mappings
    self.isCancelled = isCancelled
    let bytes = Array(path.utf8)
    created = (try? FileStatus(of: bytes)) != nil ? nil : bytes
    do throws(SystemError) {
      if created != nil { try FileSystem.makeDirectories(bytes) }
    } catch {
      throw place.unwritable(error)
    }
    do throws(MigrationError) {
      directory = try RejectsDirectory(path)
    } catch {
      if let created { try? FileSystem.removeDirectory(created) }
      throw error
    }
  }

  /// Closes open directories, and removes the directory if this run created it and published
  /// nothing.
  func finish() {
    closeFolder()
    directory.close()
    // Fails if files were published.
    if let created { try? FileSystem.removeDirectory(created) }
  }

  /// Replaces the copies of earlier runs by those of this run; if that fails, none counts as
  /// written.
  ///
  /// - Parameter isComplete: Whether the run has seen all failures of the source.
  func publish(isComplete: Bool) {
    closeFolder()
    guard let failure = failure(publishing: isComplete) else { return }
    rejects.notWritten += rejects.written
    rejects.written = 0
    rejects.failure = rejects.failure ?? failure
  }

  /// Publishes the copies, and returns why that failed; `nil` if it succeeded.
  private func failure(publishing isComplete: Bool) -> String? {
    func displacement() -> String? {
      SystemError.thrown { () throws(SystemError) in try directory.checkStands() }
        .map { "the directory: \($0.reason)" }
    }
    if let failure = displacement() { return failure }
    do throws(MigrationError) {
      rejects.removed = try directory.publish(isComplete: isComplete && rejects.notWritten == 0)
    } catch {
      return error.message
    }
    return displacement()
  }

  private func closeFolder() {
    folder?.handle.close()
    folder = nil
  }

  /// Copies the failed entities of a batch.
  ///
  /// - Parameters:
  ///   - failures: The failed entries, each with its issues.
  ///   - batch: The batch.
  ///   - run: The run's number in the ledger; `nil` if it may be rolled back.
  func write(
    _ failures: [(index: Int, issues: ArraySlice<Issue>)], of batch: SourceBatch,
    run: Int64?
  ) {
    for (index, issues) in failures {
      do throws(SystemError) {
        try write(index, issues, batch, run)
        rejects.written += 1
      } catch {
        rejects.notWritten += 1
        if error == .cancelled {
          wasCancelled = true
          continue
        }
        let path = batch.records.sources[batch.records.entries[index].source]
        rejects.failure = rejects.failure ?? "the reject of \(path): \(error.reason)"
      }
    }
  }

  private func write(
    _ index: Int, _ issues: ArraySlice<Issue>, _ batch: SourceBatch, _ run: Int64?
  ) throws(SystemError) {
    if !hasReadMe {
      try writeFile(
        Array("README.txt".utf8), in: openFolder([]), Array(RejectsWriter.readMe.utf8))
      hasReadMe = true
    }
    let path = batch.path(of: batch.records.entries[index])
    let copy = RejectCopy(of: batch, at: index, issues)
    let kind = batch.records.kind
    let parts = path.split(separator: UInt8(ascii: "/")).map { Array($0) }
    guard let fileName = parts.last else { return }
    var name = fileName
    var above = parts.dropLast()
    if let item = copy?.name {
      name = Array(item.utf8)
      above = parts[...]
      if parts.count == 1, SourceTop.isFile(fileName, of: kind),
        !mappings.reads(
          rejectsOf: fileName, as: kind, batch.records.entries[index].mapping,
          rule: batch.mappedWay(at: index)?.rule)
      {
        // The directory must be below that of the kind, where a migration reads it, and must not
        // have the name of a file or directory of the source.
        above = [Array(kind.table.utf8), freeName(for: fileName, below: Array(kind.table.utf8))]
      }
    }
    let folder = try openFolder(above)
    var failure: SystemError?
    if let copy {
      do throws(SystemError) {
        let others = copy.otherNames(for: kind).map { Array($0.utf8) }
        name = try write(copy, of: path, as: [name] + others, in: folder)
      } catch {
        failure = error
      }
    }
    let text = issuesText(
      of: batch.records, at: index, issues, copy: failure == nil && copy != nil ? name : nil, run)
    // The file of issues must not have the name of a file or directory of the source.
    var ending = ".issues"
    while (try? FileStatus(of: source + Array("/".utf8) + path + Array(ending.utf8))) != nil {
      ending = "~" + ending
    }
    if name.count + ending.utf8.count > RejectsWriter.maximumName {
      name = Array(ExportFileName.name(for: SourcePath.text(name)).utf8)
    }
    // The file may have failed as one of another kind too.
    if try folder.handle.form(of: name + Array(ending.utf8)) != nil {
      ending = "~\(kind.table)" + ending
    }
    try writeFile(name + Array(ending.utf8), in: folder, Array(text.utf8))
    if let failure { throw failure }
  }

  private func openFolder(_ parts: ArraySlice<[UInt8]>) throws(SystemError) -> Folder {
    guard let first = parts.first else { return Folder(path: [], handle: directory.incoming) }
    let path = Array(parts.map { $0 + [UInt8(ascii: "/")] }.joined())
    if let folder, folder.path == path { return folder }
    closeFolder()
    var handle = try PrivateDirectory(first, in: directory.incoming)
    for part in parts.dropFirst() {
      let above = handle
      defer { above.close() }
      handle = try PrivateDirectory(part, in: above)
    }
    let folder = Folder(path: path, handle: handle)
    self.folder = folder
    return folder
  }

  // MARK: Files

  /// Returns a name for the directory of the rejects of a file at the top of the source, which
  /// nothing in the source has below a directory.
  private func freeName(for fileName: [UInt8], below directory: [UInt8]) -> [UInt8] {
    let slash = [UInt8(ascii: "/")]
    var name = [UInt8(ascii: "~")] + fileName
    while (try? FileStatus(of: source + slash + directory + slash + name)) != nil {
      name = [UInt8(ascii: "~")] + name
    }
    return name
  }

  /// Writes a copy under the first of several names that is free.
  ///
  /// - Returns: The name. The copy of a whole file that failed as one of another kind too is there
  ///   already, and is not written again.
  private func write(
    _ copy: RejectCopy, of path: [UInt8], as names: [[UInt8]], in folder: Folder
  ) throws(SystemError) -> [UInt8] {
    for name in names {
      do throws(SystemError) {
        try write(copy, of: path, as: name, in: folder)
        return name
      } catch {
        if error != .exists { throw error }
        if copy.name == nil, try folder.handle.form(of: name) == .file { return name }
      }
    }
    throw .exists
  }

  private func write(
    _ copy: RejectCopy, of path: [UInt8], as name: [UInt8], in folder: Folder
  ) throws(SystemError) {
    let input = try FileDescriptor(reading: source + [UInt8(ascii: "/")] + path)
    defer { input.close() }
    guard try input.status().form == .file else { throw .notAFile }
    try folder.handle.checkIsFree(name)
    try stage(name, in: folder) { (output) throws(SystemError) in
      try write(copy, from: input, to: &output)
    }
  }

  /// Writes a file, which gets its name when it is complete, and adds it to the list.
  private func stage(
    _ name: [UInt8], in folder: Folder, _ body: (inout Output) throws(SystemError) -> Void
  ) throws(SystemError) {
    var output = Output(try folder.handle.stageFile())
    defer { output.file.close() }
    do throws(SystemError) {
      try body(&output)
      try folder.handle.placeStagedFile(as: name)
    } catch {
      folder.handle.removeStagedFile()
      throw error
    }
    try directory.add(folder.path + name, output.hash.finalize())
  }

  /// A file being written, and the digest of its content.
  private struct Output {
    let file: FileDescriptor
    private(set) var hash = SHA256()

    init(_ file: FileDescriptor) { self.file = file }

    mutating func write(_ bytes: [UInt8]) throws(SystemError) {
      hash.update(bytes)
      try file.write(bytes)
    }
  }

  private func write(
    _ copy: RejectCopy, from input: FileDescriptor, to output: inout Output
  ) throws(SystemError) {
    let mark = ByteOrderMark(try read(2, from: input))
    if copy.name != nil { try output.write(mark.bytes) }
    try output.write(mark.encode(copy.opening))
    try input.seek(to: copy.offset)
    var left = copy.end.map { $0 - copy.offset } ?? Int.max
    var hash = SHA256()
    var isFirst = copy.name != nil && copy.opening.isEmpty && mark.bytes.isEmpty
    while left > 0 {
      let bytes = try read(left, from: input)
      if isCancelled() { copiedSinceCancelled += bytes.count }
      if copiedSinceCancelled > RejectsWriter.cancellationAllowance {
        throw .cancelled
      }
      // At the beginning of a file, such bytes would be taken for an encoding.
      if isFirst, bytes.prefix(2).contains(where: { $0 == 0 || $0 >= 0x80 }) {
        try output.write(Array("  ".utf8))
      }
      isFirst = false
      if bytes.isEmpty {
        guard copy.end == nil else { throw .hasChanged }
        break
      }
      left -= bytes.count
      if copy.digest != nil { hash.update(bytes) }
      try output.write(bytes)
    }
    if let digest = copy.digest, hash.finalize() != digest {
      throw .hasChanged
    }
    try output.write(mark.encode(copy.closing))
  }

  /// Reads at most `count` bytes; returns none at the end.
  private func read(_ count: Int, from input: FileDescriptor) throws(SystemError) -> [UInt8] {
    try input.read(count: min(count, RejectsWriter.bufferSize))
  }

  /// The byte-order mark of a file in UTF-16, which copies of its parts need too.
  private struct ByteOrderMark {
    /// Empty for a file in UTF-8.
    let bytes: [UInt8]

    init(_ head: [UInt8]) { bytes = head == [0xFE, 0xFF] || head == [0xFF, 0xFE] ? head : [] }

    func encode(_ text: String) -> [UInt8] {
      guard let first = bytes.first else { return Array(text.utf8) }
      return text.utf16.flatMap { unit in
        let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
        return first == 0xFE ? [high, low] : [low, high]
      }
    }
  }

  private func writeFile(
    _ name: [UInt8], in folder: Folder, _ bytes: [UInt8]
  ) throws(SystemError) {
    try stage(name, in: folder) { (output) throws(SystemError) in try output.write(bytes) }
  }
}

extension RejectsWriter {
  /// The text of `README.txt` in the directory.
  static let readMe = """
    These are copies of the entities that were not migrated, in the layout of the source.
    Next to each file, NAME.issues lists its issues and where it comes from.
    Fix the files that end in .json, .jsonl or .ndjson, and delete those you do not need.
    Then migrate this directory into the same database, with the same mappings if there were any.
    What is already in the database is skipped, so migrating twice does no harm.
    Once they are migrated, delete the files that you changed, or this whole directory.
    A run that is to write its rejects here refuses to begin as long as files here were changed
    or added, so that nothing of yours is lost: until then it migrates nothing at all.
    To list what was changed: sha256sum -c --quiet SHA256SUMS

    """

  /// Returns the issues of an entry as a JSON object.
  func issuesText(
    of batch: RecordBatch, at index: Int, _ issues: ArraySlice<Issue>, copy: [UInt8]?,
    _ run: Int64?
  ) -> String {
    let entry = batch.entries[index]
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("source", batch.sources[entry.source])
      $0.member("locator") { $0.locator(batch.locator(at: index)) }
      $0.member("id", batch.id(at: index))
      $0.member("kind", batch.kind.rawValue)
      $0.member("copy", copy.map { SourcePath.text($0) })
      $0.member("run", run)
      $0.member("tool_version", RMOSVersion.current)
      // Known and new failures look the same, so that the file does not change from run to run.
      $0.member("issues", each: issues) { $0.issue($1, tellingApart: false) }
    }
    return writer.text + "\n"
  }
}
