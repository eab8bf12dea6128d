import RMOSModels

extension AuditReport {
  /// The report as a JSON object.
  ///
  /// `success` (no errors), `verdict`, `complete`, `rules_not_checked`, `database`, `schema_version`, `counts`, `checks` (`passed`,
  /// `failed`), `severity_counts`, `seconds`, `rules` (each with `code`, `severity`, `summary`,
  /// `state` and its `errors`, `warnings` and `infos`), `findings` and `findings_omitted`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", errorCount == 0)
      $0.member("verdict", verdict.rawValue)
      $0.member("complete", omittedRules.isEmpty)
      $0.member("rules_not_checked") { writer in
        writer.array { for rule in omittedRules { $0.string(rule.code) } }
      }
      $0.member("database", database)
      $0.member("schema_version", schema)
      $0.member("counts") { $0.counts(of: self) }
      $0.member("checks") {
        $0.object {
          $0.member("passed", passedChecks)
          $0.member("failed", failedChecks)
        }
      }
      $0.member("severity_counts") {
        $0.object {
          for severity in Severity.allCases.reversed() {
            $0.member(severity.rawValue, severityCounts[severity, default: 0])
          }
        }
      }
      $0.member("seconds", seconds)
      $0.member("rules") {
        $0.array {
          for result in results { $0.result(result) }
        }
      }
      $0.member("findings") {
        $0.array {
          for finding in findings { $0.finding(finding) }
        }
      }
      $0.member("findings_omitted", omittedFindings)
    }
    return writer.text
  }
}

extension JSONWriter {
  fileprivate mutating func counts(of report: AuditReport) {
    object {
      for kind in EntityKind.allCases { $0.member(kind.rawValue, report.counts[kind]) }
      $0.member("total", report.counts.values.reduce(0, +))
    }
  }

  fileprivate mutating func result(_ result: AuditReport.RuleResult) {
    object {
      $0.member("code", result.rule.code)
      $0.member("severity", result.rule.severity.rawValue)
      $0.member("summary", result.rule.summary)
      $0.member("state", result.state.rawValue)
      $0.member("errors", result.counts[.error, default: 0])
      $0.member("warnings", result.counts[.warning, default: 0])
      $0.member("infos", result.counts[.info, default: 0])
    }
  }

  fileprivate mutating func finding(_ finding: AuditFinding) {
    object {
      $0.member("severity", finding.severity.rawValue)
      $0.member("code", finding.code)
      $0.member("kind", finding.kind?.rawValue)
      $0.member("table", finding.table)
      $0.member("id", finding.id)
      $0.member("row", finding.row)
      $0.member("column", finding.column)
      $0.member("found", finding.found)
      $0.member("expected", finding.expected)
      $0.member("message", finding.message)
    }
  }
}
