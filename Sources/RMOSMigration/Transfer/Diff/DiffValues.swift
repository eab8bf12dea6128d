import RMOSModels

/// The members of one side of a comparison, as text for people.
struct DiffValues {
  /// How many characters of a value are shown at most.
  static let longest = 72
  /// How many characters before the first difference stay in view.
  private static let context = 16

  private let record: Record
  private let unknownMembers: JSONValue?

  init(_ record: Record, unknownMembers: String?) {
    self.record = record
    self.unknownMembers = unknownMembers.flatMap { (try? JSONText(parsing: $0))?.value }
  }

  /// A member's value as JSON text; nil where it is absent.
  func text(of member: String) -> String? {
    guard let position = record.kind.schema.position(ofMember: member) else {
      return unknownMembers?[member]?.text
    }
    switch record.values[position] {
    case .null: return nil
    case .integer(let number): return String(number)
    case .real(let number): return String(number)
    case .blob(let bytes): return "a blob of \(bytes.count) bytes"
    case .text(let text):
      if case .json = record.kind.schema.fields[position].type {
        // Other programs store white space too; it must not pass for the first difference.
        return (try? JSONText(parsing: text))?.text ?? text
      }
      return JSONValue.string(text).text
    }
  }

  /// Both texts, cut so that the first difference shows.
  static func shortened(_ source: String?, _ database: String?) -> (String?, String?) {
    guard let source, let database else {
      return (source.map { cut($0[...], from: 0) }, database.map { cut($0[...], from: 0) })
    }
    var start = 0
    if max(source.unicodeScalars.count, database.unicodeScalars.count) > longest {
      let same = zip(source.unicodeScalars, database.unicodeScalars).prefix { $0 == $1 }.count
      start = max(0, same - context)
    }
    return (cut(source[...], from: start), cut(database[...], from: start))
  }

  private static func cut(_ text: Substring, from start: Int) -> String {
    let rest = text.unicodeScalars.dropFirst(start)
    var result = start > 0 ? "…" : ""
    result.unicodeScalars.append(contentsOf: rest.prefix(longest))
    return rest.count > longest ? result + "…" : result
  }
}
