/// Advice at the end of a message: how to write what was probably meant.
package struct Advice: Sendable, Hashable, ExpressibleByStringInterpolation {
  private let text: String
  /// What a file allows in addition, such as a mapping: the continuation of the text.
  private let forFiles: String
  /// Whether the advice is to leave the member out.
  private let leavesOut: Bool

  init(_ text: String, forFiles: String = "", leavesOut: Bool = false) {
    self.text = text
    self.forFiles = forFiles
    self.leavesOut = leavesOut
  }

  package init(stringLiteral text: String) { self.init(text) }

  /// Advice about a text that stands for an absent value.
  package static func leaveOut(
    _ text: String, if condition: String = "if there is none"
  ) -> Advice {
    Advice(
      "\(condition), leave the member out or write null",
      forFiles: ", or let a mapping read it with \"values\": {\(Violation.quoted(text)): null}",
      leavesOut: true)
  }

  /// The advice with words before it.
  func after(_ words: String) -> Advice {
    Advice(words + text, forFiles: forFiles, leavesOut: leavesOut)
  }

  /// The advice as the end of a sentence, for an entity in a file or for any other.
  package func text(inFile: Bool) -> String { text + (inFile ? forFiles : "") }

  /// The advice as the last clause of a message about a field; empty if the field is required and
  /// the advice is to leave it out.
  package func clause(about field: FieldSchema, inFile: Bool) -> String {
    leavesOut && field.isRequired ? "" : "; " + text(inFile: inFile)
  }
}

/// A built-in mapping that messages advise; the raw value is its name.
package enum MappingAdvice: String, CaseIterable {
  case epoch
  case anyCase = "any-case"

  /// The end of a sentence that advises the mapping.
  var words: String { ", or read the source with the mapping \"\(rawValue)\"" }

  /// The mapping that a message advises; `nil` if it advises none.
  package init?(in message: String) {
    guard let advised = Self.allCases.first(where: { message.contains($0.words) }) else {
      return nil
    }
    self = advised
  }
}
