package import RMOSModels

/// Errors and warnings grouped by problem, so that a problem that many entities share is reported
/// once.
///
/// Issues are alike if they have the same severity, code, kind and field, are of failures that are
/// all new or all known, and their messages differ only in values: quoted text, and words with a
/// digit or a slash.
///
/// Memory: constant; beyond ``largestCount`` groups, issues are only counted, except for the first
/// of each code.
package struct IssueGroups: Sendable, Hashable {
  /// Issues that are alike.
  package struct Group: Sendable, Hashable {
    /// The maximum number of issues a group keeps.
    package static let firstsKept = 3

    /// How many there are.
    package private(set) var count = 0
    /// The first of them, at least one and at most ``firstsKept``.
    package private(set) var firsts: [Issue] = []
    /// The position of each of ``firsts`` among all issues.
    package private(set) var positions: [Int] = []
    /// The file or the directory that all are in, relative to the source; `nil` if they have none
    /// in common.
    package private(set) var within: String?
    /// The values in the message of the first, as ranges of its UTF-8.
    private let values: [Range<Int>]
    /// Whether each value differs in some of the messages.
    private var varies: [Bool]

    fileprivate init(_ issue: Issue, _ values: [Range<Int>]) {
      self.values = values
      varies = Array(repeating: false, count: values.count)
      within = issue.source
    }

    package var severity: Severity { firsts[0].severity }
    package var code: IssueCode { firsts[0].code }
    var kind: EntityKind? { firsts[0].kind }
    var pointer: String? { firsts[0].pointer }
    package var isNew: Bool? { firsts[0].isNew }
    /// Whether the issues are about ids that appear earlier in the source, with other content.
    package var isRepeatedInSource: Bool {
      code == .duplicateDiffers && firsts[0].message.hasPrefix(Planner.appearsEarlier)
    }

    /// The message, with … for each value that is not the same in all.
    package var message: String {
      let bytes = Array(firsts[0].message.utf8)
      var result: [UInt8] = []
      var end = 0
      for (range, varies) in zip(values, varies) where varies {
        result += bytes[end..<range.lowerBound]
        result += "…".utf8
        end = range.upperBound
      }
      return String(decoding: result + bytes[end...], as: UTF8.self)
    }

    /// Whether the issues are about entities that only their position in a file identifies.
    package var isAboutPositions: Bool {
      code == .duplicateDiffers && message.contains(Planner.positionNote)
    }

    /// Whether they are about members that resemble absent ids.
    package var isAboutMissingIDs: Bool { code == .fieldLookAlike && message.hasPrefix("\"id\" ") }

    /// "412 job logs", "3 files".
    package var subject: String {
      if code.concernsSource { return PlainText.counted(count, "file") }
      guard let kind else { return PlainText.counted(count, "issue") }
      return "\(PlainText.grouped(count)) \(count == 1 ? kind.schema.singular : kind.schema.plural)"
    }

    /// The directory or file that all are in, if that is more than the directory of their kind.
    package var narrowPlace: String? {
      within.flatMap { $0.utf8.contains(UInt8(ascii: "/")) ? $0 : nil }
    }

    fileprivate mutating func add(_ issue: Issue, _ values: [Range<Int>]?, at position: Int) {
      count += 1
      if firsts.count < Self.firstsKept {
        firsts.append(issue)
        positions.append(position)
      }
      within = within.flatMap { within in
        issue.source.flatMap { Self.common(within, $0) }
      }
      guard let values, varies.contains(false) else { return }
      var (first, other) = (firsts[0].message, issue.message)
      first.withUTF8 { first in
        other.withUTF8 { other in
          for index in varies.indices where !varies[index] {
            varies[index] = unsafe !first[self.values[index]].elementsEqual(other[values[index]])
          }
        }
      }
    }

    /// The path of the innermost directory that both paths are in, or the path if they are equal.
    private static func common(_ left: String, _ right: String) -> String? {
      if left == right { return left }
      var end: String.UTF8View.Index?
      var (index, other) = (left.utf8.startIndex, right.utf8.startIndex)
      let slash = UInt8(ascii: "/")
      while index < left.utf8.endIndex, other < right.utf8.endIndex,
        left.utf8[index] == right.utf8[other]
      {
        if left.utf8[index] == slash { end = index }
        left.utf8.formIndex(after: &index)
        right.utf8.formIndex(after: &other)
      }
      if index == left.utf8.endIndex, other < right.utf8.endIndex, right.utf8[other] == slash {
        return left
      }
      return end.map { String(left[..<$0]) }
    }
  }

  /// The common properties of the issues of a group.
  package struct Key: Sendable, Hashable {
    private let severity: Severity
    private let code: IssueCode
    private let kind: EntityKind?
    private let pointer: String?
    private let isNew: Bool?
    /// The message in UTF-8, with ``placeholder`` for each value.
    private let words: [UInt8]
    /// The values in the message, as ranges of its UTF-8.
    fileprivate let values: [Range<Int>]

    /// A byte that does not occur in UTF-8.
    private static let placeholder: UInt8 = 0xFF

    init(_ issue: Issue) {
      (severity, code, kind) = (issue.severity, issue.code, issue.kind)
      pointer = issue.pointer
      isNew = issue.isNew
      var message = issue.message
      (words, values) = unsafe message.withUTF8(Self.split)
    }

    // The positions of the values do not count.
    package static func == (left: Key, right: Key) -> Bool {
      left.words == right.words && left.values.count == right.values.count
        && left.code == right.code
        && left.pointer == right.pointer && left.severity == right.severity
        && left.kind == right.kind && left.isNew == right.isNew
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(words)
      hasher.combine(pointer)
    }

    /// Separates the words of a message from the values in it.
    private static func split(
      _ message: UnsafeBufferPointer<UInt8>
    ) -> (words: [UInt8], values: [Range<Int>]) {
      var words: [UInt8] = []
      words.reserveCapacity(message.count)
      var values: [Range<Int>] = []
      var index = 0
      while index < message.count {
        let byte = unsafe message[index]
        if byte == UInt8(ascii: "\""),
          let end = unsafe message[(index + 1)...].firstIndex(of: UInt8(ascii: "\""))
        {
          words += [byte, Self.placeholder, byte]
          values.append(index + 1..<end)
          index = end + 1
          continue
        }
        var end = index
        var isValue = false
        while end < message.count, unsafe !isBoundary(message[end]) {
          isValue =
            unsafe isValue || message[end] == UInt8(ascii: "/")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(message[end])
          end += 1
        }
        if isValue {
          words.append(Self.placeholder)
          values.append(index..<end)
        } else {
          unsafe words += message[index..<end]
        }
        if end < message.count, unsafe message[end] != UInt8(ascii: "\"") || end == index {
          unsafe words.append(message[end])
          end += 1
        }
        index = end
      }
      return (words, values)
    }

    private static func isBoundary(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"),
        UInt8(ascii: "("), UInt8(ascii: ")"):
        true
      default: false
      }
    }
  }

  /// The maximum number of groups, not counting those kept as the first of their code.
  package static let largestCount = 1000

  /// The groups, in the order of their first issues.
  package private(set) var groups: [Group] = []
  /// The number of issues in none of ``groups``, because there are too many groups.
  package private(set) var omitted = 0

  private var indices: [Key: Int] = [:]
  private var codes: Set<IssueCode> = []
  private var count = 0

  package init() {}

  /// Adds an issue; one of severity info is ignored.
  package mutating func add(_ issue: Issue) {
    guard issue.severity != .info else { return }
    defer { count += 1 }
    let key = Key(issue)
    if let index = indices[key] {
      groups[index].add(issue, key.values, at: count)
    } else if groups.count < Self.largestCount || !codes.contains(issue.code) {
      indices[key] = groups.count
      codes.insert(issue.code)
      var group = Group(issue, key.values)
      group.add(issue, nil, at: count)
      groups.append(group)
    } else {
      omitted += 1
    }
  }
}

extension JSONWriter {
  /// Writes the groups, in the order of their first issues.
  mutating func issueGroups(_ groups: [IssueGroups.Group], tellingApart: Bool) {
    array(ofObjects: groups) { writer, group in
      writer.member("severity", group.severity.rawValue)
      writer.member("code", group.code.rawValue)
      writer.member("kind", group.kind?.rawValue)
      writer.member("pointer", group.pointer)
      writer.member("message", group.message)
      writer.member("count", group.count)
      if tellingApart, let isNew = group.isNew { writer.member("new", isNew) }
      writer.member("within", group.within)
      writer.member("first", objects: group.firsts) { writer, issue in
        writer.member("id", issue.id)
        writer.member("source", issue.source)
        writer.member("line", issue.line)
        writer.member("column", issue.column)
      }
    }
  }
}
