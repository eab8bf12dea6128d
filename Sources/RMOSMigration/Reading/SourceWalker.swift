import RMOSModels
import RMOSSystem

/// Walks a directory of the source in byte order of the relative paths.
///
/// Memory is bounded by the names in one directory per level. Hidden files are not read. Links to
/// files are read; links to directories are followed, each target once, and never into a directory
/// that is being walked.
struct SourceWalker {
  /// An item of the walk, with its path relative to the source directory.
  enum Item {
    /// A file to read.
    case file(path: [UInt8], format: SourcePath.Format)
    /// A file to read that is by its name a copy of another; `original` is `nil` if that is not
    /// there.
    case copy(path: [UInt8], format: SourcePath.Format, original: [UInt8]?)
    /// A file that is not read.
    case unread(path: [UInt8], UnreadFile)
    /// A file or directory that cannot be read.
    case unreadable(path: [UInt8], SystemError)
    /// A link that is not followed, since its target is being walked or was walked before.
    case loop(path: [UInt8], isAncestor: Bool)
  }

  /// The purpose of a walk.
  enum Purpose {
    /// All files to read.
    case all
    /// The files to read that are not copies, and the files that are not read.
    case originals
    /// The files to read that are copies.
    case copies
    /// The files in a directory from which nothing is read.
    case outside
  }

  private struct Frame {
    /// Whether the directory, or one above it, is hidden.
    var isHidden = false
    /// The path, ending in a slash.
    var path: [UInt8]
    var listing: DirectoryListing
    var identity: FileStatus.Identity
    var next = 0
  }

  private let root: [UInt8]
  private let access: SourceAccess
  private let purpose: Purpose
  /// Whether a walk of the originals skipped copies.
  private(set) var hasCopies = false
  private let isCancelled: () -> Bool
  private var frames: [Frame] = []
  private var followed: Set<FileStatus.Identity> = []
  /// The source directory and those above it, to which links lead back.
  private let above: Set<FileStatus.Identity>
  private var pending: Item?

  /// Creates a walk of `root/path`; a directory that does not exist is empty.
  init(
    root: [UInt8], directory path: [UInt8], for purpose: Purpose, access: SourceAccess = .system,
    isHidden: Bool = false, isCancelled: @escaping () -> Bool = { false }
  ) {
    self.root = root
    self.access = access
    self.purpose = purpose
    self.isCancelled = isCancelled
    above = SourceWalker.directories(from: root)
    do throws(SystemError) {
      let status = try access.status(of: absolute(path))
      try enter(path, status.identity, isHidden: isHidden)
    } catch {
      guard purpose != .outside else { return }
      // A dangling link, such as one to a share that is not mounted, is not an absent directory.
      if error != .notFound {
        pending = .unreadable(path: path, error)
      } else if FileStatus.isLink(absolute(path)) {
        pending = .unreadable(path: path, SystemError.leadsNowhere)
      }
    }
  }

  /// Returns a directory and all above it, up to the root of the file system, which is its own
  /// parent.
  static func directories(from path: [UInt8]) -> Set<FileStatus.Identity> {
    var directories: Set<FileStatus.Identity> = []
    var path = path
    while let identity = try? FileStatus(of: path).identity,
      directories.insert(identity).inserted
    {
      path += Array("/..".utf8)
    }
    return directories
  }

  /// Returns the path of an item for the system.
  func absolute(_ path: [UInt8]) -> [UInt8] { root + [UInt8(ascii: "/")] + path }

  private mutating func enter(
    _ path: [UInt8], _ identity: FileStatus.Identity, isHidden: Bool
  ) throws(SystemError) {
    let listing = try DirectoryListing(of: absolute(path), access, isCancelled)
    let path = path + [UInt8(ascii: "/")]
    frames.append(Frame(isHidden: isHidden, path: path, listing: listing, identity: identity))
  }

