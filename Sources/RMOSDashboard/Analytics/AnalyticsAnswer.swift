import RMOSAnalytics
import RMOSModels

/// The responses of the routes of single figures, with the members that older clients read.
struct AnalyticsAnswer {
  let report: AnalyticsReport

  /// Writes the members of the response of a route without parameters other than the filter.
  func write(_ route: AnalyticsRoute, to writer: inout JSONWriter) {
    switch route {
    case .complexity: complexity(&writer)
    case .rings: rings(&writer)
    case .geometry: geometry(&writer)
    case .families: families(&writer)
    case .popularity: popularity(&writer)
    case .distribution: distribution(&writer)
    case .consumption: consumption(&writer)
    case .efficiency: efficiency(&writer)
    case .dimensions: dimensions(&writer)
    case .suppliers: suppliers(&writer)
    case .inventory: inventory(&writer)
    case .duration: duration(&writer)
    case .status: shares(report.jobs.statuses, "status", &writer)
    case .types: shares(report.jobs.types, "job_type", &writer)
    case .throughput: throughput(&writer)
    case .failures: failures(&writer)
    case .all, .details, .successTrends, .recent, .correlation, .unusualDurations, .unusualSuccess,
      .predict:
      break
    }
  }

  /// Writes how many entries each of the report's lists omits, if any does.
  private func omitted(_ lists: [(path: String, name: String)], _ writer: inout JSONWriter) {
    omitted(lists.map { ($0.name, report.omitted[$0.path] ?? 0) }, &writer)
  }

  private func omitted(_ counts: [(key: String, value: Int)], _ writer: inout JSONWriter) {
    let omitted = counts.filter { $0.value > 0 }
    guard !omitted.isEmpty else { return }
    writer.member("omitted") { $0.object(omitted) { $0.integer($1) } }
  }

  // MARK: Patterns

  private func complexity(_ writer: inout JSONWriter) {
    let figures = report.patterns.complexity
    writer.member("categories") {
      $0.object(ComplexityClass.allCases.map { (key: $0.rawValue, value: $0) }) { writer, level in
        writer.object {
          $0.member("count", figures.classes[level, default: 0])
          $0.member("patterns", objects: figures.patternsByClass[level, default: []]) {
            $0.complexity($1)
          }
          $0.member("score_range", level.range)
        }
      }
    }
    writer.member("total_patterns", report.patterns.total)
    writer.member("avg_complexity", figures.meanScore)
    let scored = figures.classes.values.reduce(0, +)
    writer.member("n", scored)
    writer.member("missing", report.patterns.total - scored)
    writer.member("without_cells", figures.withoutCells)
    let cut = ComplexityClass.allCases.map { level in
      (
        key: level.rawValue,
        value: figures.classes[level, default: 0]
          - figures.patternsByClass[level, default: []].count
      )
    }
    omitted(cut, &writer)
  }

  private func rings(_ writer: inout JSONWriter) {
    let rings = report.patterns.rings
    writer.wholeMember("min_rings", rings.summary.minimum)
    writer.wholeMember("max_rings", rings.summary.maximum)
    writer.member("avg_rings", rings.summary.mean)
    writer.wholeMember("median", rings.summary.median)
    writer.member("modes", each: rings.modes) { $0.integer($1) }
    writer.member("distribution") {
      $0.object(rings.histogram.map { (key: String($0.key), value: $0.figures) }) { $0.integer($1) }
    }
    writer.member("n", rings.summary.n)
    writer.member("missing", rings.summary.missing)
  }

  private func geometry(_ writer: inout JSONWriter) {
    let geometry = report.patterns.geometry
    writer.member("radius") { $0.summary(geometry.radiusMM) }
    writer.member("segments") { $0.summary(geometry.segments) }
    writer.member("ring_density") { $0.summary(geometry.ringsPerMM) }
    writer.member("width") { $0.summary(geometry.widthMM) }
    writer.member("pitch") { $0.summary(geometry.pitchMM) }
  }

  private func families(_ writer: inout JSONWriter) {
    writer.member("usage", objects: report.patterns.families) { writer, family in
      writer.member("strip_family_id", family.id)
      writer.member("patterns", family.patterns)
      writer.member("jobs", family.jobs)
      writer.member("last_used_day", family.lastUsedDay)
    }
    writer.member("patterns_with_missing_family", report.patterns.withMissingStripFamily)
    writer.member("jobs_with_missing_family", report.jobs.withMissingStripFamily)
    omitted([("patterns.families", "usage")], &writer)
  }

