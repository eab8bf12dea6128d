import Foundation

/// The commands in a document, each with the output that the document shows.
///
/// A command stands in a code block after `$ `; lines after `> ` belong to it; what follows, to the
/// next command or the block's end, is its output. A line of `…` stands for any lines, a `…` at a
/// line's end for any rest. A comment `<!-- run: COMMAND -->` is run and not shown. What is not
/// after a prompt is not run.
struct DocumentSession {
  struct Step {
    var command: String
    var line: Int
    /// The output in the document; `nil` for a command that is not shown.
    var shown: [String]?

    /// The command line.
    var words: Set<String> {
      Set(command.split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }
  }

  let steps: [Step]

  init(_ text: String) {
    var steps: [Step] = []
    var isFenced = false
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if line.hasPrefix("```") {
        isFenced.toggle()
        steps.endOutput()
        continue
      }
      if let match = line.wholeMatch(of: /<!-- run: (.+) -->/) {
        steps.endOutput()
        steps.append(Step(command: String(match.1), line: index + 1, shown: nil))
        continue
      }
      guard isFenced || line.hasPrefix("    ") || line.isEmpty else {
        steps.endOutput()
        continue
      }
      let content = isFenced ? Substring(line) : line.dropFirst(4)
      if content.hasPrefix("$ ") {
        steps.append(Step(command: String(content.dropFirst(2)), line: index + 1, shown: []))
      } else if content.hasPrefix("> "), steps.last?.shown == [] {
        steps[steps.count - 1].command += "\n" + content.dropFirst(2)
      } else {
        steps.append(output: String(content))
      }
    }
    steps.endOutput()
    self.steps = steps.filter { $0.command != "" }
  }

  /// The commands as a script for bash, which marks the end of each output.
  var script: String {
    steps.map { "{ \($0.command)\n} 2>&1\nprintf '\\036'\n" }.joined()
  }
}

extension [DocumentSession.Step] {
  fileprivate mutating func append(output line: String) {
    guard let last = indices.last else { return }
    self[last].shown?.append(line)
  }

  /// Removes empty lines from the end of the last output, and ends it.
  fileprivate mutating func endOutput() {
    guard let last = indices.last, self[last].command != "" else { return }
    while self[last].shown?.last?.isEmpty == true { self[last].shown?.removeLast() }
    append(DocumentSession.Step(command: "", line: 0, shown: nil))
  }
}

/// Output without values that differ between runs: times, durations, rates, sizes, processes.
func steady(_ text: String) -> [String] {
  let lines = text.components(separatedBy: "\n").map { line in
    line
      .replacing(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/, with: "TIME")
      // A long run also has a rate.
      .replacing(/\s+\d+\.\d\d\s+([\d,]+|-)$/, with: "  SECONDS")
      .replacing(/seconds\s+per second$/, with: "seconds")
      .replacing(/\d+\.\d+ s\b/, with: "SECONDS")
      .replacing(/\s+\d+\.\d\d(\s+|$)/, with: "  SECONDS  ")
      .replacing(/\s{2,}/, with: "  ")
      .replacing(/[\d,]+ bytes/, with: "SIZE")
      .replacing(/"(seconds|process_id|size_bytes)": [\d.e-]+/, with: { "\($0.1): N" })
      .replacing(/process \d+/, with: "process N")
      .replacing(/127\.0\.0\.1:\d+/, with: "127.0.0.1:PORT")
      .replacing(/\s+$/, with: "")
  }
  return Array(lines.reversed().drop(while: \.isEmpty).reversed())
}

/// Whether the output in a document, `shown`, matches the actual output, `printed`.
func matches(shown: ArraySlice<String>, printed: ArraySlice<String>) -> Bool {
  guard let first = shown.first else { return printed.isEmpty }
  if first.trimmingCharacters(in: .whitespaces) == "…" {
    if matches(shown: shown.dropFirst(), printed: printed) { return true }
    return !printed.isEmpty && matches(shown: shown, printed: printed.dropFirst())
  }
  guard let line = printed.first else { return false }
  let isSame = first.hasSuffix("…") ? line.hasPrefix(first.dropLast()) : line == first
  return isSame && matches(shown: shown.dropFirst(), printed: printed.dropFirst())
}
