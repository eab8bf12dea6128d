package import RMOSModels

/// The texts that a JSON object has under some names: strings, and strings in lists, each once.
///
/// All stores find the texts by this code, so that they agree about escapes, members that occur
/// twice and text that is not JSON.
package struct JSONTexts: Sendable, Hashable {
  /// The texts, in the order in which they appear.
  package private(set) var texts: [String] = []
  private var keys: Set<UTF8Key> = []

  /// Finds the texts in a stored value; there are none in what is not the text of a JSON object.
  package init(of value: Value, _ names: [String]) {
    guard case .text(let text) = value, let json = try? JSONValue(parsing: text) else { return }
    for name in names {
      switch json[name] {
      case .string(let text): add(text)
      case .array(let elements): for case .string(let text) in elements { add(text) }
      default: break
      }
    }
  }

  /// Whether a text is among them, byte for byte.
  package func contains(_ text: String) -> Bool { keys.contains(UTF8Key(text)) }

  private mutating func add(_ text: String) {
    if keys.insert(UTF8Key(text)).inserted { texts.append(text) }
  }
}
