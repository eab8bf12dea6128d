package import RMOSModels
import RMOSSystem

/// The entries at the top of a source.
package struct SourceTop {
  private let root: [UInt8]
  private let catalog: EntityCatalog
  private let access: SourceAccess
  /// The files with the extension of a format, in byte order.
  private(set) var inputs: [(name: [UInt8], format: SourcePath.Format)] = []
  /// All other files, in byte order.
  private var others: [(name: [UInt8], file: UnreadFile)] = []
  /// The directories, including hidden ones, in byte order.
  private var directories: [[UInt8]] = []
  /// The entries that cannot be examined but may have entities, in byte order; they are among the
  /// others, too.
  private(set) var broken: [(name: [UInt8], error: SystemError)] = []

  /// Lists the top of a source.
  init(
    of root: [UInt8], _ catalog: EntityCatalog, _ access: SourceAccess = .system
  ) throws(SystemError) {
    self.root = root
    self.catalog = catalog
    self.access = access
    try access.willCall(.list, root)
    try unsafe FileSystem.forEachEntry(ofDirectory: root) { name, type in
      let isHidden = unsafe name.first == UInt8(ascii: ".")
      let format = unsafe isHidden ? nil : SourcePath.Format(name: name)
      let (nameBytes, name) = unsafe (name, Array(name))
      var form: FileStatus.Form?
      var failure: SystemError?
      switch type {
      case .file: form = .file
      case .directory: form = .directory
      case .link, .unknown:
        do throws(SystemError) {
          form = try FileStatus(of: root + [UInt8(ascii: "/")] + name).form
        } catch {
          failure = type == .link && error == .notFound ? .leadsNowhere : error
        }
      }
      switch form {
      case .directory: directories.append(name)
      // An entry of another form is reported when it is opened.
      case _ where format != nil && (form != nil || Self.fileKind(of: name, catalog) != nil):
        if let format { inputs.append((name, format)) }
      case .file: others.append((name, UnreadFile(name: name)))
      default:
        let isBroken = failure.map { unsafe DirectoryListing.mayMatter(nameBytes, $0) } ?? false
        if let failure, isBroken { broken.append((name, failure)) }
        others.append((name, UnreadFile(isHidden ? .hidden : .notAFile, isBroken: isBroken)))
      }
    }
    inputs.sort { $0.name.lexicographicallyPrecedes($1.name) }
    others.sort { $0.name.lexicographicallyPrecedes($1.name) }
    broken.sort { $0.name.lexicographicallyPrecedes($1.name) }
    directories.sort { $0.lexicographicallyPrecedes($1) }
  }

  /// Lists the directories that are not hidden, in byte order.
  ///
  /// - Parameter passedOver: The paths of directories to leave out.
  /// - Returns: The names of the others.
  /// - Throws: `SystemError` if one of them cannot be examined.
  func openDirectories(passingOver passedOver: [String]) throws(SystemError) -> [[UInt8]] {
    let passedOver = passedOver.compactMap { try? FileStatus(of: Array($0.utf8)).identity }
    var names: [[UInt8]] = []
    for name in directories where name.first != UInt8(ascii: ".") {
      do throws(SystemError) {
        let identity = try FileStatus(of: root + [UInt8(ascii: "/")] + name).identity
        if !passedOver.contains(identity) { names.append(name) }
      } catch {
        if !error.concernsOneFile { throw error }
      }
    }
    return names
  }

  /// Returns the kind as which a file is read without a mapping; `nil` if it is not read then.
  static func home(of path: [UInt8], _ catalog: EntityCatalog) -> EntityKind? {
    guard let slash = path.firstIndex(of: UInt8(ascii: "/")) else {
      return fileKind(of: path, catalog)
    }
    return catalog.kinds.first { path[..<slash].elementsEqual($0.table.utf8) }
  }

  /// Returns the kind whose file a name at the top of a source is; `nil` if there is none.
  private static func fileKind(of name: [UInt8], _ catalog: EntityCatalog) -> EntityKind? {
    catalog.kinds.first { isFile(name, of: $0) }
  }

  /// Whether a name at the top of a source is that of a kind's file.
  static func isFile(_ name: [UInt8], of kind: EntityKind) -> Bool {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return kind.schema.fileNames.contains { $0.utf8.elementsEqual(name[..<dot]) }
  }

  /// Returns the files of a kind, in byte order.
  func files(of kind: EntityKind) -> [(name: [UInt8], format: SourcePath.Format)] {
    inputs.filter { Self.fileKind(of: $0.name, catalog) == kind }
  }

  /// Calls `body` with every file outside the directories and files of the kinds.
  ///
  /// - Parameters:
  ///   - passedOver: The identities of directories to skip.
  ///   - isCancelled: Polled periodically; once it returns `true`, the walk is abandoned.
  ///   - body: Called with the path of a file, relative to the source, and why it is not read.
  func forEachFileOutside(
    passingOver passedOver: [FileStatus.Identity], isCancelled: @escaping () -> Bool,
    _ body: ([UInt8], UnreadFile) -> Void
  ) {
    for (name, _) in inputs where Self.fileKind(of: name, catalog) == nil {
      body(name, UnreadFile(.place, looksLikeData: true))
    }
    let kinds = catalog.kinds.map { Array($0.table.utf8) }
    // An entry with the name of a kind's directory fails when that is read.
    for (name, file) in others where !kinds.contains(name) {
      let isPlaced = file.reason == .otherExtension
      body(name, isPlaced ? UnreadFile(.place, looksLikeData: file.looksLikeData) : file)
    }
    let read = kinds.compactMap { try? FileStatus(of: root + [UInt8(ascii: "/")] + $0).identity }
    for name in directories where !kinds.contains(name) {
      guard
        let identity = try? FileStatus(of: root + [UInt8(ascii: "/")] + name).identity,
        !read.contains(identity), !passedOver.contains(identity)
      else { continue }
      var walker = SourceWalker(
        root: root, directory: name, for: .outside, access: access,
        isHidden: name.first == UInt8(ascii: "."), isCancelled: isCancelled)
      while let item = walker.next() {
        if case .unread(let path, let file) = item { body(path, file) }
      }
    }
  }

  /// Returns the name of the directory of a kind that is probably meant by another name; `nil` if
  /// there is none.
  static func kindMeant(
    by name: some Collection<UInt8>, _ catalog: EntityCatalog
  ) -> String? {
    let name = Array(name).foldedName
    return catalog.kinds.first { kind in
      let names = kind.schema.fileNames + [kind.schema.singular, kind.schema.plural]
      return names.contains { Array($0.utf8).foldedName == name }
    }?.table
  }
}

