import RMOSAnalytics
import RMOSHTML
import RMOSModels

/// The figures of one pattern, on its page.
struct PatternSection {
  private let id: String
  private let answer: AnalyticsFigures.OnePattern
  private let report: AnalyticsReport

  /// Creates the section; `nil` if there is no such pattern.
  init?(_ id: String, _ answer: AnalyticsFigures.OnePattern) {
    guard let report = answer.value else { return nil }
    self.id = id
    self.answer = answer
    self.report = report
  }

  var section: HTML {
    let rows = figures.map { PageCell.fact("\($0.0)", $0.1) }
    let link = AnalyticsRequest.link([(FilterParameter.pattern.rawValue, id)])
    let all: HTML =
      link.map { "<p class=\"note\"><a href=\"\($0)\">All figures of its jobs</a></p>\n" } ?? ""
    let state: HTML =
      answer.isCurrent
      ? "" : "<p class=\"note dim\">As of \(PageText.time(answer.asOf)).</p>\n"
    return """
      <section aria-labelledby="figures-title">
      <h2 id="figures-title">Figures</h2>
      <dl class="facts">
      \(rows)</dl>
      \(state)\(all)</section>
      <section class="unprinted" aria-labelledby="cut-title">
      <h2 id="cut-title">Cut list</h2>
      \(CutListForm().form(of: id))</section>

      """
  }

  private var figures: [(String, HTML)] {
    let (jobs, waste) = (report.jobs, report.materials.waste)
    let complexity = report.patterns.complexity.patterns.first
    let durations = jobs.durationSeconds
    let link = PageLink.link(to: .joblogs, [("pattern", id)])
    let count = PlainText.counted(jobs.total, "job")
    let total: HTML = link.map { "<a href=\"\($0)\">\(count)</a>" } ?? HTML(text: count)
    var figures: [(String, HTML)] = [
      (
        "jobs",
        "\(total)\(note("\(PlainText.grouped(jobs.finished)) finished, \(PlainText.grouped(jobs.open)) open"))"
      ),
      (
        "success",
        jobs.success.percent.map { percent in
          "\(FigureText.number(percent, 1)) %"
            + note(
              "\(FigureText.interval(jobs.success)), of \(PlainText.grouped(jobs.finished)) finished"
            )
        } ?? PageCell.unknown
      ),
      (
        "duration",
        durations.median.map {
          "\(PageText.duration($0))"
            + note("median, \(FigureText.basis(durations))")
        }
          ?? PageCell.unknown
      ),
    ]
    if let estimate = jobs.estimates.first {
      figures.append(
        (
          "estimate",
          "\(PageText.duration(estimate.estimatedMinutes * 60))"
            + note(comparison(estimate.medianMinutes, estimate.estimatedMinutes))
        ))
    }
    figures.append(
      (
        "waste",
        waste.mean.map {
          "\(FigureText.number($0, 1)) %"
            + note("mean, \(FigureText.basis(waste))")
        } ?? PageCell.unknown
      ))
    figures.append(
      (
        "cells",
        complexity?.cells.map { "\(FigureText.number($0, 0))" } ?? PageCell.unknown
      ))
    figures.append(
      (
        "complexity",
        complexity?.score.map { score in
          "\(complexity?.complexity?.rawValue ?? "")"
            + note("score \(FigureText.number(score, 1))")
        } ?? PageCell.unknown
      ))
    figures.append(
      (
        "last made",
        report.patterns.popularity.first?.lastMadeDay.map { PageText.time($0) }
          ?? "<span class=\"dim\">never, as far as is known</span>"
      ))
    return figures
  }

  private func note(_ text: String) -> HTML { "<span class=\"dim id\">\(text)</span>" }

  private func comparison(_ actual: Double, _ estimated: Double) -> String {
    guard estimated > 0 else { return "the median is \(PageText.duration(actual * 60))" }
    let percent = (actual / estimated - 1) * 100
    if abs(percent) < 0.5 { return "the same as the median" }
    // "100 % less" would mean no time at all.
    if percent < -99 { return "the median takes over 99 % less" }
    return
      "the median takes \(FigureText.number(abs(percent), 0)) % \(percent > 0 ? "longer" : "less")"
  }
}
