import RMOSModels
import RMOSSystem

/// Maps objects, one at a time, by a group of rules.
///
/// One pass over an object records where the members are that any rule looks at. The first rule
/// whose condition is met then determines ``text``, an object of the shape that entities have.
/// Members that are taken unchanged are copied, and so are members that no rule takes.
@safe final class ObjectMapper {
  /// A value that a conversion derived, or could not determine.
  struct Remark {
    let code: IssueCode
    let message: String
    /// The JSON Pointer to the member of the entity.
    let pointer: String
    /// The offset in the object of the value that was read.
    let offset: Int
  }

  /// How an object was found in its document.
  enum Way {
    /// By the shape of the document.
    case found
    /// By a rule's pointer; the value is the JSON Pointer to the object.
    case selected([UInt8])
    /// In an earlier pass over the file, in which the rule with this number took it.
    case taken(rule: Int)
  }

  /// The keys under which an object is in its document.
  struct Keys: Sendable, Hashable {
    /// The key in the dictionary that the object is in.
    var own: [UInt8]?
    /// The key of the list or dictionary that the object is in, in the dictionary around that.
    var group: [UInt8]?

    /// The key in the innermost dictionary, unless that is a derived id, as in copies of rejects,
    /// which says nothing but the id.
    fileprivate var innermost: [UInt8]? {
      guard let key = own ?? group, !key.starts(with: "legacy:".utf8) else { return nil }
      return key
    }
  }

  /// The member that keeps members whose names are those of the entity's own members.
  static let keptUnder = "mapped_from"

  /// A place that rules look at, and its value: of several, the first one that is not null.
  private struct Place {
    /// The range of the value; empty if it is absent.
    var start = 0
    var end = 0
    var kind = JSONScanner.Kind.null
    /// The number of elements or members, if a rule counts them.
    var count = 0
    /// The number of values that are not null; several if the place is within a list.
    var hits = 0
    /// Whether those values differ.
    var differs = false
    /// Whether the place has several values.
    var isRepeated = false
    /// Whether the value was copied into the entity unchanged.
    var isMoved = false
    /// The position of the member that is read there, if the place is at the top.
    var member: Int?

    var isThere: Bool { end > start }
    /// Whether there is a value other than null.
    var isGiven: Bool { end > start && kind != .null }
  }

  /// A member of the object itself.
  private struct Member {
    let name: Range<Int>
    let nameIsEscaped: Bool
    let value: Range<Int>
    let kind: JSONScanner.Kind
    let node: Int?
    /// Whether the name is that of the node, and not another spelling of it.
    let isExact: Bool
    /// Whether the member is not read, since there is another spelling of its name.
    var isOtherSpelling = false
    var isGathered = false
  }

  private let rules: CompiledRules
  private let mapping: String
  private let places: UnsafeMutablePointer<Place>
  /// For each node, the position among its names at which the search for the next name begins.
  private let expected: UnsafeMutablePointer<Int>
  private var members: [Member] = []
  /// The nodes of which the object has several spellings, so that none is read.
  private var undecided: [Int] = []
  private var object: UnsafePointer<UInt8>
  private var scanner: JSONScanner
  private var keys = Keys()
  /// Whether the member being written is the id.
  private var isWritingID = false
  /// The entity that the object became, as JSON.
  private(set) var text = MappedText()
  /// Whether a rule gave it an id.
  private(set) var hasWrittenID = false
  /// Remarks about conversions, to be reported as issues.
  private(set) var remarks: [Remark] = []
  /// How the object was found in its document.
  var way = Way.found
  /// The rule that took the object.
  private var rule: CompiledRules.Rule?
  /// The number of the rule that took the object.
  private(set) var ruleNumber: Int?
  /// Whether the rule that took the object says that it is not an entity.
  var skips: Bool { rule?.skips ?? false }
  /// The fields whose numbers the rule that took the object converts.
  var convertedFields: FieldSet { rule?.convertedFields ?? FieldSet() }

  private let containers: UnsafeMutablePointer<Bool>
  /// An empty input, for the time before the first object.
  private let emptyInput: UnsafeMutablePointer<UInt8>

