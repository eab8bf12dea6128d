import RMOSModels

/// The target of a request for a page: which page, and what is asked of it.
struct PageTarget: Sendable, Hashable {
  /// The segments of the path, decoded; none for `/`.
  var path: [String]
  /// The parameters of the query, decoded as forms encode them, in order.
  var parameters: [Parameter]

  /// One parameter.
  struct Parameter: Sendable, Hashable {
    /// Its name.
    var name: String
    /// Its value, empty where it has none.
    var value: String
  }

  /// Reads a target in origin form; nil where an escape is broken or what it stands for is no
  /// UTF-8.
  init?(_ target: String) {
    let target = target.utf8.prefix { $0 != UInt8(ascii: "#") }
    let parts = target.split(
      separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, first.first == UInt8(ascii: "/") else { return nil }
    path = []
    var segments = first.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if segments.last?.isEmpty == true { segments.removeLast() }
    for segment in segments {
      guard let text = Self.decoded(segment, plusIsSpace: false) else { return nil }
      path.append(text)
    }
    parameters = []
    for pair in parts.dropFirst().flatMap({ $0.split(separator: UInt8(ascii: "&")) }) {
      let sides = pair.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = sides.first.flatMap({ Self.decoded($0, plusIsSpace: true) }),
        let value = Self.decoded(
          sides.count > 1 ? sides[1] : sides[0][...].prefix(0), plusIsSpace: true)
      else { return nil }
      parameters.append(Parameter(name: name, value: value))
    }
  }

  /// The last value of a parameter; nil where it is absent.
  subscript(name: String) -> String? { parameters.last { $0.name == name }?.value }

  /// The bytes that percent escapes stand for, as text.
  private static func decoded(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool) -> String? {
    var result: [UInt8] = []
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit)
        else { return nil }
        result.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: result.append(UInt8(ascii: " "))
      default: result.append(byte)
      }
    }
    return String(validating: result, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

// Links.
extension PageTarget {
  /// How long a path with its query may be in a link; servers refuse request lines that are
  /// longer.
  static let longestLink = 12_000

  /// The text with everything escaped but unreserved characters.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.append(byte)
      default:
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Where an entity's page is; nil where no link can be that long.
  static func link(to kind: EntityKind, id: String) -> String? {
    // Browsers take these for steps in a path, however they are escaped.
    let isStep = id.isEmpty || id == "." || id == ".."
    let link = "/\(kind.pagePath)\(isStep ? "?id=" : "/")\(encoded(id).dotsEscaped(isStep))"
    return link.utf8.count <= longestLink ? link : nil
  }

  /// A page of a kind's list with parameters.
  static func link(to kind: EntityKind, _ parameters: [(String, String)]) -> String? {
    let query = parameters.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
    let link = "/\(kind.pagePath)" + (query.isEmpty ? "" : "?\(query)")
    return link.utf8.count <= longestLink ? link : nil
  }
}

extension String {
  fileprivate func dotsEscaped(_ isNeeded: Bool) -> String {
    isNeeded ? String(repeating: "%2E", count: utf8.count) : self
  }
}

extension EntityKind {
  /// What the kind is called in addresses.
  var pagePath: String {
    switch self {
    case .stripFamilies: "strip-families"
    case .patterns: "patterns"
    case .joblogs: "joblogs"
    }
  }

  /// The kind with a path.
  init?(pagePath: String) {
    guard let kind = EntityKind.allCases.first(where: { $0.pagePath == pagePath }) else {
      return nil
    }
    self = kind
  }

  /// The order in which pages show the kinds.
  static let pageOrder: [EntityKind] = [.patterns, .stripFamilies, .joblogs]
}
