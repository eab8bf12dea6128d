import RMOSModels

/// Rules made ready: pointers are nodes of one tree, and each rule knows what it uses.
struct CompiledRules {
  /// A condition over nodes.
  struct Condition {
    var has: [Int]
    var lacks: [Int]
    var equals: [(node: Int, values: [JSONLiteral])]
  }

  enum Reference {
    case node(Int)
    case key
  }

  typealias Values = [(word: [UInt8], value: JSONLiteral)]

  indirect enum Content {
    case first([Reference], Values, MappingConversion.Conversion?)
    case pair(Reference, Reference, MappingConversion.Pair)
    case common(Int, elements: Int, Values, MappingConversion.Conversion?)
    case count(Int)
    case object([Target], takesRest: Bool)
    case constant
  }

  struct Source {
    var condition: Condition
    var content: Content
    var constant: JSONLiteral?
    var description: String
  }

  /// A member to write, and where it comes from.
  struct Target {
    /// The name, quoted, with its colon.
    let name: [UInt8]
    /// A pointer into the entity.
    let pointer: String
    let source: Source
    /// The field's own other names, if the source takes the rest: what bears one is no rest, but
    /// the field.
    var otherNames: [Int] = []
  }

  struct Rule {
    /// Where in a document its objects are; `nil` if that is found without a mapping's help.
    let entities: EntityPointer?
    let condition: Condition
    /// Whether its objects are not entities.
    let skips: Bool
    /// The targets; the targets of `rest` are last, since they take the members that no other used.
    let targets: [Target]
    /// For each node, whether the rule looks at it, apart from conditions.
    let uses: [Bool]
    /// For each node of a member of the object itself, whether the rule looks at it or into it.
    let usesTop: [Bool]
    /// For each field of the kind, the target that gives it.
    let targetOfField: [Int?]
  }

  /// Whether names that differ in case, `_`, `-` and spaces alone count as the same.
  let ignoresSpelling: Bool
  /// Whether any rule asks for an object's key in its dictionary.
  private(set) var usesKey = false
  private(set) var tree = PointerTree()
  private(set) var rules: [Rule] = []
  /// For each node, which of the kind's own members it is.
  private(set) var fieldOfNode: [Int?] = []
  /// The nodes of members by their names as they may be spelled, if a rule takes any spelling.
  private(set) var spellings: [[UInt8]: Int] = [:]
  /// For each node of the kind's own members, the name under which it is written.
  private(set) var nameOfNode: [[UInt8]?] = []

  init(_ rules: [MappingRule], for kind: EntityKind, ignoresSpelling: Bool) {
    self.ignoresSpelling = ignoresSpelling
    let schema = kind.schema
    var (fieldOfNode, nameOfNode) = ([Int: Int](), [Int: [UInt8]]())
    for (field, declared) in schema.fields.enumerated() {
      let node = self.node(declared.member)
      fieldOfNode[node] = field
      nameOfNode[node] = Array(declared.member.utf8)
    }
    let drafts = rules.map { rule in
      var used: Set<Int> = []
      let condition = self.condition(rule.condition)
      // What takes the rest must come when all else is taken.
      let members = rule.members.enumerated().sorted {
        ($0.element.source.takesRest ? 1 : 0, $0.element.field)
          < ($1.element.source.takesRest ? 1 : 0, $1.element.field)
      }.map(\.element)
      let targets = members.map { member in
        var target = target(
          schema.fields[member.field].member, above: "", member.source, &used)
        if member.source.takesRest {
          target.otherNames = schema.otherNames.filter { $0.field == member.field }
            .map { node($0.member) }
        }
        return target
      }
      return (condition, members.map(\.field), targets, used)
    }
    if ignoresSpelling {
      for other in schema.otherNames {
        let node = node(other.member)
        if nameOfNode[node] == nil { nameOfNode[node] = Array(other.member.utf8) }
      }
      for entry in tree.nodes[0].names {
        let folded = entry.name.foldedName
        if spellings[folded] == nil { spellings[folded] = entry.node }
      }
    }
    self.fieldOfNode = tree.nodes.indices.map { fieldOfNode[$0] }
    self.nameOfNode = tree.nodes.indices.map { nameOfNode[$0] }
    for (rule, draft) in zip(rules, drafts) {
      let (condition, fields, targets, used) = draft
      var targetOfField = [Int?](repeating: nil, count: schema.fields.count)
      for (position, field) in fields.enumerated() { targetOfField[field] = position }
      var usesTop = [Bool](repeating: false, count: tree.nodes.count)
      for node in used { usesTop[tree.nodes[node].top] = true }
      self.rules.append(
        Rule(
          entities: rule.entities, condition: condition, skips: rule.skips, targets: targets,
          uses: tree.nodes.indices.map { used.contains($0) }, usesTop: usesTop,
          targetOfField: targetOfField))
    }
  }