  /// Creates a mapper.
  ///
  /// - Parameters:
  ///   - rules: The rules, in the order in which they are tried.
  ///   - kind: The kind of entity that objects become.
  ///   - mapping: The mapping to which the rules belong.
  init(_ rules: [MappingRule], for kind: EntityKind, of mapping: Mapping) {
    self.rules = CompiledRules(rules, for: kind, ignoresSpelling: mapping.ignoresSpelling)
    self.mapping = mapping.name
    unsafe places = .allocate(capacity: self.rules.tree.nodes.count)
    unsafe places.initialize(repeating: Place(), count: self.rules.tree.nodes.count)
    unsafe expected = .allocate(capacity: self.rules.tree.nodes.count)
    unsafe expected.initialize(repeating: 0, count: self.rules.tree.nodes.count)
    unsafe containers = .allocate(capacity: JSONScanner.maximumDepth)
    unsafe containers.initialize(repeating: false, count: JSONScanner.maximumDepth)
    unsafe emptyInput = .allocate(capacity: JSONScanner.padding)
    unsafe emptyInput.initialize(repeating: 0, count: JSONScanner.padding)
    unsafe object = UnsafePointer(emptyInput)
    scanner = unsafe JSONScanner(base: object, count: 0, containers: containers)
  }

  deinit {
    unsafe places.deallocate()
    unsafe expected.deallocate()
    unsafe containers.deallocate()
    unsafe emptyInput.deallocate()
  }

  // MARK: Mapping

  /// Maps the object at the scanner's position and moves past it.
  ///
  /// - Parameters:
  ///   - scanner: A scanner at the object's `{`.
  ///   - keys: The object's keys.
  ///   - isAlone: Whether the object may be something other than an entity, such as a collection,
  ///     so that a rule must recognize it by a condition or by a member.
  /// - Returns: Whether a rule took the object; the result is ``text``, unless the rule ``skips``
  ///   the object.
  /// - Throws: `JSONScanError` if the object is not JSON.
  func map(
    _ scanner: inout JSONScanner, keys: Keys = Keys(), isAlone: Bool = false
  ) throws(JSONScanError) -> Bool {
    unsafe object = scanner.cursor
    self.keys = keys
    unsafe places.update(repeating: Place(), count: rules.tree.nodes.count)
    members.removeAll(keepingCapacity: true)
    undecided.removeAll(keepingCapacity: true)
    remarks.removeAll(keepingCapacity: true)
    // `scan` needs no check of the depth: pointers are far shorter than the maximum depth, and
    // values below them are skipped by the scanner, which checks it.
    try scan(&scanner, 0, depth: 0)
    self.scanner = scanner
    unsafe note(0..<scanner.cursor - object, .object, at: 0)
    ruleNumber = rules.rules.indices.first { number in
      let rule = rules.rules[number]
      return isMeant(by: number, rule.entities) && fits(rule.condition)
        && (!isAlone || recognizes(rule))
    }
    rule = ruleNumber.map { rules.rules[$0] }
    guard let rule else { return false }
    text.removeAll()
    if !rule.skips { write(rule) }
    return true
  }

  /// Whether a rule is meant for objects that were found in this way.
  private func isMeant(by rule: Int, _ entities: EntityPointer?) -> Bool {
    switch way {
    case .found: entities == nil
    case .selected(let place): entities?.leads(to: place) ?? false
    case .taken(let taker): rule == taker
    }
  }

  /// Whether the object has something by which a rule tells its objects from other ones.
  private func recognizes(_ rule: CompiledRules.Rule) -> Bool {
    if rule.condition.needsMember { return true }
    return members.contains { member in
      guard let node = member.node else { return false }
      return rule.uses[node] || rules.fieldOfNode[node] != nil
        || rules.tree.nodes[node].names.contains { rule.uses[$0.node] }
    }
  }

