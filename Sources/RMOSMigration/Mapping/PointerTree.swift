import RMOSModels

/// The places that a group of rules looks at in an object, as a tree of names.
struct PointerTree {
  /// What is looked at below a place.
  struct Node {
    /// The members looked at, each with its node.
    var names: [(name: [UInt8], head: UInt64, node: Int)] = []
    /// The node of all elements of a list.
    var star: Int?
    /// Whether elements or members are to be counted.
    var counts = false
    /// The member of the object itself that this place is in; itself at the top.
    var top = 0

    var isLeaf: Bool { names.isEmpty && star == nil && !counts }
  }

  private(set) var nodes = [Node()]

  /// The node of a pointer, created if need be.
  mutating func node(of pointer: EntityPointer) -> Int {
    var node = 0
    for step in pointer.steps {
      switch step {
      case .any: node = star(below: node)
      case .named(let name): node = child(named: name, below: node)
      }
    }
    return node
  }

  private mutating func star(below node: Int) -> Int {
    if let star = nodes[node].star { return star }
    let star = append(below: node)
    nodes[node].star = star
    return star
  }

  private mutating func child(named name: [UInt8], below node: Int) -> Int {
    if let known = nodes[node].names.first(where: { $0.name == name }) { return known.node }
    let child = append(below: node)
    nodes[node].names.append((name, Self.head(of: name), child))
    return child
  }

  /// Has the elements at a node counted.
  mutating func count(at node: Int) { nodes[node].counts = true }

  private mutating func append(below parent: Int) -> Int {
    var child = Node()
    child.top = parent == 0 ? nodes.count : nodes[parent].top
    nodes.append(child)
    return nodes.count - 1
  }

  private static func head(of name: [UInt8]) -> UInt64 {
    name.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64($1.offset * 8) }
  }

  /// The node of a member; `nil` if nothing looks at it.
  ///
  /// - Parameters:
  ///   - name: At least eight bytes must be readable.
  ///   - length: The name's length, bytes.
  ///   - node: The node of the object.
  ///   - expected: Where its name is looked for first; then, where the next one is.
  /// - Returns: The node below it.
  func child(
    named name: UnsafePointer<UInt8>, _ length: Int, below node: Int, expected: inout Int
  ) -> Int? {
    var head = unsafe UnsafeRawPointer(name).loadUnaligned(as: UInt64.self).littleEndian
    if length < 8 { head &= (1 << UInt64(length * 8)) - 1 }
    let count = nodes[node].names.count
    // Files of one shop list their members in one order.
    var candidate = expected
    for _ in 0..<count {
      if candidate >= count { candidate = 0 }
      if nodes[node].names[candidate].head != head {
        candidate += 1
        continue
      }
      let known = nodes[node].names[candidate]
      if known.name.count == length,
        unsafe length <= 8
          || known.name.withUnsafeBufferPointer({ bytes in
            (8..<length).allSatisfy { unsafe bytes[$0] == name[$0] }
          })
      {
        expected = candidate + 1
        return known.node
      }
      candidate += 1
    }
    return nil
  }

  /// The node of an element of a list.
  func element(_ index: Int, below node: Int) -> Int? {
    if let star = nodes[node].star { return star }
    if nodes[node].names.isEmpty { return nil }
    let name = Array(String(index).utf8)
    return nodes[node].names.first { $0.name == name }?.node
  }
}

extension [UInt8] {
  /// A name without what people spell now so, now so: case, `_`, `-` and spaces.
  var foldedName: [UInt8] {
    var folded: [UInt8] = []
    for byte in self {
      switch byte {
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): continue
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): folded.append(byte | 0x20)
      default: folded.append(byte)
      }
    }
    return folded
  }
}