  private mutating func node(_ name: String) -> Int {
    tree.node(of: EntityPointer(steps: [.named(Array(name.utf8))]))
  }

  private mutating func condition(_ condition: MappingCondition) -> Condition {
    Condition(
      has: condition.has.map { tree.node(of: $0) },
      lacks: condition.lacks.map { tree.node(of: $0) },
      equals: condition.equals.map { (tree.node(of: $0.pointer), $0.values) })
  }

  private mutating func target(
    _ name: String, above: String, _ source: MemberSource, _ used: inout Set<Int>
  ) -> Target {
    var writer = JSONWriter(escaping: .minimal)
    writer.string(name)
    let pointer = above + JSONPointer.to(name)
    let compiled = Source(
      condition: condition(source.condition),
      content: content(source.content, pointer, &used), constant: source.constant,
      description: source.description)
    return Target(name: Array((writer.text + ":").utf8), pointer: pointer, source: compiled)
  }

  private mutating func content(
    _ content: MemberSource.Content, _ pointer: String, _ used: inout Set<Int>
  ) -> Content {
    switch content {
    case .first(let references, let values, let conversion):
      return .first(
        references.map { reference($0, &used) }, values, conversion.flatMap(\.conversion))
    case .pair(let first, let second, let pair):
      return .pair(reference(first, &used), reference(second, &used), pair)
    case .common(let pointer, let values, let conversion):
      let node = tree.node(of: pointer)
      let elements = tree.node(of: pointer.upToAny)
      used.insert(node)
      return .common(node, elements: elements, values, conversion.flatMap(\.conversion))
    case .count(let pointer):
      let node = tree.node(of: pointer)
      tree.count(at: node)
      used.insert(node)
      return .count(node)
    case .object(let members, let takesRest):
      return .object(
        members.map { target($0.name, above: pointer, $0.source, &used) }, takesRest: takesRest)
    case .constant: return .constant
    }
  }

  private mutating func reference(
    _ reference: MemberSource.Reference, _ used: inout Set<Int>
  ) -> Reference {
    switch reference {
    case .key:
      usesKey = true
      return .key
    case .pointer(let pointer):
      let node = tree.node(of: pointer)
      used.insert(node)
      return .node(node)
    }
  }
}

extension MemberSource {
  fileprivate var takesRest: Bool {
    if case .object(_, takesRest: true) = content { true } else { false }
  }
}

extension MappingConversion {
  fileprivate var conversion: Conversion? {
    if case .single(let conversion) = self { conversion } else { nil }
  }
}

extension EntityPointer {
  /// The pointer up to the first `*`.
  fileprivate var upToAny: EntityPointer {
    EntityPointer(steps: Array(steps.prefix((steps.firstIndex(of: .any) ?? steps.count - 1) + 1)))
  }
}

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

  /// Marks the elements at a node to be counted.
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

  /// The node of all elements of a list.
  func elements(below node: Int) -> Int? { nodes[node].star }

  /// The node of one element of a list.
  func element(_ index: Int, below node: Int) -> Int? {
    if nodes[node].names.isEmpty { return nil }
    let name = Array(String(index).utf8)
    return nodes[node].names.first { $0.name == name }?.node
  }
}
