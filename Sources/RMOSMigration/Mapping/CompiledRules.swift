import RMOSModels

/// The rules of a mapping for one kind, in which pointers are nodes of one tree.
struct CompiledRules {
  /// A condition on the values at nodes.
  struct Condition {
    var has: [Int]
    var lacks: [Int]
    var equals: [(node: Int, values: [JSONLiteral])]

    /// Whether an object must have some member to meet the condition.
    var needsMember: Bool { !has.isEmpty || !equals.isEmpty }
  }

  enum Reference {
    case node(Int)
    case key
    case group
  }

  indirect enum Content {
    case alternatives([Source])
    case first([Reference], MappingConversion.Single)
    case pair(Reference, Reference, MappingConversion.Pair)
    /// `elements` is the node of the list's elements in which the value is.
    case common(Int, elements: Int, MappingConversion.Single)
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

  /// A member to write, and its source.
  struct Target {
    /// The name.
    let member: [UInt8]
    /// The name, quoted, with its colon.
    let name: [UInt8]
    /// A pointer into the entity.
    let pointer: String
    let source: Source
    /// The nodes of the field's other names, if the source takes the rest: a member with such a
    /// name is the field itself.
    var otherNames: [Int] = []
  }

  struct Rule {
    /// Where the rule's objects are in a document; `nil` if the document's shape determines that.
    let entities: EntityPointer?
    let condition: Condition
    /// Whether the objects that the rule takes are not entities.
    let skips: Bool
    /// The targets; one that takes the rest is the last, since all others must be written before.
    let targets: [Target]
    /// For each node, whether a source of the rule refers to it.
    let uses: [Bool]
    /// For each node of a member at the top, whether a source refers to it or to a part of it.
    let usesTop: [Bool]
    /// For each field of the kind, the position of its target.
    let targetOfField: [Int?]
    /// The fields whose numbers are converted from another unit or notation.
    let convertedFields: FieldSet
  }

  /// Whether names that differ only in case, `_`, `-` and spaces are the same.
  let ignoresSpelling: Bool
  /// Whether any rule asks for an object's key in its dictionary.
  private(set) var usesKey = false
  private(set) var tree = PointerTree()
  private(set) var rules: [Rule] = []
  /// For each node, the field of the kind whose member it is.
  private(set) var fieldOfNode: [Int?] = []
  /// The nodes of members at the top by their folded names, if spelling is ignored.
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
      // The rest is known only once all other members are written.
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
      var convertedFields = FieldSet()
      for member in rule.members where member.source.conversion?.isOfOtherNumbers == true {
        convertedFields.insert(member.field)
      }
      var targetOfField = [Int?](repeating: nil, count: schema.fields.count)
      for (position, field) in fields.enumerated() { targetOfField[field] = position }
      var usesTop = [Bool](repeating: false, count: tree.nodes.count)
      for node in used { usesTop[tree.nodes[node].top] = true }
      self.rules.append(
        Rule(
          entities: rule.entities, condition: condition, skips: rule.skips, targets: targets,
          uses: tree.nodes.indices.map { used.contains($0) }, usesTop: usesTop,
          targetOfField: targetOfField, convertedFields: convertedFields))
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
    return Target(
      member: Array(name.utf8), name: Array((writer.text + ":").utf8), pointer: pointer,
      source: self.source(source, pointer, &used))
  }

  private mutating func source(
    _ source: MemberSource, _ pointer: String, _ used: inout Set<Int>
  ) -> Source {
    Source(
      condition: condition(source.condition), content: content(source.content, pointer, &used),
      constant: source.constant, description: source.description)
  }

  private mutating func content(
    _ content: MemberSource.Content, _ pointer: String, _ used: inout Set<Int>
  ) -> Content {
    switch content {
    case .alternatives(let sources):
      return .alternatives(sources.map { source($0, pointer, &used) })
    case .first(let references, let conversion):
      return .first(references.map { reference($0, &used) }, conversion)
    case .pair(let first, let second, let pair):
      return .pair(reference(first, &used), reference(second, &used), pair)
    case .common(let pointer, let conversion):
      let node = tree.node(of: pointer)
      let elements = tree.node(of: pointer.upToAny)
      used.insert(node)
      return .common(node, elements: elements, conversion)
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
    case .group:
      usesKey = true
      return .group
    case .pointer(let pointer):
      let node = tree.node(of: pointer)
      used.insert(node)
      return .node(node)
    }
  }
}

extension EntityPointer {
  /// The pointer up to the first `*`.
  fileprivate var upToAny: EntityPointer {
    EntityPointer(steps: Array(steps.prefix((steps.firstIndex(of: .any) ?? steps.count - 1) + 1)))
  }
}

/// The places in objects that a group of rules looks at, as a tree of names.
struct PointerTree {
  /// A place; its children are the places below it.
  struct Node {
    /// The members that rules look at, each with the first eight bytes of its name and its node.
    var names: [(name: [UInt8], head: UInt64, node: Int)] = []
    /// The node of all elements of a list.
    var star: Int?
    /// Whether a rule counts the elements or members.
    var counts = false
    /// The node of the member at the top that this place is, or is in.
    var top = 0

    var isLeaf: Bool { names.isEmpty && star == nil && !counts }
  }

  private(set) var nodes = [Node()]

  /// Returns the node of a pointer, which is created if there is none.
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

  /// Marks a node whose elements or members a rule counts.
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

  /// Finds the node of a member.
  ///
  /// - Parameters:
  ///   - name: The name, of which at least eight bytes must be readable, however short it is.
  ///   - length: The length of the name in bytes.
  ///   - node: The node of the object.
  ///   - expected: The position among the node's names at which to begin the search, since objects
  ///     of one program have their members in the same order; set to the position after the name.
  /// - Returns: The node; `nil` if no rule looks at the member.
  func child(
    named name: UnsafePointer<UInt8>, _ length: Int, below node: Int, expected: inout Int
  ) -> Int? {
    var head = unsafe UnsafeRawPointer(name).loadUnaligned(as: UInt64.self).littleEndian
    if length < 8 { head &= (1 << UInt64(length * 8)) - 1 }
    let count = nodes[node].names.count
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

  /// Returns the node of all elements of a list; `nil` if no rule looks at them.
  func elements(below node: Int) -> Int? { nodes[node].star }

  /// Returns the node of one element of a list; `nil` if no rule looks at it.
  func element(_ index: Int, below node: Int) -> Int? {
    if nodes[node].names.isEmpty { return nil }
    let name = Array(String(index).utf8)
    return nodes[node].names.first { $0.name == name }?.node
  }
}
