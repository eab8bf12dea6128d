import RMOSModels
import RMOSSystem

/// Walks one kind's directory in the fixed order: byte order of the relative path.
///
/// Memory is bounded by the names of one directory per level. Hidden entries are not read. Links to
/// files are read; links to directories are followed, each target once, and never into a directory
/// that is being walked.
struct SourceWalker {
  /// What the walk finds.
  ///
  /// Paths are relative to the source directory.
  enum Item {
    /// A file to read.
    case file(path: [UInt8], format: SourcePath.Format)
    /// A file to read that is a copy by its name, of the file `original` next to it.
    case copy(path: [UInt8], format: SourcePath.Format, original: [UInt8]?)
    /// A file that is not read.
    case unread(path: [UInt8], UnreadFile)
    /// Something that cannot be read.
    case unreadable(path: [UInt8], SystemError)
    /// A link that is not followed, since its target is being walked or was followed before.
    case loop(path: [UInt8], isAncestor: Bool)
  }

  /// The purpose of a walk.
  enum Purpose {
    /// Everything there is to read.
    case all
    /// Everything except copies; files that are not read are reported.
    case originals
    /// The copies alone.
    case copies
    /// The rest of the source, of which nothing is read.
    case outside
  }

  private struct Frame {
    /// Whether it is, or is in, a hidden directory.
    var isHidden = false
    var path: [UInt8]
    var listing: DirectoryListing
    var identity: FileStatus.Identity
    var next = 0
  }

  private let root: [UInt8]
  private let access: SourceAccess
  private let purpose: Purpose
  /// Whether the walk of the originals found copies.
  private(set) var hasCopies = false
  /// Whether to abandon the walk.
  private let isCancelled: () -> Bool
  private var frames: [Frame] = []
  private var followed: Set<FileStatus.Identity> = []
  /// The source directory and those above it: a link to one of them leads back here.
  private let above: Set<FileStatus.Identity>
  private var pending: Item?

  /// A walk of `root/path`; a directory that is not there is empty.
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
      // A dangling link, as to a share that is not mounted, is not an absent directory.
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

  /// The path as bytes, as the system expects it.
  func absolute(_ path: [UInt8]) -> [UInt8] { root + [UInt8(ascii: "/")] + path }

  private mutating func enter(
    _ path: [UInt8], _ identity: FileStatus.Identity, isHidden: Bool
  ) throws(SystemError) {
    let listing = try DirectoryListing(of: absolute(path), access, isCancelled)
    frames.append(Frame(isHidden: isHidden, path: path, listing: listing, identity: identity))
  }

