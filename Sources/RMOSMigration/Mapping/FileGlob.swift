import RMOSSystem

/// A pattern for relative paths: `*` matches any part of a name, `?` one character, and the name
/// `**` any number of directories.
struct FileGlob: Sendable {
  private let parts: [Part]

  private enum Part: Sendable {
    case directories
    case name([UInt8])
  }

  /// Creates a pattern; `nil` if it can match no relative path.
  init?(_ text: String) {
    let names = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard !text.isEmpty, names.allSatisfy({ !$0.isEmpty && !$0.elementsEqual(".".utf8) }),
      !names.contains(where: { $0.elementsEqual("..".utf8) })
    else { return nil }
    var parts: [Part] = []
    for name in names {
      parts.append(name.elementsEqual("**".utf8) ? .directories : .name(Array(name)))
    }
    // A pattern that ends in `**` matches every file in the directories.
    if case .directories? = parts.last { parts.append(.name([UInt8(ascii: "*")])) }
    self.parts = parts
  }

  /// Whether the path of a file below a directory may match.
  func mayMatch(below directory: [UInt8]) -> Bool {
    var names = directory.split(separator: UInt8(ascii: "/"))[...]
    for part in parts {
      guard let name = names.popFirst(), case .name(let pattern) = part else { return true }
      if !Self.matches(name, pattern) { return false }
    }
    return false
  }

  /// Whether a relative path matches.
  func matches(_ path: [UInt8]) -> Bool {
    matches(path.split(separator: UInt8(ascii: "/"))[...], parts[...])
  }

  private func matches(_ names: ArraySlice<ArraySlice<UInt8>>, _ parts: ArraySlice<Part>) -> Bool {
    // Where matching fails, the last `**` takes one more directory, as a `*` in a name takes one
    // more byte.
    var (names, parts) = (names, parts)
    var retry: (names: ArraySlice<ArraySlice<UInt8>>, parts: ArraySlice<Part>)?
    while true {
      switch parts.first {
      case .directories:
        parts.removeFirst()
        retry = (names, parts)
        continue
      case .name(let pattern):
        if let name = names.first, Self.matches(name, pattern) {
          names.removeFirst()
          parts.removeFirst()
          continue
        }
      case nil:
        if names.isEmpty { return true }
      }
      guard let last = retry, !last.names.isEmpty else { return false }
      names = last.names.dropFirst()
      parts = last.parts
      retry = (names, parts)
    }
  }

  private static func matches(_ name: ArraySlice<UInt8>, _ pattern: [UInt8]) -> Bool {
    var (position, index) = (name.startIndex, 0)
    var star: (index: Int, position: Int)?
    while position < name.endIndex {
      if index < pattern.count, pattern[index] == UInt8(ascii: "*") {
        star = (index, position)
        index += 1
      } else if index < pattern.count, pattern[index] == UInt8(ascii: "?") {
        position += 1
        // The other bytes of the character.
        while position < name.endIndex, name[position] & 0xC0 == 0x80 { position += 1 }
        index += 1
      } else if index < pattern.count, pattern[index] == name[position] {
        position += 1
        index += 1
      } else if let last = star {
        star = (last.index, last.position + 1)
        position = last.position + 1
        index = last.index + 1
      } else {
        return false
      }
    }
    return pattern[index...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
