import RMOSSystem

/// Paths in a source, which are bytes to the system.
enum SourcePath {
  /// Returns a path as text, for messages.
  ///
  /// Bytes that are not UTF-8 become `%XX`: with replacement characters, different paths could look
  /// the same.
  static func text(_ bytes: [UInt8]) -> String {
    // This is called for each file, and takes a fraction of the time of `String(validating:as:)`.
    var text = String(decoding: bytes, as: UTF8.self)
    let isValid = text.withUTF8 { text in
      unsafe bytes.withUnsafeBufferPointer { unsafe Memory.compare(text, $0) == 0 }
    }
    if isValid { return text }
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

  /// Whether a path ends like that of an input file, though it may be the path of a directory.
  static func isNamedAsFile(_ path: ArraySlice<UInt8>) -> Bool {
    unsafe path.withUnsafeBufferPointer { unsafe Format(name: $0) != nil }
  }

  /// The format of an input file, by the extension of its name.
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
