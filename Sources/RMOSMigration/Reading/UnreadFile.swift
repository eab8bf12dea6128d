import RMOSSystem

/// Why a file is not read, by its name, and whether it looks like data.
struct UnreadFile: Hashable {
  var reason: FilesNotRead.Reason
  /// Whether it looks like data that was meant to be read.
  var looksLikeData = false

  /// Endings that sync programs give to placeholders for files kept elsewhere.
  private static let placeholders = [
    ".icloud", ".cloud", ".cloudf", ".dropbox", ".onedrive", ".placeholder",
  ]
  private static let compressions = [
    ".gz", ".zip", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar", ".tgz", ".tar", ".br", ".z",
  ]
  /// Endings of formats close to JSON, or of JSON under another name.
  private static let nearJSON = [
    ".json.txt", ".jsonl.txt", ".ndjson.txt", ".jsonc", ".json5", ".hjson", ".jsonlines", ".ldjson",
    ".geojson",
  ]
  private static let json = [".json", ".jsonl", ".ndjson"]

  init(_ reason: FilesNotRead.Reason, looksLikeData: Bool = false) {
    self.reason = reason
    self.looksLikeData = looksLikeData
  }

  /// Judges a file that has no ending of a format, or is hidden, by its name.
  init(name: some Collection<UInt8>) {
    let name = String(decoding: name, as: UTF8.self).lowercased()
    func stem(_ endings: [String]) -> Substring? {
      endings.first { name.hasSuffix($0) }.map { name.dropLast($0.count) }
    }
    func isData(_ stem: Substring) -> Bool {
      let stem = Self.withoutRotation(stem)
      return Self.json.contains { stem.hasSuffix($0) }
    }
    if let stem = stem(Self.placeholders) {
      self.init(.placeholder, looksLikeData: isData(stem))
    } else if name.hasPrefix(".") {
      self.init(.hidden)
    } else if let stem = stem(Self.compressions) {
      self.init(.compressed, looksLikeData: isData(stem))
    } else {
      self.init(.otherExtension, looksLikeData: stem(Self.nearJSON) != nil || isData(name[...]))
    }
  }

  /// A name without the number or time that programs which rotate logs add to it, such as `.1` or
  /// `-20231101T1030`.
  private static func withoutRotation(_ name: Substring) -> Substring {
    var stem = name
    while let last = stem.last, last.isASCII && last.isNumber || "-_.:t".contains(last) {
      stem.removeLast()
    }
    return stem
  }
}
