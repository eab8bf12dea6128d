// The rules that look at more than one field.

/// The values of one entity, as far as rules across fields need them.
protocol RuleSubject {
  /// Whether the field has a value (right or wrong), not null.
  func isGiven(_ field: Int) -> Bool
  /// Whether the field holds `text`.
  func holds(_ text: String, in field: Int) -> Bool
  /// The field's text where it is right.
  func text(of field: Int) -> String?
  /// The field's timestamp where it is right.
  func timestamp(of field: Int) -> Timestamp?
  /// Whether the field is a JSON object or array with something in it.
  func isFilled(_ field: Int) -> Bool
}

extension EntitySchema {
  /// Whether another field stands in for `field`, so that it may be absent or empty.
  func hasSubstitute(for field: Int, in subject: some RuleSubject) -> Bool {
    rules.contains { rule in
      guard case .substitutable(field, let substitute) = rule else { return false }
      return subject.isFilled(substitute)
    }
  }

  /// Reports what the rules across fields find.
  func checkRules(of subject: some RuleSubject, report: (_ field: Int, Violation) -> Void) {
    for rule in rules {
      switch rule {
      case .substitutable:
        continue
      case .requiredWhen(let field, let condition, let value, let severity):
        guard !subject.isGiven(field), subject.holds(value, in: condition) else { continue }
        let because = "'\(fields[condition].member)' \"\(value)\""
        report(field, .missing(because: because, severity: severity))
      case .ordered(let earlier, let later):
        guard let start = subject.timestamp(of: earlier), let end = subject.timestamp(of: later),
          end.order(relativeTo: start) == .before
        else { continue }
        report(
          later,
          .endBeforeStart(
            end: subject.text(of: later) ?? "", startField: fields[earlier].member,
            start: subject.text(of: earlier) ?? ""))
      }
    }
  }
}