  /// Returns the next item; `nil` at the end, or once the walk is cancelled.
  mutating func next() -> Item? {
    if let item = pending {
      pending = nil
      return item
    }
    // The frame is not copied, because that would retain each of its arrays for each file.
    while let last = frames.indices.last, !isCancelled() {
      guard frames[last].next < frames[last].listing.count else {
        frames.removeLast()
        continue
      }
      let (name, type) = frames[last].listing[frames[last].next]
      let path = frames[last].path + name
      let isInHidden = frames[last].isHidden
      frames[last].next += 1
      switch type {
      case .directory(let isLink):
        let isHidden = isInHidden || name.first == UInt8(ascii: ".")
        if isHidden, isLink || !reportsUnread { continue }
        if let item = descend(into: path, isLink: isLink, isHidden: isHidden) { return item }
      case .unread(let file):
        if reportsUnread { return .unread(path: path, unread(file, isInHidden)) }
      case .file where isInHidden || purpose == .outside:
        if reportsUnread {
          let file = UnreadFile(.place, looksLikeData: true)
          return .unread(path: path, unread(file, isInHidden))
        }
      case .file(let format):
        if let item = item(name, path, format) { return item }
      case .broken where isInHidden || purpose == .outside:
        if reportsUnread {
          return .unread(path: path, unread(UnreadFile(.notAFile, isBroken: true), isInHidden))
        }
      case .broken(let error):
        if reportsProblems { return .unreadable(path: path, error) }
      }
    }
    return nil
  }

  /// Whether items are returned for files and directories that cannot be read, and for loops.
  private var reportsProblems: Bool { purpose == .originals || purpose == .all }

  /// Whether items are returned for files that are not read.
  private var reportsUnread: Bool { purpose == .originals || purpose == .outside }

  private func unread(_ file: UnreadFile, _ isInHidden: Bool) -> UnreadFile {
    if isInHidden { return UnreadFile(.hidden) }
    guard purpose == .outside, file.reason == .otherExtension else { return file }
    return UnreadFile(.place, looksLikeData: file.looksLikeData)
  }

  /// Returns a file of the last frame to read; `nil` if this walk skips it.
  private mutating func item(
    _ name: ArraySlice<UInt8>, _ path: [UInt8], _ format: SourcePath.Format
  ) -> Item? {
    let originals = CopyMark.originals(of: name)
    guard let last = originals.last else {
      return purpose == .copies ? nil : .file(path: path, format: format)
    }
    if purpose == .originals {
      hasCopies = true
      return nil
    }
    guard let frame = frames.last else { return nil }
    let original =
      ([last] + originals).first { frame.listing.contains(file: $0) }
      .map { frame.path + $0 }
    return .copy(path: path, format: format, original: original)
  }

  /// Enters a directory; otherwise returns an item if the reason is to be reported.
  private mutating func descend(into path: [UInt8], isLink: Bool, isHidden: Bool) -> Item? {
    do throws(SystemError) {
      let identity = try access.status(of: absolute(path)).identity
      let isAncestor =
        above.contains(identity) || frames.contains { $0.identity == identity }
      if isAncestor || isLink && !followed.insert(identity).inserted {
        return reportsProblems ? .loop(path: path, isAncestor: isAncestor) : nil
      }
      try enter(path, identity, isHidden: isHidden)
      return nil
    } catch {
      return reportsProblems && !isHidden ? .unreadable(path: path, error) : nil
    }
  }
}

/// The entries of a directory, in byte order of the paths below it.
struct DirectoryListing {
  enum Entry {
    case file(SourcePath.Format)
    case directory(isLink: Bool)
    case unread(UnreadFile)
    case broken(SystemError)
  }

  /// All names, one after the other; those of directories end in '/', by which the paths below them
  /// sort.
  private var names: [UInt8] = []
  private var entries: [NamedEntry] = []

  private struct NamedEntry {
    /// The place of the name in ``DirectoryListing/names``.
    var offset: UInt32
    var length: UInt16
    var entry: Entry
    /// The eight bytes of the name after those with which all names begin, as a number in the order
    /// of the names.
    var key: UInt64 = 0

    var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
  }

