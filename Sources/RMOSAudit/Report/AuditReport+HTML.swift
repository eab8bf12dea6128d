import RMOSModels

extension AuditReport {
  /// The report as a page that stands alone: no scripts, nothing loaded from elsewhere.
  ///
  /// Text from the database is escaped; characters that would reorder it are shown as `\u{…}`.
  public var html: String {
    let title = "Audit of \(HTMLText.escaped(database))"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(title)</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <h1>\(title)</h1>
      <p class="verdict \(verdict.rawValue)">\(verdictText)</p>
      \(countsHTML)
      \(results.filter { $0.total > 0 }.map(sectionHTML).joined(separator: "\n"))
      \(rulesHTML)
      </body>
      </html>

      """
  }

  private static let style = """
    :root{color-scheme:light dark}
    body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
    table{border-collapse:collapse;margin:1rem 0;width:100%}
    th,td{border-bottom:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top;
    overflow-wrap:anywhere}
    .n{text-align:right;font-variant-numeric:tabular-nums}
    .verdict{padding:.6rem 1rem;border-left:.4rem solid #2a7;background:#2a72}
    .verdict.errors{border-color:#c33;background:#c332}
    .verdict.warnings{border-color:#c80;background:#c802}
    """

  private var verdictText: String {
    let word =
      switch verdict {
      case .sound: "Sound"
      case .warnings: "Sound, with warnings"
      case .errors: "Errors"
      }
    let counts = Severity.allCases.reversed().map {
      "\(severityCounts[$0, default: 0]) \($0.rawValue)"
    }
    return "\(word): \(counts.joined(separator: ", ")); \(passedChecks) checks passed, "
      + "\(failedChecks) failed."
  }

  private var countsHTML: String {
    let rows = EntityKind.allCases.map { kind in
      "<tr><th scope=\"row\">\(kind.schema.plural)</th>"
        + "<td class=\"n\">\(counts[kind].map(String.init) ?? "unreadable")</td></tr>"
    }
    return "<table><caption>Entities</caption>\(rows.joined())</table>"
  }

  private func sectionHTML(_ result: RuleResult) -> String {
    let rows = result.findings.map { finding in
      let place = [finding.table, finding.column].compactMap(\.self).joined(separator: ".")
      let cells = [
        finding.severity.rawValue, place, finding.id ?? finding.row.map { "row \($0)" } ?? "",
        finding.message,
      ]
      return "<tr>\(cells.map { "<td>\(HTMLText.escaped($0))</td>" }.joined())</tr>"
    }
    let rest = result.total - result.findings.count
    let more = rest > 0 ? "<p>… and \(rest) more.</p>" : ""
    return """
      <section>
      <h2>\(result.rule.code): \(result.total)</h2>
      <p>\(HTMLText.escaped(result.rule.summary)).</p>
      <table><tr><th>severity</th><th>place</th><th>id</th><th>message</th></tr>
      \(rows.joined(separator: "\n"))
      </table>\(more)
      </section>
      """
  }

  private var rulesHTML: String {
    let rows = results.map { result in
      let state = result.state == .notApplicable ? "not applicable" : result.state.rawValue
      return "<tr><td>\(result.rule.code)</td><td>\(state)</td>"
        + "<td class=\"n\">\(result.total)</td></tr>"
    }
    return "<h2>Checks</h2>\n<table><tr><th>rule</th><th>state</th><th class=\"n\">findings</th>"
      + "</tr>\n\(rows.joined(separator: "\n"))\n</table>"
  }
}

/// Text from a database on its way into a page.
enum HTMLText {
  /// The text with what HTML gives a meaning escaped, and what could steer or reorder what is read
  /// shown as `\u{…}`.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        if scalar.isSteering {
          result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether it is a control or invisible format character, apart from the joiners that scripts
  /// and emoji need.
  var isSteering: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .unassigned: true
    case .format: value != 0x200C && value != 0x200D
    default: false
    }
  }
}
