import RMOSModels

extension Mapping {
  /// Whether the mapping would take objects of a shape and gather members of theirs that seem to be
  /// fields, as a part of the rest.
  func gathersFields(of shape: ShapeCollector.Shape) -> Bool {
    let rules = rules[shape.kind, default: []].filter { rule in
      rule.takesRest && rule.condition.mayFit(shape)
    }
    guard !rules.isEmpty else { return false }
    let guesses = FieldGuess.all(in: shape, as: shape.kind).filter { guess in
      // A member that bears the name of a field is read as that.
      guess.strength > .otherName || guess.path.count > 1
    }
    let sources = rules.flatMap(\.members).map(\.source)
    return guesses.contains { guess in
      let names = shape.members[guess.path[0]].spellings
      return !names.contains { name in sources.contains { $0.looks(at: name) } }
    }
  }
}

extension MappingRule {
  /// Whether a member gathers what no other uses.
  fileprivate var takesRest: Bool {
    members.contains {
      if case .object(_, takesRest: true) = $0.source.content { true } else { false }
    }
  }
}

extension MappingCondition {
  /// Whether objects of a shape may fit; values are not looked at.
  fileprivate func mayFit(_ shape: ShapeCollector.Shape) -> Bool {
    func profile(_ pointer: EntityPointer) -> MemberProfile? {
      shape.profile(
        named: pointer.steps.compactMap { if case .named(let name) = $0 { name } else { nil } })
    }
    return (has + equals.map(\.pointer)).allSatisfy { profile($0) != nil }
      && lacks.allSatisfy { profile($0)?.count ?? 0 < shape.count }
  }
}

extension MemberSource {
  /// Whether the source looks at a member of the object, or in it.
  fileprivate func looks(at name: [UInt8]) -> Bool {
    func begins(_ pointer: EntityPointer) -> Bool { pointer.steps.first?.matches(name) ?? true }
    func begins(_ reference: Reference) -> Bool {
      if case .pointer(let pointer) = reference { begins(pointer) } else { false }
    }
    switch content {
    case .first(let references, _, _): return references.contains { begins($0) }
    case .pair(let first, let second, _): return begins(first) || begins(second)
    case .common(let pointer, _, _), .count(let pointer): return begins(pointer)
    case .object(let members, _): return members.contains { $0.source.looks(at: name) }
    case .constant: return false
    }
  }
}