  init(
    of path: [UInt8], _ access: SourceAccess, _ isCancelled: () -> Bool
  ) throws(SystemError) {
    try access.willCall(.list, path)
    var names: [UInt8] = []
    var entries: [NamedEntry] = []
    try unsafe FileSystem.forEachEntry(ofDirectory: path, isCancelled: isCancelled) { name, type in
      let entry = unsafe DirectoryListing.entry(name, type, in: path, access)
      let offset = names.count
      unsafe names.append(contentsOf: name)
      if case .directory = entry { names.append(UInt8(ascii: "/")) }
      entries.append(
        NamedEntry(
          offset: UInt32(truncatingIfNeeded: offset),
          length: UInt16(truncatingIfNeeded: names.count - offset), entry: entry))
    }
    unsafe names.withUnsafeBufferPointer { unsafe Self.sort(&entries, by: $0) }
    self.names = names
    self.entries = entries
  }

  /// Sorts entries by their names, most of which differ soon after a common beginning.
  private static func sort(_ entries: inout [NamedEntry], by names: UnsafeBufferPointer<UInt8>) {
    guard let first = entries.first else { return }
    let start = names.extracting(first.range)
    var common = start.count
    for entry in entries {
      let name = names.extracting(entry.range)
      common = min(common, name.count)
      while unsafe !Memory.areEqual(
        UnsafeRawBufferPointer(start.extracting(..<common)),
        UnsafeRawBufferPointer(name.extracting(..<common)))
      {
        common -= 1
      }
    }
    for index in entries.indices {
      let rest = names.extracting(entries[index].range).extracting(common...)
      // Names do not contain 0.
      for position in 0..<8 {
        let byte = unsafe position < rest.count ? rest[position] : 0
        entries[index].key = entries[index].key << 8 | UInt64(byte)
      }
    }
    entries.sort { left, right in
      if left.key != right.key { return left.key < right.key }
      return unsafe names.extracting(left.range).precedes(names.extracting(right.range))
    }
  }

  private static func entry(
    _ name: UnsafeBufferPointer<UInt8>, _ type: FileSystem.EntryType, in path: [UInt8],
    _ access: SourceAccess
  ) -> Entry {
    let isHidden = unsafe name.first == UInt8(ascii: ".")
    let format = unsafe isHidden ? nil : SourcePath.Format(name: name)
    var unread: Entry { unsafe .unread(UnreadFile(name: name)) }
    switch type {
    case .file: return format.map { .file($0) } ?? unread
    case .directory: return .directory(isLink: false)
    case .link, .unknown:
      do throws(SystemError) {
        switch try unsafe access.status(of: path + [UInt8(ascii: "/")] + name).form {
        case .directory: return .directory(isLink: type == .link)
        case .file: return format.map { .file($0) } ?? unread
        // An entry of another form is reported when it is opened.
        default: return format.map { .file($0) } ?? .unread(UnreadFile(.notAFile))
        }
      } catch {
        guard unsafe mayMatter(name, error) else {
          return .unread(UnreadFile(isHidden ? .hidden : .notAFile))
        }
        return .broken(type == .link && error == .notFound ? .leadsNowhere : error)
      }
    }
  }

  /// Whether an entry that cannot be examined may have entities: one without an extension may be a
  /// directory.
  static func mayMatter(_ name: UnsafeBufferPointer<UInt8>, _ error: SystemError) -> Bool {
    unsafe name.first != UInt8(ascii: ".")
      && (SourcePath.Format(name: name) != nil || !error.concernsOneFile
        || !name.contains(UInt8(ascii: ".")))
  }

  /// Whether there is a file to read of that name.
  func contains(file name: [UInt8]) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let found = names[entries[middle].range]
      if found.elementsEqual(name) {
        if case .file = entries[middle].entry { return true }
        return false
      }
      if found.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
    }
    return false
  }

  var count: Int { entries.count }

  /// The name and the entry at an index.
  subscript(index: Int) -> (name: ArraySlice<UInt8>, entry: Entry) {
    let entry = entries[index].entry
    var name = names[entries[index].range]
    if case .directory = entry { name = name.dropLast() }
    return (name, entry)
  }
}
