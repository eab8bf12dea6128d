import RMOSModels
import RMOSSystem

extension Locator {
  /// A stored number: the line of a JSON Lines file, or the index in a list in any other.
  init(number: Int, path: String?) {
    let path = path?.lowercasedASCII ?? ""
    self = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") ? .line(number) : .index(number)
  }
}
