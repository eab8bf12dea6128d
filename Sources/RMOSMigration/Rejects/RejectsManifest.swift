import RMOSModels
import RMOSSystem

/// The list of the files that a run left in a directory of rejects, which the next run may replace.
///
/// The file has the format of `sha256sum` after a first line that identifies it, so
/// `sha256sum -c SHA256SUMS` checks the directory. In memory, digests take the place of paths, so
/// that a file takes 48 bytes.
struct RejectsManifest {
  /// The name of the list in the directory.
  static let name = Array("SHA256SUMS".utf8)
  /// The first line of the list.
  static let header = Array(
    "# Rejects of RMOS, format 1: the next run replaces what is listed here and unchanged\n".utf8)
  /// The maximum length of a line, in bytes; paths have at most 4,096 bytes on most systems.
  private static let maximumLine = 64 << 10

  /// A digest of a path, or of a path and the content of its file.
  private struct Key: Hashable {
    let high: UInt64
    let low: UInt64

    init(_ bytes: some Sequence<UInt8>) {
      (high, low, _, _) = SHA256.hash(Array(bytes)).bigEndian
    }

    init(_ path: [UInt8], _ digest: SHA256.Digest) { self.init(path + [0] + digest.bytes) }
  }

  private var paths: Set<Key> = []
  private var contents: Set<Key> = []
  private var directories: Set<Key> = []
  /// The directory of the path that was added last, since paths of one directory come in a row.
  private var lastDirectory: ArraySlice<UInt8> = []

  /// Creates an empty list.
  init() {}

  /// Whether the list has no files.
  var isEmpty: Bool { paths.isEmpty }
  /// The number of files.
  var count: Int { paths.count }

  /// Whether a file with this path is listed.
  func lists(_ path: some Sequence<UInt8>) -> Bool { paths.contains(Key(path)) }

  /// Whether a file is listed with the digest of its content.
  func lists(_ path: [UInt8], _ digest: SHA256.Digest) -> Bool {
    contents.contains(Key(path, digest))
  }

  /// Whether a listed file is in a directory or in one below it.
  func lists(directory path: [UInt8]) -> Bool { directories.contains(Key(path)) }

  /// Adds a file.
  ///
  /// - Parameters:
  ///   - path: The path in the directory of rejects.
  ///   - digest: The SHA-256 of the file's content.
  mutating func add(_ path: [UInt8], _ digest: SHA256.Digest) {
    paths.insert(Key(path))
    contents.insert(Key(path, digest))
    var directory = path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
    if directory == lastDirectory { return }
    lastDirectory = directory
    while !directory.isEmpty, directories.insert(Key(directory)).inserted {
      directory = directory[..<(directory.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
    }
  }
}

// MARK: The file

extension RejectsManifest {
  /// Returns a line of the list, with its line feed.
  ///
  /// Backslashes and line ends in a path are escaped as `sha256sum` escapes them.
  static func line(_ path: [UInt8], _ digest: SHA256.Digest) -> [UInt8] {
    var name: [UInt8] = []
    for byte in path {
      switch byte {
      case UInt8(ascii: "\\"): name += Array("\\\\".utf8)
      case UInt8(ascii: "\n"): name += Array("\\n".utf8)
      case UInt8(ascii: "\r"): name += Array("\\r".utf8)
      default: name.append(byte)
      }
    }
    let mark = name.count == path.count ? "" : "\\"
    return Array("\(mark)\(digest)  ".utf8) + name + [UInt8(ascii: "\n")]
  }

  /// Reads a list.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - body: Called with the path and digest of each line.
  /// - Returns: Whether the file is a list, to its end.
  /// - Throws: What `body` throws; `SystemError` if the list cannot be read.
  static func forEachLine(
    of file: FileDescriptor, _ body: ([UInt8], SHA256.Digest) throws(SystemError) -> Void
  ) throws(SystemError) -> Bool {
    var isFirst = true
    var rest: [UInt8] = []
    while true {
      let piece = try file.read(count: maximumLine)
      if piece.isEmpty { return rest.isEmpty && !isFirst }
      rest += piece
      var lines = rest.split(
        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let last = lines.removeLast()
      for line in lines {
        if isFirst {
          guard line.elementsEqual(header.dropLast()) else { return false }
          isFirst = false
          continue
        }
        guard let (path, digest) = parse(line) else { return false }
        try body(path, digest)
      }
      rest = Array(last)
      if rest.count > maximumLine { return false }
    }
  }

  private static func parse(_ line: ArraySlice<UInt8>) -> (path: [UInt8], SHA256.Digest)? {
    var line = line
    let isEscaped = line.first == UInt8(ascii: "\\")
    if isEscaped { line.removeFirst() }
    guard let digest = SHA256.Digest(hex: line.prefix(64)) else { return nil }
    line = line.dropFirst(64)
    guard line.starts(with: "  ".utf8), line.count > 2 else { return nil }
    line = line.dropFirst(2)
    guard isEscaped else { return (Array(line), digest) }
    var path: [UInt8] = []
    while let byte = line.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        path.append(byte)
        continue
      }
      switch line.popFirst() {
      case UInt8(ascii: "\\"): path.append(byte)
      case UInt8(ascii: "n"): path.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): path.append(UInt8(ascii: "\r"))
      default: return nil
      }
    }
    return (path, digest)
  }
}

extension SHA256.Digest {
  /// Creates a digest from 64 hex digits.
  fileprivate init?(hex: ArraySlice<UInt8>) {
    guard hex.count == 64 else { return nil }
    var bytes: [UInt8] = []
    var digits = hex
    while let high = digits.popFirst(), let low = digits.popFirst() {
      guard let high = high.hexadecimalValue, let low = low.hexadecimalValue else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes: bytes)
  }
}