  /// Scans the container at the scanner's position, which corresponds to a node of the tree.
  private func scan(
    _ scanner: inout JSONScanner, _ node: Int, depth: Int
  ) throws(JSONScanError) {
    let isObject = scanner.byte == UInt8(ascii: "{")
    let closing = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    _ = scanner.skip(scanner.byte)
    scanner.skipWhiteSpace()
    if scanner.skip(closing) { return }
    var index = 0
    while true {
      var child: Int?
      var name = 0..<0
      var nameIsEscaped = false
      var isExact = true
      var isOtherSpelling = false
      if isObject {
        let start = unsafe scanner.cursor + 1
        nameIsEscaped = try scanner.skipString()
        name = unsafe start - object..<scanner.cursor - 1 - object
        scanner.skipWhiteSpace()
        guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.unexpected(.colon) }
        scanner.skipWhiteSpace()
        if let found = self.child(name, nameIsEscaped, below: node) {
          (child, isExact) = found
          isOtherSpelling =
            unsafe node == 0 && !rules.spellings.isEmpty
            && (places[found.node].isThere || !undecided.isEmpty)
            && isOther(found, isNull: scanner.byte == UInt8(ascii: "n"))
        }
      } else {
        child = rules.tree.element(index, below: node)
      }
      if node != 0, let all = rules.tree.elements(below: node) {
        if child == nil {
          child = all
        } else {
          // One rule looks at all elements, and another one at this element.
          var ahead = scanner
          _ = try scanValue(&ahead, all, depth: depth)
        }
      }
      let (value, kind) = try scanValue(&scanner, isOtherSpelling ? nil : child, depth: depth)
      if node == 0 {
        if let child, !isOtherSpelling { unsafe places[child].member = members.count }
        members.append(
          Member(
            name: name, nameIsEscaped: nameIsEscaped, value: value, kind: kind, node: child,
            isExact: isExact, isOtherSpelling: isOtherSpelling))
      }
      index += 1
      scanner.skipWhiteSpace()
      if scanner.skip(UInt8(ascii: ",")) {
        scanner.skipWhiteSpace()
        continue
      }
      guard scanner.skip(closing) else {
        throw scanner.unexpected(isObject ? .commaOrBrace : .commaOrBracket)
      }
      break
    }
    unsafe places[node].count = index
  }

  /// Whether a member at the top is not read because of another spelling of its name.
  ///
  /// The exact name counts before others; of several others, none does unless all but one are null.
  private func isOther(_ member: (node: Int, isExact: Bool), isNull: Bool) -> Bool {
    let node = member.node
    func forget() {
      for part in rules.tree.nodes.indices where rules.tree.nodes[part].top == node {
        unsafe places[part] = Place()
      }
    }
    guard let earlier = unsafe places[node].member else {
      if member.isExact { undecided.removeAll { $0 == node } }
      return undecided.contains(node)
    }
    // The decoder refuses a name that appears twice.
    if members[earlier].isExact { return !member.isExact }
    if !member.isExact, isNull { return true }
    forget()
    members[earlier].isOtherSpelling = true
    if member.isExact || members[earlier].kind == .null { return false }
    undecided.append(node)
    return true
  }

  /// Scans the value at the scanner's position, and records it at its node.
  private func scanValue(
    _ scanner: inout JSONScanner, _ node: Int?, depth: Int
  ) throws(JSONScanError) -> (value: Range<Int>, kind: JSONScanner.Kind) {
    let start = unsafe scanner.cursor - object
    let kind: JSONScanner.Kind
    let first = scanner.byte
    if let node, !rules.tree.nodes[node].isLeaf,
      first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    {
      kind = first == UInt8(ascii: "{") ? .object : .array
      try scan(&scanner, node, depth: depth + 1)
    } else {
      kind = try scanner.skipValue(enclosingDepth: depth + 1)
    }
    let value = unsafe start..<scanner.cursor - object
    if let node { note(value, kind, at: node) }
    return (value, kind)
  }

  /// Records a value at a node; of several, the first one that is not null.
  private func note(_ value: Range<Int>, _ kind: JSONScanner.Kind, at node: Int) {
    unsafe places[node].hits += kind == .null ? 0 : 1
    if unsafe places[node].isThere {
      unsafe places[node].isRepeated = true
      if kind == .null { return }
      if unsafe places[node].kind != .null {
        if unsafe !areEqual(token(node), places[node].kind, bytes(value), kind) {
          unsafe places[node].differs = true
        }
        return
      }
    }
    unsafe places[node].start = value.lowerBound
    unsafe places[node].end = value.upperBound
    unsafe places[node].kind = kind
  }

  /// Returns the node of a member of the object at `node`, and whether the member has its exact
  /// name; `nil` if no rule looks at it.
  private func child(
    _ name: Range<Int>, _ isEscaped: Bool, below node: Int
  ) -> (node: Int, isExact: Bool)? {
    var decoded: [UInt8]?
    if isEscaped { decoded = unsafe JSONScanner.content(of: bytes(name), isEscaped: true) }
    if var decoded {
      let count = decoded.count
      decoded.append(contentsOf: repeatElement(0, count: 8))
      let child = unsafe decoded.withUnsafeBufferPointer { bytes in
        unsafe bytes.baseAddress.flatMap {
          unsafe rules.tree.child(named: $0, count, below: node, expected: &expected[node])
        }
      }
      if let child { return (child, true) }
    } else if let child = unsafe rules.tree.child(
      named: object + name.lowerBound, name.count, below: node, expected: &expected[node])
    {
      return (child, true)
    }
    if node != 0 || rules.spellings.isEmpty { return nil }
    let spelled = unsafe decoded ?? Array(bytes(name))
    return spelled.starts(with: "__".utf8)
      ? nil : rules.spellings[spelled.foldedName].map { ($0, false) }
  }

  private func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: object + range.lowerBound, count: range.count)
  }

  private func name(of member: Member) -> [UInt8] {
    unsafe JSONScanner.content(of: bytes(member.name), isEscaped: member.nameIsEscaped)
  }

  private func token(_ node: Int) -> UnsafeBufferPointer<UInt8> {
    unsafe bytes(places[node].start..<places[node].end)
  }

  // MARK: Conditions

  private func fits(_ condition: CompiledRules.Condition) -> Bool {
    condition.has.allSatisfy { unsafe places[$0].isThere }
      && condition.lacks.allSatisfy { unsafe !places[$0].isThere }
      && condition.equals.allSatisfy { node, values in
        unsafe places[node].isThere
          && values.contains { unsafe $0.equals(token(node), places[node].kind) }
      }
  }

  // MARK: Writing

  private func write(_ rule: CompiledRules.Rule) {
    text.begin(UInt8(ascii: "{"))
    hasWrittenID = false
    for (position, target) in rule.targets.enumerated() {
      isWritingID = position == rule.targetOfField[0]
      if write(target), isWritingID { hasWrittenID = true }
    }
    noteSpellings(rule)
    writeRest(rule)
    text.end(UInt8(ascii: "}"))
  }

  /// The maximum number of spellings that a message names.
  private static let spellingsNamed = 12

  /// Remarks on members that the rule would use if their names had not several spellings.
  private func noteSpellings(_ rule: CompiledRules.Rule) {
    for node in undecided where rule.usesTop[node] {
      let spellings = members.filter { $0.node == node }
      guard let last = spellings.last else { continue }
      func text(_ member: Member) -> String { String(decoding: name(of: member), as: UTF8.self) }
      let shown = spellings.prefix(Self.spellingsNamed).map { Violation.quoted(text($0)) }
      let more = spellings.count - shown.count
      remarks.append(
        Remark(
          code: .fieldLookAlike,
          message: shown.joined(separator: ", ")
            + (more > 0 ? " and \(PlainText.grouped(more)) more" : "")
            + " are spellings of one name, so none of them is read; keep the one that is meant",
          pointer: JSONPointer.to(text(last)), offset: last.name.lowerBound - 1))
    }
  }

  /// Writes a member, unless it has no value.
  ///
  /// - Returns: Whether the member was written.
  @discardableResult private func write(_ target: CompiledRules.Target) -> Bool {
    guard fits(target.source.condition),
      !target.otherNames.contains(where: { unsafe places[$0].isGiven })
    else { return false }
    let before = text.mark
    text.beginItem()
    text.append(target.name)
    if writeValue(of: target.source, for: target) { return true }
    text.rollBack(to: before)
    return false
  }

  /// Writes the value of a member; `false` if its source gives none.
  private func writeValue(
    of source: CompiledRules.Source, for target: CompiledRules.Target
  ) -> Bool {
    switch source.content {
    case .alternatives(let sources):
      for source in sources where fits(source.condition) {
        if writeValue(of: source, for: target) { return true }
      }
    case .first(let references, let conversion):
      for reference in references {
        switch reference {
        case .key, .group:
          if let key = key(of: reference), write(key: key, conversion) { return true }
        case .node(let node):
          // The decoder refuses two members with one name at the top.
          if unsafe places[node].differs, rules.tree.nodes[node].top != node {
            unsafe remark(
              .fieldNotDerived, target, at: places[node].start,
              "several members have this name and different values, so none is taken")
            return false
          }
          if unsafe places[node].isGiven, write(node, conversion) { return true }
        }
      }
    case .pair(let first, let second, let pair):
      if write(pair, first, second, target, hasConstant: source.constant != nil) { return true }
    case .common(let node, let elements, let conversion):
      if unsafe places[node].isGiven {
        if unsafe !places[node].differs, unsafe places[node].hits == places[elements].hits {
          if write(node, conversion, moves: false) { return true }
        } else {
          unsafe remark(
            .fieldNotDerived, target, at: places[node].start,
            places[node].differs
              ? "the elements name several values, so none is taken"
              : "not every element names a value, so none is taken")
        }
      }
    case .count(let node):
      if unsafe places[node].isThere,
        unsafe places[node].kind == .array || places[node].kind == .object
      {
        unsafe text.append(Array(String(places[node].count).utf8), madeFrom: places[node].start)
        return true
      }
    case .object(let targets, let takesRest):
      if writeObject(targets, takesRest: takesRest) { return true }
    case .constant: break
    }
    guard let constant = source.constant, constant.kind != .null else { return false }
    text.append(constant.text)
    return true
  }

  /// Returns the key that a reference names; `nil` if there is none.
  private func key(of reference: CompiledRules.Reference) -> [UInt8]? {
    switch reference {
    // The key of a list is not the id of all its elements.
    case .key: isWritingID ? keys.own : keys.innermost
    case .group: keys.group
    case .node: nil
    }
  }

  /// Writes the object's key; `false` if the conversion replaces it by null.
  private func write(key: [UInt8], _ conversion: MappingConversion.Single) -> Bool {
    let (token, kind) = Self.token(ofKey: key)
    switch unsafe token.withUnsafeBufferPointer({ unsafe conversion.convert($0, kind) }) {
    case .null: return false
    case .unchanged: text.append(token, madeFrom: 0)
    case .changed(let value): text.append(value, madeFrom: 0)
    }
    return true
  }

  /// Returns a key as a JSON string.
  private static func token(ofKey key: [UInt8]) -> (token: [UInt8], kind: JSONScanner.Kind) {
    var writer = JSONWriter(escaping: .minimal)
    writer.string(String(decoding: key, as: UTF8.self))
    let token = Array(writer.utf8)
    return (token, token.contains(UInt8(ascii: "\\")) ? .escapedString : .string)
  }

  /// Writes the value at a node; `false` if the conversion replaces it by null.
  private func write(
    _ node: Int, _ conversion: MappingConversion.Single, moves: Bool = true
  ) -> Bool {
    let place = unsafe places[node]
    switch unsafe conversion.convert(token(node), place.kind) {
    case .null: return false
    case .unchanged:
      unsafe text.copy(place.start..<place.end, of: object)
      if moves { unsafe places[node].isMoved = true }
    case .changed(let value): text.append(value, madeFrom: place.start)
    }
    return true
  }

  /// Writes the result of two values; `false` if there is none.
  private func write(
    _ pair: MappingConversion.Pair, _ first: CompiledRules.Reference,
    _ second: CompiledRules.Reference, _ target: CompiledRules.Target, hasConstant: Bool
  ) -> Bool {
    guard let first = value(of: first), let second = value(of: second) else { return false }
    let derived = unsafe first.token.withUnsafeBufferPointer { token in
      unsafe second.token.withUnsafeBufferPointer { other in
        unsafe pair.convert((token, first.kind), (other, second.kind))
      }
    }
    let result: [UInt8]
    switch derived {
    case .success(let text): result = text
    case .failure(let problem):
      let shown = [first.token, second.token].map {
        String(decoding: $0, as: UTF8.self).shortened(to: 60)
      }
      remark(
        .fieldNotDerived, target, at: first.start,
        "the \(pair.rawValue) of \(shown[0]) and \(shown[1]) cannot be determined, since "
          + problem.reason + (hasConstant ? ", so \"value\" counts" : ", so it is left out"))
      return false
    }
    text.append(result, madeFrom: first.start)
    if pair == .sum {
      let shown = String(decoding: result.dropFirst().dropLast(), as: UTF8.self)
      remark(.timeDerived, target, at: first.start, "\(shown) is derived, not recorded")
    }
    return true
  }

  /// Returns the value of a reference, and where it begins; `nil` if it is absent or null.
  private func value(
    of reference: CompiledRules.Reference
  ) -> (token: [UInt8], kind: JSONScanner.Kind, start: Int)? {
    switch reference {
    case .key, .group:
      guard let key = key(of: reference) else { return nil }
      let (token, kind) = Self.token(ofKey: key)
      return (token, kind, 0)
    case .node(let node):
      guard unsafe places[node].isGiven else { return nil }
      return unsafe (Array(token(node)), places[node].kind, places[node].start)
    }
  }

  /// Writes an object of several members; `false` if none of them has a value.
  private func writeObject(_ targets: [CompiledRules.Target], takesRest: Bool) -> Bool {
    let before = text.mark
    text.begin(UInt8(ascii: "{"))
    let written = targets.filter { write($0) }
    if takesRest { gatherRest(except: written.map(\.member)) }
    if text.isAtFirstItem {
      text.rollBack(to: before)
      return false
    }
    text.end(UInt8(ascii: "}"))
    return true
  }

  private func remark(
    _ code: IssueCode, _ target: CompiledRules.Target, at offset: Int, _ message: String
  ) {
    let name = target.pointer.dropFirst()
    remarks.append(
      Remark(
        code: code,
        message: "\"\(name)\": \(message); the mapping \"\(mapping)\" \(target.source.description)",
        pointer: target.pointer, offset: offset))
  }

  // MARK: Members that the rule does not mention

  /// The use that was made of a member of the object.
  private enum Fate {
    /// The rule copied the member into the entity, or it is a field without a value.
    case moved
    /// The member has the name of one of the entity's own, and is read as that.
    case own
    /// The rule did not take the member.
    case left
    /// The rule took a part of the member.
    case partly
  }

  private func fate(of member: Member, _ rule: CompiledRules.Rule) -> Fate {
    guard let node = member.node, !member.isOtherSpelling else {
      return unsafe places[0].isMoved ? .moved : .left
    }
    // It is undecided which of two members with one name counts; the decoder refuses both.
    if unsafe places[node].isRepeated { return .left }
    if unsafe places[node].isMoved { return .moved }
    if isOwn(member, node, rule) { return .own }
    if unsafe places[0].isMoved || !places[node].isGiven && isDisplaced(member) { return .moved }
    return isTouched(node) ? .partly : .left
  }

  /// Whether a member has the name of one of the entity's, for which the rule names no source.
  private func isOwn(_ member: Member, _ node: Int, _ rule: CompiledRules.Rule) -> Bool {
    guard let name = rules.nameOfNode[node] else { return false }
    if let field = rules.fieldOfNode[node] {
      if rule.targetOfField[field] != nil { return false }
    } else if rule.uses[node] {
      return false
    }
    return unsafe rules.ignoresSpelling || member.nameIsEscaped
      || bytes(member.name).elementsEqual(name)
  }

  /// Whether a value below a node was copied into the entity.
  private func isTouched(_ node: Int) -> Bool {
    rules.tree.nodes[node].names.contains { unsafe places[$0.node].isMoved || isTouched($0.node) }
  }

  /// Writes the members that the rule does not use elsewhere, except those with one of `names`: the
  /// object has a member of that name.
  private func gatherRest(except names: [[UInt8]]) {
    guard let rule else { return }
    for position in members.indices {
      let member = members[position]
      if member.isOtherSpelling || !names.isEmpty && names.contains(name(of: member)) { continue }
      switch fate(of: member, rule) {
      case .moved, .own: continue
      case .left:
        if let node = member.node, unsafe rule.uses[node] || places[node].isRepeated { continue }
        members[position].isGathered = true
        text.beginItem()
        unsafe text.copy(member.name.lowerBound - 1..<member.value.upperBound, of: object)
      case .partly:
        members[position].isGathered = true
        writeRemains(of: member)
      }
    }
  }

  /// Writes the members that the rule did not take, and the remains of those it took parts of.
  private func writeRest(_ rule: CompiledRules.Rule) {
    var hasDisplaced = false
    for member in members where !member.isGathered {
      switch fate(of: member, rule) {
      case .moved: continue
      case .own: writeOwn(member)
      case .left, .partly:
        if isDisplaced(member) {
          hasDisplaced = true
        } else if !isKeptBefore(member) {
          writeKept(member, rule)
        }
      }
    }
    let before = text.mark
    if hasDisplaced {
      text.beginItem()
      text.append(Array("\"\(Self.keptUnder)\":".utf8))
      text.begin(UInt8(ascii: "{"))
    }
    for member in members where !member.isGathered {
      guard isKeptBefore(member) || hasDisplaced && isDisplaced(member) else { continue }
      switch fate(of: member, rule) {
      case .left, .partly: writeKept(member, rule)
      case .moved, .own: continue
      }
    }
    if hasDisplaced, text.isAtFirstItem {
      // Rules took all of these members, piece by piece.
      text.rollBack(to: before)
    } else if hasDisplaced {
      text.end(UInt8(ascii: "}"))
    }
  }

  /// Writes one of the entity's own members, by its usual name.
  private func writeOwn(_ member: Member) {
    text.beginItem()
    guard let node = member.node, let name = rules.nameOfNode[node],
      unsafe !bytes(member.name).elementsEqual(name)
    else {
      return unsafe text.copy(member.name.lowerBound - 1..<member.value.upperBound, of: object)
    }
    text.append(UInt8(ascii: "\""), madeFrom: member.name.lowerBound - 1)
    text.append(name, madeFrom: member.name.lowerBound)
    text.append(Array("\":".utf8))
    unsafe text.copy(member.value, of: object)
  }

  /// Whether a kept member would be mistaken for one of the entity's own.
  private func isDisplaced(_ member: Member) -> Bool {
    if let node = member.node, unsafe places[node].isRepeated { return false }
    guard let node = member.node, rules.fieldOfNode[node] != nil,
      let name = rules.nameOfNode[node]
    else { return false }
    return unsafe member.nameIsEscaped || bytes(member.name).elementsEqual(name)
  }

  /// Whether a member holds the members that an earlier mapping displaced.
  private func isKeptBefore(_ member: Member) -> Bool {
    if !member.nameIsEscaped, member.name.count != Self.keptUnder.utf8.count { return false }
    return name(of: member).elementsEqual(Self.keptUnder.utf8)
  }

  private func writeKept(_ member: Member, _ rule: CompiledRules.Rule) {
    if case .partly = fate(of: member, rule) { return writeRemains(of: member) }
    text.beginItem()
    unsafe text.copy(member.name.lowerBound - 1..<member.value.upperBound, of: object)
  }

  /// Writes a member without the parts that were copied into the entity.
  private func writeRemains(of member: Member) {
    guard let node = member.node else { return }
    let before = text.mark
    text.beginItem()
    unsafe text.copy(member.name.lowerBound - 1..<member.value.lowerBound, of: object)
    // The rule may have taken all parts of the member.
    if !writeRemains(of: member.value, node) { text.rollBack(to: before) }
  }

  /// Writes a container without the parts that were copied into the entity.
  ///
  /// A list of which elements were copied stays whole, so that the others keep their indexes.
  /// - Returns: Whether anything else is in the container.
  private func writeRemains(of value: Range<Int>, _ node: Int) -> Bool {
    let isObject = unsafe object[value.lowerBound] == UInt8(ascii: "{")
    let closing = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    var scanner = scanner
    unsafe scanner.cursor = object + value.lowerBound + 1
    scanner.skipWhiteSpace()
    let start = text.mark
    unsafe text.begin(object[value.lowerBound])
    var (index, isLeft, hasGap) = (0, false, false)
    while !scanner.skip(closing) {
      let item = nextItem(&scanner, isObject: isObject, index, node)
      let before = text.mark
      text.beginItem()
      var isWritten = true
      if let child = item.child, unsafe places[child].start == item.value.lowerBound,
        unsafe places[child].isMoved
      {
        isWritten = false
        hasGap = true
      } else if let child = item.child, unsafe places[child].start == item.value.lowerBound,
        isTouched(child)
      {
        unsafe text.copy(item.start..<item.value.lowerBound, of: object)
        let isLeftInside = writeRemains(of: item.value, child)
        isLeft = isLeft || isLeftInside
        isWritten = isLeftInside
        hasGap = hasGap || !isLeftInside
      } else {
        unsafe text.copy(item.start..<item.value.upperBound, of: object)
        isLeft = true
      }
      if !isWritten { text.rollBack(to: before) }
      index += 1
      scanner.skipWhiteSpace()
      _ = scanner.skip(UInt8(ascii: ","))
      scanner.skipWhiteSpace()
    }
    text.end(closing)
    if !isObject, isLeft, hasGap {
      text.rollBack(to: start)
      unsafe text.copy(value, of: object)
    }
    return isLeft
  }

  /// Skips a member or element of a container that was scanned before.
  private func nextItem(
    _ scanner: inout JSONScanner, isObject: Bool, _ index: Int, _ node: Int
  ) -> (start: Int, value: Range<Int>, child: Int?) {
    let start = unsafe scanner.cursor - object
    var child: Int?
    if isObject {
      // Scanning it a second time cannot fail.
      let isEscaped = (try? scanner.skipString()) ?? false
      child = unsafe self.child(
        start + 1..<scanner.cursor - 1 - object, isEscaped, below: node)?.node
      scanner.skipWhiteSpace()
      _ = scanner.skip(UInt8(ascii: ":"))
      scanner.skipWhiteSpace()
    } else {
      child = rules.tree.element(index, below: node)
    }
    let valueStart = unsafe scanner.cursor - object
    _ = try? scanner.skipValue(enclosingDepth: 0)
    return unsafe (start, valueStart..<scanner.cursor - object, child)
  }

  // MARK: Decoding the result

  /// Runs `body` with a scanner over ``text``.
  func withScanner<Result>(_ body: (inout JSONScanner) -> Result) -> Result {
    unsafe text.withScanner(containers, body)
  }

  /// Returns the clause for messages about a member of the entity that names its source; empty if
  /// the rule has none.
  func explanation(ofMember pointer: String?) -> String {
    guard let rule, let pointer,
      let target = rule.targets.first(where: { $0.pointer == pointer })
    else { return "" }
    return "; the mapping \"\(mapping)\" \(target.source.description)"
  }

  /// Returns the offset of the value, such as null, for which a member of the entity is absent; 0
  /// if there is no such value.
  func placeOfAbsence(forMember pointer: String?) -> Int {
    guard let target = rule?.targets.first(where: { $0.pointer == pointer }) else {
      let name = pointer.map { Array($0.utf8.dropFirst()) }
      let own = members.first { $0.node.flatMap { rules.nameOfNode[$0] } == name }
      return own?.kind == .null ? own?.value.lowerBound ?? 0 : 0
    }
    return absentNode(of: target.source).map { unsafe places[$0].start } ?? 0
  }

  /// Returns the node of the first value that a source refers to, though it gives none.
  private func absentNode(of source: CompiledRules.Source) -> Int? {
    guard fits(source.condition) else { return nil }
    switch source.content {
    case .first(let references, _):
      for case .node(let node) in references where unsafe places[node].isThere { return node }
      return nil
    case .alternatives(let sources):
      return sources.lazy.compactMap { self.absentNode(of: $0) }.first
    case .pair, .common, .count, .object, .constant: return nil
    }
  }

  /// Whether the rule uses a member of the object, or a part of it.
  func usesMember(at pointer: String?) -> Bool {
    guard let rule, case .named(let name)? = pointer.flatMap(EntityPointer.literal)?.steps.first
    else { return false }
    return members.contains { member in
      guard let node = member.node, rule.usesTop[node] else { return false }
      return self.name(of: member) == name
    }
  }

  /// Whether any rule asks for an object's key in its dictionary.
  var usesKey: Bool { rules.usesKey }
}

extension JSONLiteral {
  /// Whether a value equals the literal: text by its characters, numbers by their value.
  fileprivate func equals(_ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind) -> Bool {
    unsafe text.withUnsafeBufferPointer { text in
      unsafe areEqual(text, self.kind, token, kind)
    }
  }
}

/// Whether two values are equal: text by its characters, numbers by their value, others as written.
private func areEqual(
  _ left: UnsafeBufferPointer<UInt8>, _ leftKind: JSONScanner.Kind,
  _ right: UnsafeBufferPointer<UInt8>, _ rightKind: JSONScanner.Kind
) -> Bool {
  switch (leftKind, rightKind) {
  case (.number, .number): unsafe DecimalText.areEqual(left, right)
  case (.string, .escapedString), (.escapedString, .string), (.escapedString, .escapedString):
    unsafe JSONScanner.text(of: left, leftKind) == JSONScanner.text(of: right, rightKind)
  default: unsafe leftKind == rightKind && left.elementsEqual(right)
  }
}