  private func popularity(_ writer: inout JSONWriter) {
    writer.member("top_patterns", objects: report.patterns.popularity) { $0.popularity($1) }
    writer.member("jobs_without_pattern", report.jobs.withoutPattern)
    writer.member("jobs_with_missing_pattern", report.jobs.withMissingPattern)
    omitted([("patterns.popularity", "top_patterns")], &writer)
  }

  // MARK: Materials

  private func distribution(_ writer: inout JSONWriter) {
    let stock = report.materials.stock
    let known = stock.reduce(0) { $0 + $1.families }
    writer.member("distribution") {
      $0.object(stock.map { (key: $0.material, value: Rate($0.families, of: known)) }) {
        $0.share($1)
      }
    }
    writer.member("total_families", report.materials.families)
    writer.member("families_without_material", report.materials.families - known)
  }

  private func consumption(_ writer: inout JSONWriter) {
    writer.member("by_material") {
      $0.object(report.materials.stock.map { (key: $0.material, value: $0) }) { writer, stock in
        writer.object {
          $0.member("family_count", stock.families)
          $0.member("total_strips", stock.strips)
          $0.wholeMember("quantity", stock.quantity)
          $0.member("strips_without_length", stock.stripsWithoutLength)
          $0.member("total_length_mm", stock.totalLengthMM)
          $0.member("total_length_meters", stock.totalLengthMM.map { $0 / 1000 })
          $0.member("area_cm2", stock.areaCM2)
          $0.member("volume_cm3", stock.volumeCM3)
        }
      }
    }
    writer.member("total_materials", report.materials.stock.count)
  }

  private func efficiency(_ writer: inout JSONWriter) {
    let rates = report.jobs.failures.byMaterial
    let materials = report.materials.wasteByMaterial.compactMap { group in
      rates.first { $0.key.hasSameUTF8(as: group.key) }.map {
        (key: group.key, value: (failures: $0.figures, waste: group.figures))
      }
    }
    writer.member("by_material") {
      $0.object(materials) { writer, figures in
        let (failures, waste) = figures
        writer.object {
          $0.member("finished_jobs", failures.total)
          $0.member("completed_jobs", failures.rest)
          $0.member("failed_jobs", failures.count)
          $0.rate("success_rate", Rate(failures.rest, of: failures.total))
          $0.member("avg_waste_percentage", waste.mean)
          $0.member("waste_n", waste.n)
          $0.member("waste_missing", waste.missing)
          $0.member("waste_out_of_range", waste.outOfRange)
          $0.member("efficiency_score", waste.mean.map { 100 - $0 })
        }
      }
    }
  }

  private func dimensions(_ writer: inout JSONWriter) {
    let total = report.materials.families
    let sizes = [
      ("width", report.materials.widths), ("width_mm", report.materials.widths),
      ("thickness_mm", report.materials.thicknesses),
    ]
    for (name, sizes) in sizes {
      let n = sizes.reduce(0) { $0 + $1.figures }
      writer.member(name) { writer in
        writer.object { writer in
          writer.member("n", n)
          writer.member("missing", total - n)
          writer.member("min", sizes.map(\.key).min())
          writer.member("max", sizes.map(\.key).max())
          writer.member("common_sizes", objects: sizes) { writer, size in
            writer.member("size", size.key)
            writer.member("count", size.figures)
            writer.member("percentage", Rate(size.figures, of: n).percent)
          }
        }
      }
    }
    writer.member("total_families", total)
  }

  private func suppliers(_ writer: inout JSONWriter) {
    writer.member("suppliers", objects: report.materials.suppliers) { writer, supplier in
      writer.member("supplier", supplier.supplier)
      writer.member("family_count", supplier.families)
      writer.member("finished_jobs", supplier.success.total)
      writer.member("completed_jobs", supplier.success.count)
      writer.member("failed_jobs", supplier.success.total - supplier.success.count)
      writer.rate("success_rate", supplier.success)
      writer.member("avg_waste_percentage", supplier.waste.mean)
      writer.member("waste_n", supplier.waste.n)
      writer.member("waste_missing", supplier.waste.missing)
      writer.member("waste_out_of_range", supplier.waste.outOfRange)
    }
    writer.member("total_suppliers", report.materials.suppliers.count)
  }

