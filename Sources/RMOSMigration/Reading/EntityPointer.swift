import RMOSModels

/// A JSON Pointer (RFC 6901) to the entities of a document, in which a step `*` matches every
/// member or element.
struct EntityPointer: Hashable, Sendable {
  /// One step of a pointer.
  enum Step: Hashable, Sendable {
    /// Every member of an object, or element of a list.
    case any
    /// The member with a name, or the element with an index as text; UTF-8.
    case named([UInt8])

    func matches(_ name: some Collection<UInt8>) -> Bool {
      switch self {
      case .any: true
      case .named(let expected): expected.elementsEqual(name)
      }
    }
  }

  /// The steps from the document to an entity; none if the document is the entity.
  let steps: [Step]

  init(steps: [Step]) { self.steps = steps }

  /// The pointer as text.
  var text: String {
    var text: [UInt8] = []
    for step in steps {
      switch step {
      case .any: text.append(contentsOf: "/*".utf8)
      case .named(let name): JSONPointer.append(name, to: &text)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether a mapping can have the pointer: in its text, a name `*` would match every member.
  var isWritable: Bool { !steps.contains(.named([UInt8(ascii: "*")])) }

  /// Whether the pointer leads to a value, given the JSON Pointer to the value.
  func leads(to place: [UInt8]) -> Bool {
    let place = EntityPointer.literal(String(decoding: place, as: UTF8.self))?.steps ?? []
    return place.count == steps.count && zip(place, steps).allSatisfy { $0 == $1 || $1 == .any }
  }

  /// Whether the pointer leads through a container, given the JSON Pointer to the container.
  func leads(through place: [UInt8]) -> Bool {
    let place = EntityPointer.literal(String(decoding: place, as: UTF8.self))?.steps ?? []
    return place.count < steps.count && zip(place, steps).allSatisfy { $0 == $1 || $1 == .any }
  }

  /// Whether the pointer leads to all values of another, or to containers around them.
  func leads(towards other: EntityPointer) -> Bool {
    steps.count <= other.steps.count
      && zip(steps, other.steps).allSatisfy { $0 == $1 || $0 == .any }
  }

  /// The number of `*` steps.
  var anyCount: Int { steps.count { $0 == .any } }

  /// Parses a pointer such as `/runs/*`; `nil` if the text is not one.
  init?(_ text: String) {
    guard let steps = Self.steps(of: text, hasAny: true) else { return nil }
    self.steps = steps
  }

  /// Parses a pointer in which `*` is a name like any other; `nil` if the text is not one.
  static func literal(_ text: String) -> EntityPointer? {
    steps(of: text, hasAny: false).map { EntityPointer(steps: $0) }
  }

  private static func steps(of text: String, hasAny: Bool) -> [Step]? {
    var rest = Array(text.utf8)[...]
    var steps: [Step] = []
    while let slash = rest.popFirst() {
      guard slash == UInt8(ascii: "/") else { return nil }
      let raw = rest.prefix { $0 != UInt8(ascii: "/") }
      rest = rest.dropFirst(raw.count)
      if hasAny, raw.elementsEqual("*".utf8) {
        steps.append(.any)
      } else {
        guard let name = unescaped(raw) else { return nil }
        steps.append(.named(name))
      }
    }
    return steps
  }

  /// Returns a step with `~0` and `~1` resolved; `nil` if it has another `~`.
  private static func unescaped(_ step: ArraySlice<UInt8>) -> [UInt8]? {
    var name: [UInt8] = []
    var bytes = step.makeIterator()
    while let byte = bytes.next() {
      guard byte == UInt8(ascii: "~") else {
        name.append(byte)
        continue
      }
      switch bytes.next() {
      case UInt8(ascii: "0"): name.append(UInt8(ascii: "~"))
      case UInt8(ascii: "1"): name.append(UInt8(ascii: "/"))
      default: return nil
      }
    }
    return name
  }
}

/// The values of a document that are entities.
struct EntitySelection: Equatable, Sendable {
  /// Where the entities are; a value that several pointers lead to is read once.
  var pointers: [EntityPointer]
  /// Whether pointers lead to objects only, as in a dictionary that also has other values.
  var onlyObjects = false
  /// Members at the top that are not read though a pointer leads there.
  var excluded: [[UInt8]] = []

  /// Whether an object is selected, given the JSON Pointer to it.
  func leads(to pointer: String) -> Bool {
    guard case .named(let first)? = EntityPointer.literal(pointer)?.steps.first else {
      return false
    }
    return !excluded.contains(first) && pointers.contains { $0.leads(to: Array(pointer.utf8)) }
  }
}