  /// The next item; `nil` at the end, or if the walk is abandoned.
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
      case .directory(let isLink):
        let isHidden = frame.isHidden || name.first == UInt8(ascii: ".")
        if isHidden, isLink || !saysUnread { continue }
        if let item = descend(into: path, isLink: isLink, isHidden: isHidden) { return item }
      case .unread(let file):
        if saysUnread { return .unread(path: path, unread(file, in: frame)) }
      case .file where frame.isHidden || purpose == .outside:
        if saysUnread {
          let file = UnreadFile(.place, looksLikeData: true)
          return .unread(path: path, unread(file, in: frame))
        }
      case .file(let format):
        if let item = item(name, path, format, in: frame) { return item }
      case .broken(let error):
        guard purpose == .copies || purpose == .outside || frame.isHidden else {
          return .unreadable(path: path, error)
        }
      }
    }
    return nil
  }

  /// Whether files that are not read are reported.
  private var saysUnread: Bool { purpose == .originals || purpose == .outside }

  private func unread(_ file: UnreadFile, in frame: Frame) -> UnreadFile {
    if frame.isHidden { return UnreadFile(.hidden) }
    guard purpose == .outside, file.reason == .otherExtension else { return file }
    return UnreadFile(.place, looksLikeData: file.looksLikeData)
  }

  /// A file to read, unless this walk skips it.
  private mutating func item(
    _ name: ArraySlice<UInt8>, _ path: [UInt8], _ format: SourcePath.Format, in frame: Frame
  ) -> Item? {
    let originals = CopyMark.originals(of: name)
    guard let last = originals.last else {
      return purpose == .copies ? nil : .file(path: path, format: format)
    }
    if purpose == .originals {
      hasCopies = true
      return nil
    }
    let original =
      ([last] + originals).first { frame.listing.contains(file: $0) }
      .map { frame.path + [UInt8(ascii: "/")] + $0 }
    return .copy(path: path, format: format, original: original)
  }

  /// Enters a directory; returns an item if it is not entered.
  private mutating func descend(into path: [UInt8], isLink: Bool, isHidden: Bool) -> Item? {
    do throws(SystemError) {
      let identity = try access.status(of: absolute(path)).identity
      if above.contains(identity) || frames.contains(where: { $0.identity == identity }) {
        return purpose == .copies || purpose == .outside ? nil : .loop(path: path, isAncestor: true)
      }
      if isLink, !followed.insert(identity).inserted {
        return purpose == .copies || purpose == .outside
          ? nil : .loop(path: path, isAncestor: false)
      }
      try enter(path, identity, isHidden: isHidden)
      return nil
    } catch {
      let isSaid = purpose == .originals || purpose == .all
      return isSaid && !isHidden ? .unreadable(path: path, error) : nil
    }
  }
}

/// The input of one directory, in byte order of the paths below it.
struct DirectoryListing {
  enum Entry {
    case file(SourcePath.Format)
    case directory(isLink: Bool)
    case unread(UnreadFile)
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
    try unsafe FileSystem.forEachEntry(ofDirectory: path, isCancelled: isCancelled) { name, type in
      let entry = unsafe DirectoryListing.entry(name, type, in: path, access)
      let offset = names.count
      unsafe names.append(contentsOf: name)
      if case .directory = entry { names.append(UInt8(ascii: "/")) }
      entries.append(
        (
          UInt32(truncatingIfNeeded: offset), UInt16(truncatingIfNeeded: names.count - offset),
          entry
        ))
    }
    unsafe names.withUnsafeBufferPointer { bytes in
      entries.sort { left, right in
        let name = bytes.extracting(Int(left.offset)..<Int(left.offset) + Int(left.length))
        let other = bytes.extracting(Int(right.offset)..<Int(right.offset) + Int(right.length))
        return unsafe name.precedes(other)
      }
    }
    self.names = names
    self.entries = entries
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
        // An entry that is not a regular file is reported as such when it is opened.
        default: return format.map { .file($0) } ?? .unread(UnreadFile(.notAFile))
        }
      } catch {
        // An entry without an extension may be a directory of entities, or a link to one.
        let mayMatter =
          unsafe !isHidden
          && (format != nil || !error.concernsOneFile || !name.contains(UInt8(ascii: ".")))
        guard mayMatter else { return .unread(UnreadFile(isHidden ? .hidden : .notAFile)) }
        let isBroken = type == .link && error == .notFound
        return .broken(isBroken ? SystemError.leadsNowhere : error)
      }
    }
  }

  /// Whether there is a file to read with a name.
  func contains(file name: [UInt8]) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let (offset, length, _) = entries[middle]
      let found = names[Int(offset)..<Int(offset) + Int(length)]
      if found.elementsEqual(name) {
        if case .file = entries[middle].entry { return true }
        return false
      }
      if found.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
    }
    return false
  }

  var count: Int { entries.count }

  /// The name, without the '/' of a directory, and the entry.
  subscript(index: Int) -> (name: ArraySlice<UInt8>, entry: Entry) {
    let (offset, length, entry) = entries[index]
    var name = names[Int(offset)..<Int(offset) + Int(length)]
    if case .directory = entry { name = name.dropLast() }
    return (name, entry)
  }
}