  private func inventory(_ writer: inout JSONWriter) {
    let stock = report.materials.stock
    let lengths = stock.compactMap(\.totalLengthMM)
    writer.member("total_strips", stock.reduce(0) { $0 + $1.strips })
    writer.wholeMember("total_quantity", stock.reduce(0) { $0 + $1.quantity })
    writer.member("total_length_mm", lengths.isEmpty ? nil : lengths.reduce(0, +))
    writer.member("strips_without_length", stock.reduce(0) { $0 + $1.stripsWithoutLength })
    writer.member("materials_available", stock.count)
    writer.member("materials", strings: stock.map(\.material))
  }

  // MARK: Jobs

  private func duration(_ writer: inout JSONWriter) {
    writer.member("by_job_type") {
      $0.object(report.jobs.durationSecondsByType) { $0.durations($1) }
    }
    writer.member("all") { $0.durations(report.jobs.durationSeconds) }
    writer.member("total_job_types", report.jobs.durationSecondsByType.count)
  }

  private func shares(
    _ groups: [Grouped<String, Rate>], _ name: String, _ writer: inout JSONWriter
  ) {
    writer.member("total_jobs", report.jobs.total)
    writer.member("distribution") { $0.object(groups) { $0.share($1) } }
    let most = groups.max { ($0.figures.count, $1.key) < ($1.figures.count, $0.key) }
    writer.member("most_common") { writer in
      guard let most else { return writer.null() }
      writer.object {
        $0.member(name, most.key)
        $0.member("count", most.figures.count)
        $0.member("percentage", most.figures.percent)
      }
    }
  }

  private func throughput(_ writer: inout JSONWriter) {
    let (jobs, time) = (report.jobs, report.jobs.throughput)
    writer.member("total_jobs", jobs.total)
    writer.member("finished_jobs", jobs.finished)
    writer.member("open_jobs", jobs.open)
    writer.member("oldest_open_day", time.oldestOpenDay)
    writer.member("from", time.from)
    writer.member("to", time.to)
    writer.member("total_days", time.days)
    writer.member("total_days_with_jobs", time.activeDays)
    writer.member("avg_jobs_per_day", time.finishedPerDay)
    writer.member("avg_jobs_per_week", time.finishedPerDay.map { $0 * 7 })
    writer.member("peak_day") { writer in
      guard let peak = time.busiestDay else { return writer.null() }
      writer.object {
        $0.member("date", peak.key)
        $0.member("jobs", peak.figures)
      }
    }
    writer.member("months", objects: jobs.months) { writer, month in
      writer.member("month", month.key)
      writer.member("completed", month.figures.count)
      writer.member("failed", month.figures.rest)
    }
    writer.member("jobs_without_day", jobs.withoutDay)
  }

  private func failures(_ writer: inout JSONWriter) {
    let failures = report.jobs.failures
    let lists = [
      ("by_job_type", failures.byType), ("by_pattern", failures.byPattern),
      ("by_material", failures.byMaterial), ("by_blade", failures.byBlade),
    ]
    for (name, groups) in lists {
      writer.member(name, objects: groups) { writer, group in
        writer.member("name", group.key)
        writer.member("total", group.figures.total)
        writer.member("failed", group.figures.count)
        writer.rate("failure_rate", group.figures)
      }
    }
    writer.member("reasons", objects: failures.reasons) { writer, reason in
      writer.member("reason", reason.key)
      writer.member("count", reason.figures)
    }
    writer.member("failures_without_reason", failures.withoutReason)
    writer.member("total_failures", report.jobs.failed)
    writer.member("total_jobs", report.jobs.finished)
    omitted(
      [
        ("jobs.failures.by_type", "by_job_type"), ("jobs.failures.by_pattern", "by_pattern"),
        ("jobs.failures.by_material", "by_material"), ("jobs.failures.by_blade", "by_blade"),
        ("jobs.failures.reasons", "reasons"),
      ], &writer)
  }

  /// Writes the success rates of the newest days on which jobs finished, and of all jobs.
  func writeTrends(days: Int, to writer: inout JSONWriter) {
    writer.member("period_days", days)
    writer.member("daily_trends", objects: report.jobs.days.suffix(days)) { writer, day in
      writer.member("date", day.key)
      writer.member("total_jobs", day.figures.total)
      writer.member("completed", day.figures.count)
      writer.member("failed", day.figures.rest)
      writer.rate("success_rate", day.figures)
    }
    writer.rate("overall_success_rate", report.jobs.success)
    writer.member("n", report.jobs.finished)
    writer.member("total_days_with_data", report.jobs.days.count)
  }