// MARK: Sources without files to read

extension SourceTop {
  /// A guess at the meaning of a source that has files, but none to read.
  package enum Meaning: Sendable {
    /// Directories that have almost the names of those of the kinds: their paths, the paths to
    /// rename them to, and the directory to migrate then, if it is not the source.
    case renamed([(from: String, to: String)], source: String?)
    /// Directories each of which is a source.
    case sources([String])
  }

  /// Guesses what is meant by a source in which there is no file to read; `nil` if nothing in it
  /// gives a hint.
  package static func meaning(of source: String, _ catalog: EntityCatalog) -> Meaning? {
    var source = source
    while source.count > 1, source.last == "/" { source.removeLast() }
    func directories(_ path: String) -> [String] {
      var names: [String] = []
      try? unsafe FileSystem.forEachEntry(ofDirectory: Array(path.utf8)) { name, _ in
        let name = unsafe String(decoding: Array(name), as: UTF8.self)
        if !name.hasPrefix("."), isDirectory(path + "/" + name) { names.append(name) }
      }
      return names.sorted()
    }
    let names = directories(source)
    let tables = Set(catalog.kinds.map(\.table))
    let renamed = names.compactMap { name in
      kindMeant(by: name.utf8, catalog).flatMap { table in
        name == table ? nil : (from: "\(source)/\(name)", to: "\(source)/\(table)")
      }
    }
    if !renamed.isEmpty { return .renamed(renamed, source: nil) }
    let own = (try? source.resolved())?.lastName ?? source.lastName
    if let table = kindMeant(by: own.utf8, catalog) {
      let isNamed = source.lastName == own
      let above = isNamed ? source.directoryPath : source == "." ? ".." : "\(source)/.."
      return own == table
        ? .sources([above])
        : .renamed([(from: source, to: "\(above)/\(table)")], source: above)
    }
    let sources = names.map { "\(source)/\($0)" }.filter {
      !tables.isDisjoint(with: directories($0))
    }
    return sources.isEmpty ? nil : .sources(sources)
  }

  private static func isDirectory(_ path: String) -> Bool {
    (try? FileStatus(of: Array(path.utf8)))?.form == .directory
  }
}

// MARK: Checks before a run

extension SourceTop {
  /// Checks that a source can be read, before a store is created for it.
  ///
  /// - Throws: ``MigrationError/Code/sourceUnreadable``.
  package static func check(
    _ source: String, _ catalog: EntityCatalog
  ) throws(MigrationError) {
    let path = Array(source.utf8)
    var isListed = false
    do throws(SystemError) {
      guard try FileStatus(of: path).form == .directory else {
        throw .notADirectory
      }
      try unsafe FileSystem.forEachEntry(ofDirectory: path) { _, _ in }
      isListed = true
      // With read but no search permission a directory can be listed, but its files not examined.
      _ = try FileStatus(of: path + Array("/.".utf8))
    } catch {
      let reason = isListed ? "it may be listed but not searched: \(error.reason)" : error.reason
      throw MigrationError(
        .sourceUnreadable,
        "the source \(source) cannot be read: \(reason); expected a directory with "
          + catalog.kinds.map(\.table).joined(separator: ", ") + " in it")
    }
  }

  /// Whether a file is, or would be, in a directory that a source is read from.
  package static func reads(
    _ file: String, from source: String, _ catalog: EntityCatalog
  ) -> Bool {
    kindRead(from: Array(file.utf8).directoryPath, of: source, catalog) != nil
  }

  /// Whether a file is, or would be, in a source directory, at any depth.
  package static func contains(_ file: String, in source: String) -> Bool {
    guard let identity = try? FileStatus(of: Array(source.utf8)).identity else { return false }
    return SourceWalker.directories(from: Array(file.utf8).directoryPath).contains(identity)
  }

  /// Returns the kind in whose directory a directory is; `nil` if it is in none.
  static func kindRead(
    from directory: [UInt8], of source: String, _ catalog: EntityCatalog
  ) -> EntityKind? {
    let above = SourceWalker.directories(from: directory)
    return catalog.kinds.first { kind in
      let input = Array("\(source)/\(kind.table)".utf8)
      guard let identity = try? FileStatus(of: input).identity else { return false }
      return above.contains(identity)
    }
  }
}
