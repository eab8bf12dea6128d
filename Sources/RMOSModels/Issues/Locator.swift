/// Where in a file an entity stands, when the file holds more than one.
public enum Locator: Hashable, Sendable {
  /// The 0-based index in a list.
  case index(Int)
  /// The key in a dictionary; in a wrapper the JSON Pointer to the entity, such as `/runs/r1`.
  case key(String)
  /// The 1-based line of a JSON Lines file.
  case line(Int)

  /// The locator as it stands in a derived id: `legacy:<path>#<text>`.
  public var text: String {
    switch self {
    case .index(let number), .line(let number): String(number)
    case .key(let key): key
    }
  }
}

extension Locator: Codable {
  /// Reads a number as a list index and a string as a key.
  ///
  /// An index and a line are both numbers in JSON; the file's ending tells them apart.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      self = .index(number)
    } else {
      self = .key(try container.decode(String.self))
    }
  }

  /// Writes the number or the key.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .index(let number), .line(let number): try container.encode(number)
    case .key(let key): try container.encode(key)
    }
  }
}
