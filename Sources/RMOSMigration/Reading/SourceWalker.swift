import RMOSSystem

/// Walks one kind's directory in the fixed order: byte order of the relative path.
///
/// Memory is that of the names in one directory on each level. Hidden entries are passed over.
/// Links to files are read; links to directories are followed, each target once, and never into a
/// directory that is being walked.
struct SourceWalker {
  /// What the walk comes to.
  enum Item {
    /// A file to read. The path is relative to the source directory.
    case file(path: [UInt8], format: SourcePath.Format)
    /// Something that cannot be read.
    case unreadable(path: [UInt8], SystemError)
    /// A link that is not followed, since its target is being walked or was followed before.
    case loop(path: [UInt8], isAncestor: Bool)
  }

  private struct Frame {
    var path: [UInt8]
    var listing: DirectoryListing
    var identity: FileStatus.Identity
    var next = 0
  }

  private let root: [UInt8]
  private let access: SourceAccess
  /// Whether the walk is to be given up.
  private let isCancelled: () -> Bool
  private var frames: [Frame] = []
  private var followed: Set<FileStatus.Identity> = []
  /// The source directory and those above it: a link to one of them leads back here.
  private let above: Set<FileStatus.Identity>
  private var pending: Item?

  /// A walk of nothing, for a place that has no walk yet.
  init(root: [UInt8]) {
    self.root = root
    access = .system
    isCancelled = { false }
    above = []
  }

  /// A walk of `root/directory`; a directory that is not there is empty.
  init(
    root: [UInt8], directory: String, access: SourceAccess = .system,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.init(
      root: root, directory: Array(directory.utf8), access: access, isCancelled: isCancelled)
  }

  init(
    root: [UInt8], directory path: [UInt8], access: SourceAccess = .system,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.root = root
    self.access = access
    self.isCancelled = isCancelled
    above = SourceWalker.directories(from: root)
    do throws(SystemError) {
      let status = try access.status(of: absolute(path))
      try enter(path, status.identity)
    } catch {
      // A link that leads nowhere, as to a share that is not mounted, is no absent directory.
      if error != .notFound {
        pending = .unreadable(path: path, error)
      } else if FileStatus.isLink(absolute(path)) {
        pending = .unreadable(path: path, SystemError.leadsNowhere)
      }
    }
  }

  /// A directory and all above it, up to the root of the file system, which is its own parent.
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

  /// The path as the system takes it.
  func absolute(_ path: [UInt8]) -> [UInt8] { root + [UInt8(ascii: "/")] + path }

  private mutating func enter(
    _ path: [UInt8], _ identity: FileStatus.Identity
  ) throws(SystemError) {
    let listing = try DirectoryListing(of: absolute(path), access, isCancelled)
    frames.append(Frame(path: path, listing: listing, identity: identity))
  }

  /// The next item; nil at the end, or where the walk is given up.
  mutating func next() -> Item? {
    if let item = pending {
      pending = nil
      return item
    }
    while let frame = frames.last, !isCancelled() {
      guard frame.next < frame.listing.count else {
        frames.removeLast()
        continue
      }
      frames[frames.count - 1].next += 1
      let (name, type) = frame.listing[frame.next]
      let path = frame.path + [UInt8(ascii: "/")] + name
      switch type {
      case .file(let format): return .file(path: path, format: format)
      case .broken(let error): return .unreadable(path: path, error)
      case .directory(let isLink):
        if let item = descend(into: path, isLink: isLink) { return item }
      }
    }
    return nil
  }

  /// Enters a directory; returns an item where it is not entered.
  private mutating func descend(into path: [UInt8], isLink: Bool) -> Item? {
    do throws(SystemError) {
      let identity = try access.status(of: absolute(path)).identity
      if above.contains(identity) || frames.contains(where: { $0.identity == identity }) {
        return .loop(path: path, isAncestor: true)
      }
      if isLink, !followed.insert(identity).inserted {
        return .loop(path: path, isAncestor: false)
      }
      try enter(path, identity)
      return nil
    } catch {
      return .unreadable(path: path, error)
    }
  }
}

/// The input of one directory, in byte order of the paths below it.
struct DirectoryListing {
  enum Entry {
    case file(SourcePath.Format)
    case directory(isLink: Bool)
    case broken(SystemError)
  }

  /// All names, one after the other; directories end in '/', which is how they sort.
  private var names: [UInt8] = []
  private var entries: [(offset: UInt32, length: UInt16, entry: Entry)] = []

  init(
    of path: [UInt8], _ access: SourceAccess, _ isCancelled: () -> Bool
  ) throws(SystemError) {
    try access.willCall(.list, path)
    var names: [UInt8] = []
    var entries: [(offset: UInt32, length: UInt16, entry: Entry)] = []
    try FileSystem.forEachEntry(ofDirectory: path, isCancelled: isCancelled) { name, type in
      guard let first = name.first, first != UInt8(ascii: ".") else { return }
      guard let entry = DirectoryListing.entry(name, type, in: path, access) else { return }
      let offset = names.count
      names.append(contentsOf: name)
      if case .directory = entry { names.append(UInt8(ascii: "/")) }
      entries.append(
        (
          UInt32(truncatingIfNeeded: offset), UInt16(truncatingIfNeeded: names.count - offset),
          entry
        ))
    }
    names.withUnsafeBufferPointer { bytes in
      entries.sort { left, right in
        let a = bytes[Int(left.offset)..<Int(left.offset) + Int(left.length)]
        let b = bytes[Int(right.offset)..<Int(right.offset) + Int(right.length)]
        return a.lexicographicallyPrecedes(b)
      }
    }
    self.names = names
    self.entries = entries
  }

  private static func entry(
    _ name: UnsafeBufferPointer<UInt8>, _ type: FileSystem.EntryType, in path: [UInt8],
    _ access: SourceAccess
  ) -> Entry? {
    let format = SourcePath.Format(name: name)
    switch type {
    case .file: return format.map { .file($0) }
    case .directory: return .directory(isLink: false)
    case .link, .unknown:
      do throws(SystemError) {
        switch try access.status(of: path + [UInt8(ascii: "/")] + name).form {
        case .directory: return .directory(isLink: type == .link)
        // What is no regular file is told so when it is opened.
        default: return format.map { .file($0) }
        }
      } catch {
        // Without an ending it may be, or lead to, a directory of entities.
        let mayMatter =
          format != nil || !error.concernsOneFile || !name.contains(UInt8(ascii: "."))
        guard mayMatter else { return nil }
        let isBroken = type == .link && error == .notFound
        return .broken(isBroken ? SystemError.leadsNowhere : error)
      }
    }
  }

  var count: Int { entries.count }

  /// The name, without the '/' of a directory, and what it is.
  subscript(index: Int) -> (name: ArraySlice<UInt8>, entry: Entry) {
    let (offset, length, entry) = entries[index]
    var name = names[Int(offset)..<Int(offset) + Int(length)]
    if case .directory = entry { name = name.dropLast() }
    return (name, entry)
  }
}
