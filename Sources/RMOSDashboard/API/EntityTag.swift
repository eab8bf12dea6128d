import RMOSHTTP
import RMOSModels

/// Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13).
enum EntityTag {
  /// The tag of a state that has a name.
  static func naming(_ state: String) -> String { "\"\(state)\"" }

  /// The tag of content; equal for equal bytes.
  static func of(_ content: [UInt8]) -> String {
    naming(String(SHA256.hash(content).description.prefix(32)))
  }

  /// Whether a field such as `If-None-Match` names the tag.
  ///
  /// - Parameters:
  ///   - field: `*`, or tags separated by commas.
  ///   - tag: The current tag.
  ///   - isWeak: Whether weak tags match.
  ///   - matchesAny: Whether `*` names the tag.
  /// - Returns: Whether the field names it; a malformed tag ends the list.
  static func isNamed(
    in field: String, _ tag: String, isWeak: Bool, matchesAny: Bool = true
  ) -> Bool {
    var rest = field.utf8[...]
    while true {
      rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
      guard let first = rest.first else { return false }
      if first == UInt8(ascii: "*") { return matchesAny }
      let isWeakTag = rest.starts(with: "W/".utf8)
      if isWeakTag { rest = rest.dropFirst(2) }
      guard rest.first == UInt8(ascii: "\""),
        let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\""))
      else { return false }
      if rest[...end].elementsEqual(tag.utf8), isWeak || !isWeakTag { return true }
      rest = rest[rest.index(after: end)...]
    }
  }
}

extension ServerRequest {
  /// The values of all fields with a name as one list (RFC 9110, 5.3); `nil` if there are none.
  func list(_ name: String) -> String? {
    let values = fields.filter { $0.isNamed(name) }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  /// Whether the client already has the state with an entity tag.
  ///
  /// `*` stands for the state only if the resource is known to exist.
  func hasCurrent(_ tag: String, isPresent: Bool = true) -> Bool {
    list("If-None-Match").map {
      EntityTag.isNamed(in: $0, tag, isWeak: true, matchesAny: isPresent)
    } ?? false
  }

  /// Whether `If-Match` is absent or names the state with an entity tag; `*` names a state without
  /// one, too.
  private func expects(_ tag: String?) -> Bool {
    list("If-Match").map { EntityTag.isNamed(in: $0, tag ?? "", isWeak: false) } ?? true
  }

  /// The refusal of a response to `GET` or `HEAD` if the client expects another state; otherwise
  /// `nil`.
  ///
  /// `If-Match` precedes `If-None-Match` (RFC 9110, 13.2.2), so a response with 304 is refused too.
  func refusal(of response: ServerResponse) -> HTTPRefusal? {
    let tag = response.field("ETag")
    guard (200..<305).contains(response.status), !expects(tag) else { return nil }
    return HTTPRefusal(
      412, "the current state is not one that If-Match names",
      fields: tag.map { [HeaderField("ETag", $0)] } ?? [])
  }

  /// Refuses a change if the entity is not in the state that the client expects.
  ///
  /// - Throws: ``HTTPRefusal`` with 412.
  func checkConditions(_ tag: String) throws {
    guard expects(tag) else {
      throw HTTPRefusal(
        412,
        "the entity has been modified since you read it; read it again and repeat the request "
          + "with its new ETag",
        fields: [HeaderField("ETag", tag)])
    }
    if hasCurrent(tag) {
      throw HTTPRefusal(412, "the entity exists in a state that If-None-Match excludes")
    }
  }
}
