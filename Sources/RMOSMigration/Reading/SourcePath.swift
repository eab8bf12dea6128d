import RMOSSystem

/// Converts paths, which are bytes to the system, to text for messages.
enum SourcePath {
  /// A path as text.
  ///
  /// Bytes that are not UTF-8 show as `%XX`, so that two paths never show alike by a replacement
  /// character.
  static func text(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var result: [UInt8] = []
    var rest = bytes[...]
    while let first = rest.first {
      let length = [1, 2, 3, 4].first {
        rest.count >= $0 && String(validating: rest.prefix($0), as: UTF8.self) != nil
      }
      if let length {
        result += rest.prefix(length)
        rest = rest.dropFirst(length)
      } else {
        result += ASCII.percentEncoded([first]).utf8
        rest = rest.dropFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Whether the last name of a path is that of a file to read, though it may be a directory's.
  static func isNamedAsFile(_ path: ArraySlice<UInt8>) -> Bool {
    unsafe path.withUnsafeBufferPointer { unsafe Format(name: $0) != nil }
  }

  /// The format of an input file, according to its ending.
  enum Format {
    case json, lines

    init?(name: UnsafeBufferPointer<UInt8>) {
      func ends(with ending: StaticString) -> Bool {
        guard name.count >= ending.utf8CodeUnitCount else { return false }
        for index in 1...ending.utf8CodeUnitCount {
          guard
            unsafe name[name.count - index].lowercasedASCII
              == ending.utf8Start[ending.utf8CodeUnitCount - index]
          else { return false }
        }
        return true
      }
      if ends(with: ".json") {
        self = .json
      } else if ends(with: ".jsonl") || ends(with: ".ndjson") {
        self = .lines
      } else {
        return nil
      }
    }
  }
}
