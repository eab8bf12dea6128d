import RMOSHTML
import RMOSModels

/// JSON laid out for reading: short containers on one line, longer ones with one line per member.
///
/// Numbers keep their source text, and members their order.
struct JSONHTML {
  private var pieces: [HTML] = []
  /// The maximum length of JSON that is laid out.
  static let longest = 200_000
  /// The maximum width of a container on one line.
  private static let lineWidth = 84

  /// Returns the text of a column as a block; text that is not JSON is shown unchanged, with a
  /// note.
  static func block(_ text: String, label: String) -> HTML {
    guard text.utf8.count <= longest else {
      let start = String(decoding: text.utf8.prefix(4000), as: UTF8.self)
      return """
        <p class="dim note">\(PlainText.grouped(text.utf8.count)) bytes: too long to show here. \
        The beginning:</p>
        \(frame(PageText.lines(of: start), label))
        """
    }
    guard let value = try? JSONValue(parsing: text) else {
      return PageCell.warning("This is not valid JSON; it is shown as stored.")
        + frame(PageText.lines(of: text), label)
    }
    var layout = JSONHTML()
    layout.add(value, depth: 0)
    return frame(layout.pieces, label)
  }

  private static func frame(_ pieces: [HTML], _ label: String) -> HTML {
    """
    <pre class="json" role="region" tabindex="0" aria-label="\(label)"><code>\(pieces)</code></pre>

    """
  }

  private mutating func add(_ value: JSONValue, depth: Int) {
    switch value {
    case .array(let elements) where !elements.isEmpty && !fits(value, depth):
      container("[", "]", elements, depth) { $0.add($1, depth: depth + 1) }
    case .object(let members) where !members.isEmpty && !fits(value, depth):
      container("{", "}", members, depth) { layout, member in
        layout.name(member.name)
        layout.add(member.value, depth: depth + 1)
      }
    default: addInLine(value)
    }
  }

  private mutating func addInLine(_ value: JSONValue) {
    switch value {
    case .array(let elements):
      pieces.append("[")
      for (index, element) in elements.enumerated() {
        if index > 0 { pieces.append(", ") }
        addInLine(element)
      }
      pieces.append("]")
    case .object(let members):
      pieces.append(members.isEmpty ? "{" : "{ ")
      for (index, member) in members.enumerated() {
        if index > 0 { pieces.append(", ") }
        name(member.name)
        addInLine(member.value)
      }
      pieces.append(members.isEmpty ? "}" : " }")
    case .string: pieces.append("<span class=\"s\">\(value.text)</span>")
    default: pieces.append(HTML(text: value.text))
    }
  }

  private mutating func name(_ name: String) {
    pieces.append("<span class=\"k\">\(JSONValue.string(name).text)</span>: ")
  }

  private mutating func container<Element>(
    _ open: HTML, _ close: HTML, _ elements: [Element], _ depth: Int,
    _ body: (inout JSONHTML, Element) -> Void
  ) {
    // Beyond 40 levels, deeper indentation would not help.
    func line(_ depth: Int) -> HTML {
      HTML(text: String(repeating: "  ", count: min(depth, 40))).afterLineBreak
    }
    pieces.append(open)
    for (index, element) in elements.enumerated() {
      if index > 0 { pieces.append(",") }
      pieces.append(line(depth + 1))
      body(&self, element)
    }
    pieces.append(line(depth))
    pieces.append(close)
  }

  /// Whether the value fits on one line; stops examining it as soon as it does not.
  private func fits(_ value: JSONValue, _ depth: Int) -> Bool {
    var room = Self.lineWidth - 2 * depth
    return Self.take(value, &room, nesting: 0)
  }

  private static func take(_ value: JSONValue, _ room: inout Int, nesting: Int) -> Bool {
    switch value {
    case .array(let elements):
      guard nesting < 2 else { return false }
      // Lists of objects are read line by line.
      if elements.count > 1, case .object(let members)? = elements.first, !members.isEmpty {
        return false
      }
      for element in elements {
        room -= 2
        guard take(element, &room, nesting: nesting + 1) else { return false }
      }
    case .object(let members):
      guard nesting < 2 else { return false }
      for member in members {
        room -= member.name.utf8.count + 6
        guard room >= 0, take(member.value, &room, nesting: nesting + 1) else { return false }
      }
    case .string(let text): room -= text.utf8.count + 2
    case .number(let number): room -= number.text.utf8.count
    case .bool, .null: room -= 5
    }
    return room >= 0
  }
}

extension HTML {
  fileprivate var afterLineBreak: HTML { "\n\(self)" }
}
