public import RMOSModels
import RMOSSystem

/// Examines a file or a tree: the objects in it, what they look like, and how many of them would
/// migrate.
///
/// ```swift
/// let report = try await Survey(of: "legacy").run()
/// print(report.migratesAsIs, "of", report.objectCount, "objects migrate as they are;")
/// print(report.migratesAtBest, "with the mappings", report.suggestedMappings)
/// ```
///
/// Nothing is written. Files are read as a migration reads them, in constant memory, and objects
/// are tried with the same decoder and the built-in mappings. The report says which limits were
/// reached.
public struct Survey: Sendable {
  /// Options for a survey.
  public struct Options: Sendable {
    /// The kinds that are looked for.
    public var catalog = EntityCatalog.rmos
    /// Whether a mapping is proposed, and tried, for objects that no built-in mapping reads.
    public var proposesMapping = false

    /// The access to the files, which tests make fail.
    var access = SourceAccess.system
    /// The limits of memory, which tests lower.
    var limits = ShapeCollector.Limits()

    /// Creates the default options.
    public init() {}
  }

  private let path: String
  private let options: Options

  /// Creates a survey, which reads nothing before ``run()``.
  ///
  /// - Parameters:
  ///   - path: A file, a directory of a kind, or a directory above those.
  ///   - options: The options.
  public init(of path: String, options: Options = Options()) {
    self.path = path
    self.options = options
  }

  /// Makes the survey, on a thread of its own.
  ///
  /// Cancelling the task abandons the survey.
  ///
  /// - Returns: The report.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/sourceUnreadable`` or
  ///   `CancellationError` if the task was cancelled.
  public func run() async throws -> SurveyReport {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(isCancelled: isCancelled)
    }
  }

  /// Makes the survey on the calling thread.
  ///
  /// - Parameter isCancelled: Polled periodically; once it returns `true`, the survey is abandoned.
  /// - Returns: As ``run()``.
  /// - Throws: As ``run()``.
  package func runSynchronously(
    isCancelled: () -> Bool = { false }
  ) throws -> SurveyReport {
    let place = try SurveyPlace(of: path, options.catalog)
    return try withoutActuallyEscaping(isCancelled) { isCancelled in
      let run = SurveyRun(path, place, options, isCancelled: isCancelled)
      do throws(ReadFailure) {
        return try run.report()
      } catch {
        if case .source(let failure) = error { throw failure.error }
        throw MigrationError(.cancelled, "the survey was cancelled")
      }
    }
  }
}

/// The part of a source that a survey examines.
struct SurveyPlace {
  /// The source directory.
  let root: [UInt8]
  /// The path of the only file that is read, relative to the source; `nil` for a directory.
  var file: [UInt8]?
  /// The path of the directory that is walked, relative to the source.
  var directory: [UInt8] = [UInt8(ascii: ".")]

  /// Creates the place at a path; a directory of a kind, and a file in one, are parts of the source
  /// above it.
  init(of path: String, _ catalog: EntityCatalog) throws(MigrationError) {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    do throws(SystemError) {
      let form = try FileStatus(of: bytes).form
      switch form {
      case .directory:
        try unsafe FileSystem.forEachEntry(ofDirectory: bytes) { _, _ in }
        let isAbove = catalog.kinds.contains { kind in
          (try? FileStatus(of: bytes + Array("/\(kind.table)".utf8))) != nil
        }
        guard !isAbove, Self.isDirectoryOfKind(bytes, catalog) else {
          root = bytes
          return
        }
        root = bytes.directoryPath
        directory = bytes.lastName
      case .file:
        let above = bytes.directoryPath
        if Self.isDirectoryOfKind(above, catalog) {
          root = above.directoryPath
          file = above.lastName + [UInt8(ascii: "/")] + bytes.lastName
        } else {
          root = above
          file = bytes.lastName
        }
      default: throw .notAFile
      }
    } catch {
      throw MigrationError(
        .sourceUnreadable,
        "\(path) cannot be read: \(error.reason); expected a file or a directory")
    }
  }

  /// Opens a file of the source.
  func open(
    _ path: [UInt8], _ access: SourceAccess
  ) throws(ReadFailure) -> SurveyedFile {
    try ReadFailure.converting { () throws(SystemError) in
      let file = try FileByteSource(root + [UInt8(ascii: "/")] + path, access)
      do throws(SystemError) {
        return try SurveyedFile(file)
      } catch {
        file.close()
        throw error
      }
    }
  }

  private static func isDirectoryOfKind(_ path: [UInt8], _ catalog: EntityCatalog) -> Bool {
    catalog.kinds.contains { $0.table.utf8.elementsEqual(path.lastName) }
  }
}

/// A file that several readers examine one after another, and whose beginning is read only once.
///
/// Most files of a source are smaller than the part that is kept.
struct SurveyedFile: ByteSource {
  private static let kept = 64 << 10

  private let file: FileByteSource
  private let head: [UInt8]

  /// Creates a file, and reads its beginning.
  init(_ file: FileByteSource) throws(SystemError) {
    self.file = file
    head = try file.bytes(min(file.size, Self.kept), at: 0)
  }

  var size: Int { file.size }

  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int {
    if offset < head.count { return unsafe head.read(into: buffer, count: count, at: offset) }
    // The file is read no further than its size was.
    return head.count < Self.kept ? 0 : unsafe try file.read(into: buffer, count: count, at: offset)
  }

  func close() { file.close() }
}
