import RMOSHTML
import RMOSModels

/// The time that the run spent on each kind, and the outcomes.
struct TimelineHTML {
  private let report: MigrationReport
  private let run: MigrationReport.Run

  init(_ report: MigrationReport, _ run: MigrationReport.Run) {
    self.report = report
    self.run = run
  }

  /// The part of the run spent on one kind, in seconds since its start.
  private struct Phase {
    var kind: EntityKind
    var start: Double
    var end: Double
  }

  /// Kinds are migrated one after the other, in a fixed order.
  private var phases: [Phase] {
    var time = 0.0
    return report.statistics.catalog.kinds.compactMap { kind in
      let seconds = run.kindSeconds[kind] ?? 0
      guard seconds.isFinite, seconds >= 0, report.statistics[kind].found > 0 else { return nil }
      defer { time += seconds }
      return Phase(kind: kind, start: time, end: time + seconds)
    }
  }

  /// The section; empty if the run did nothing that took time.
  var section: HTML {
    let phases = phases
    let worked = phases.last?.end ?? 0
    let length = run.seconds.isFinite ? max(run.seconds, worked) : worked
    guard !phases.isEmpty, length > 0, length.isFinite else { return "" }
    let bars = phases.map { bar($0, of: length) }
    let rest = length - worked
    let note: HTML =
      rest >= 0.005
      ? "<p class=\"dim\">Opening and closing the database took \(seconds(rest)).</p>\n" : ""
    return """
      <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <p class="dim">Each bar spans its part of the run's \(seconds(length)); its segments are the \
      outcomes.</p>
      \(bars)\(note)</section>

      """
  }

  private func bar(_ phase: Phase, of length: Double) -> HTML {
    let start = Int(phase.start / length * 1000)
    // Even the shortest phase is visible, and none extends beyond the end.
    let width = min(1000, max(6, Int((phase.end - phase.start) / length * 1000)))
    let counts = report.statistics[phase.kind]
    let name = phase.kind.schema.plural
    let span = "\(PlainText.fixed(phase.start, decimals: 2)) to \(seconds(phase.end))"
    let label = OutcomeBars.description(of: counts, label: "\(name), \(span)")
    return """
      <figure>
      <figcaption><span>\(name)</span> <span class="dim">\(span)\(rate(phase))</span></figcaption>
      <svg class="bar" role="img" aria-label="\(label)">\
      \(OutcomeBars.segments(of: counts, from: min(start, 1000 - width), length: width))</svg>
      </figure>

      """
  }

  private func rate(_ phase: Phase) -> String {
    let rate = Double(report.statistics[phase.kind].found) / (phase.end - phase.start)
    guard rate.isFinite, rate < 1e12 else { return "" }
    return ", \(PlainText.grouped(Int(rate))) per second"
  }

  private func seconds(_ number: Double) -> String { PlainText.fixed(number, decimals: 2) + " s" }
}
