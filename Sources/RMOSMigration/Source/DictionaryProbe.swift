import RMOSModels

/// Tells, in constant memory, whether a document that is an object is a dictionary of entities.
///
/// It is one if all its values are objects and none of its keys is a required field of the kind.
/// Where the text breaks off or is no JSON further on, what came before decides, provided that an
/// entry stood whole and no key is a field at all: an entity that broke must not pass as a
/// dictionary.
struct DictionaryProbe {
  let schema: EntitySchema
  let limits: SourceWindow.Limits
  var access = SourceAccess.system
  var isCancelled: () -> Bool = { false }

  /// Whether the document at `path` is a dictionary.
  func isDictionary(_ path: [UInt8]) throws(ReadFailure) -> Bool {
    let window = SourceWindow(limits: limits, access: access, isCancelled: isCancelled)
    try window.open(path)
    var entries = 0
    var hasFieldNames = false
    do throws(ReadFailure) {
      var position = try window.skipWhiteSpace(from: window.beginning)
      guard window.has(UInt8(ascii: "{"), at: position) else { return false }
      position = try window.skipWhiteSpace(from: position + 1)
      while true {
        window.mark(position)
        let name = try window.readName(at: position)
        if let text = name.text, let field = schema.position(ofMember: text) {
          if schema.fields[field].isRequired { return false }
          hasFieldNames = true
        }
        position = try window.skipWhiteSpace(from: name.end)
        guard position < window.count else { break }
        guard window.base[position] == UInt8(ascii: "{") else { return false }
        window.mark(position)
        guard let end = try window.resynchronize(after: position) else { break }
        entries += 1
        position = try window.skipWhiteSpace(from: end)
        if window.has(UInt8(ascii: "}"), at: position) { return true }
        guard window.has(UInt8(ascii: ","), at: position) else { break }
        position = try window.skipWhiteSpace(from: position + 1)
      }
    } catch {
      guard case .notJSON = error else { throw error }
    }
    return entries > 0 && !hasFieldNames
  }
}

extension EntitySchema {
  /// The position of a field by the bytes of its member name.
  fileprivate func position(ofMember name: [UInt8]) -> Int? {
    fields.firstIndex { $0.member.utf8.elementsEqual(name) }
  }
}