  /// Writes the jobs whose durations are unusual.
  func writeUnusualDurations(score: Double, to writer: inout JSONWriter) {
    writer.member("anomalies", objects: report.jobs.outliers) { writer, job in
      writer.member("job_id", job.id)
      writer.member("job_type", job.jobType)
      writer.member("duration_seconds", job.durationSeconds)
      writer.member("duration_min", job.durationSeconds / 60)
      writer.member("median_seconds", job.medianSeconds)
      writer.member("z_score", job.score)
    }
    writer.member("z", score)
    writer.member("n", report.jobs.durationSeconds.n)
    writer.member("missing", report.jobs.durationSeconds.missing)
    omitted([("jobs.outliers", "anomalies")], &writer)
  }

  /// Writes the periods in which the success rate was unusual.
  func writeUnusualSuccess(score: Double, windowDays: Int, to writer: inout JSONWriter) {
    let windows = report.successWindows(ofDays: windowDays)
    let unusual = windows.filter { window in window.score.map { abs($0) >= score } ?? false }
    writer.member("anomalies", objects: unusual) { writer, window in
      writer.member("window_start", window.from.description)
      writer.member("window_end", window.to.description)
      writer.rate("success_rate", window.success)
      writer.member("n", window.success.total)
      writer.member("z_score", window.score)
    }
    writer.member("mean", report.jobs.success.percent)
    writer.member("z", score)
    writer.member("window_days", windowDays)
    writer.member("n", windows.count)
  }
}

extension ComplexityClass {
  /// The scores of the class, the lower limit excluded.
  var range: String {
    switch self {
    case .simple: "0-30"
    case .medium: "30-60"
    case .complex: "60-100"
    case .expert: "100+"
    }
  }
}

extension JSONWriter {
  /// Writes the members of a pattern's complexity.
  mutating func complexity(_ entry: PatternFigures.ComplexityFigures.Entry) {
    member("id", entry.id)
    member("ring_count", entry.ringCount)
    wholeMember("cells", entry.cells)
    member("complexity_score", entry.score)
  }

  /// Writes the members of a pattern's popularity.
  mutating func popularity(_ pattern: PatternFigures.Popularity) {
    member("pattern_id", pattern.id)
    member("jobs", pattern.jobs)
    member("finished", pattern.finished)
    member("completed", pattern.completed)
    member("last_made_day", pattern.lastMadeDay)
  }

  /// Writes durations, in seconds and in minutes.
  mutating func durations(_ durations: NumberSummary) {
    object {
      $0.member("count", durations.n)
      $0.member("missing", durations.missing)
      let figures = [
        ("min", durations.minimum), ("median", durations.median), ("p90", durations.p90),
        ("avg", durations.mean), ("max", durations.maximum),
      ]
      for (name, seconds) in figures { $0.member(name + "_seconds", seconds) }
      for (name, seconds) in figures { $0.member(name + "_minutes", seconds.map { $0 / 60 }) }
    }
  }

  /// Writes the members of the figures of one pattern, from a report about that pattern alone.
  mutating func pattern(_ report: AnalyticsReport) {
    let jobs = report.jobs
    member("pattern") { writer in
      guard let entry = report.patterns.complexity.patterns.first else { return writer.null() }
      writer.object {
        $0.complexity(entry)
        $0.member("complexity", entry.complexity?.rawValue)
      }
    }
    member("geometry") { writer in
      writer.object {
        $0.member("radius") { $0.summary(report.patterns.geometry.radiusMM) }
        $0.member("width") { $0.summary(report.patterns.geometry.widthMM) }
        $0.member("pitch") { $0.summary(report.patterns.geometry.pitchMM) }
      }
    }
    member("jobs") { writer in
      writer.object { writer in
        writer.member("total", jobs.total)
        writer.member("finished", jobs.finished)
        writer.member("completed", jobs.completed)
        writer.member("failed", jobs.failed)
        writer.member("cancelled", jobs.cancelled)
        writer.member("open", jobs.open)
        writer.rate("success_rate", jobs.success)
        writer.member("last_made_day", report.patterns.popularity.first?.lastMadeDay)
      }
    }
    member("duration") { $0.durations(jobs.durationSeconds) }
    member("estimate") { writer in
      guard let estimate = jobs.estimates.first else { return writer.null() }
      writer.object {
        $0.member("estimated_minutes", estimate.estimatedMinutes)
        $0.member("median_minutes", estimate.medianMinutes)
        $0.member("n", estimate.n)
      }
    }
    member("waste") { writer in
      writer.object {
        $0.member("n", report.materials.waste.n)
        $0.member("missing", report.materials.waste.missing)
        $0.member("out_of_range", report.materials.waste.outOfRange)
        $0.member("mean", report.materials.waste.mean)
      }
    }
  }
}
