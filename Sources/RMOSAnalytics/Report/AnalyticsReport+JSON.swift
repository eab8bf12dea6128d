package import RMOSModels

extension AnalyticsReport {
  /// A part of a report that can be requested alone.
  package enum Part: String, Sendable, Hashable, CaseIterable {
    /// Figures about jobs.
    case jobs
    /// Figures about materials, stock, blades and suppliers.
    case materials
    /// Figures about patterns and strip families.
    case patterns
  }

  /// The report as a JSON object: `success`, `jobs`, `materials` and `patterns`.
  ///
  /// `stuck` and `jobs_with_missing_family` of the jobs, `patterns_with_missing_family`, and
  /// `omitted` are left out if they would be empty or 0. `omitted` has a member for each list that
  /// was cut, with the number of entries left out.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.report(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes parts of a report as an object, followed by the members that `writeMore` writes.
  package mutating func report(
    _ report: AnalyticsReport, parts: [AnalyticsReport.Part] = AnalyticsReport.Part.allCases,
    _ writeMore: (inout JSONWriter) -> Void = { _ in }
  ) {
    object {
      $0.member("success", true)
      for part in parts {
        $0.member(part.rawValue) { writer in
          switch part {
          case .jobs: writer.jobs(report.jobs)
          case .materials: writer.materials(report.materials)
          case .patterns: writer.patterns(report.patterns, report.jobs)
          }
        }
      }
      let omitted = report.omitted.filter { list in
        parts.contains { list.key.hasPrefix($0.rawValue + ".") }
      }
      if !omitted.isEmpty {
        $0.member("omitted") { $0.object(omitted.sorted { $0.key < $1.key }) { $0.integer($1) } }
      }
      writeMore(&$0)
    }
  }

  /// Writes an object with a member for each pair.
  package mutating func object<Figure>(
    _ members: [(key: String, value: Figure)], _ body: (inout JSONWriter, Figure) -> Void
  ) {
    object { writer in
      for (key, value) in members { writer.member(key) { body(&$0, value) } }
    }
  }

  /// Writes an object with a member for each group.
  package mutating func object<Figures>(
    _ groups: [Grouped<String, Figures>], _ body: (inout JSONWriter, Figures) -> Void
  ) {
    object(groups.map { (key: $0.key, value: $0.figures) }, body)
  }

  /// Writes a member that is a number, or null; a whole number is written without a fraction.
  package mutating func wholeMember(_ name: String, _ value: Double?) {
    if let value, let whole = Int64(exactly: value) {
      member(name, whole)
    } else {
      member(name, value)
    }
  }

  private mutating func jobs(_ jobs: JobFigures) {
    object {
      $0.member("total", jobs.total)
      $0.member("finished", jobs.finished)
      $0.member("completed", jobs.completed)
      $0.member("failed", jobs.failed)
      $0.member("cancelled", jobs.cancelled)
      $0.member("open", jobs.open)
      $0.rate("success_rate", jobs.success)
      $0.member("status") { $0.object(jobs.statuses) { $0.share($1) } }
      $0.member("types") { $0.object(jobs.types) { $0.share($1) } }
      $0.member("duration_seconds") { $0.summary(jobs.durationSeconds) }
      $0.member("duration_seconds_by_type") {
        $0.object(jobs.durationSecondsByType) { $0.summary($1) }
      }
      $0.member("throughput") { $0.throughput(jobs.throughput) }
      $0.member("months", objects: jobs.months) {
        $0.member("month", $1.key)
        $0.member("completed", $1.figures.count)
        $0.member("failed", $1.figures.rest)
      }
      $0.member("failures") { $0.failures(jobs.failures) }
      $0.member("outliers", objects: jobs.outliers) {
        $0.member("id", $1.id)
        $0.member("job_type", $1.jobType)
        $0.member("duration_seconds", $1.durationSeconds)
        $0.member("median_seconds", $1.medianSeconds)
        $0.member("z", $1.score)
      }
      $0.member("estimates", objects: jobs.estimates) {
        $0.member("pattern_id", $1.patternID)
        $0.wholeMember("estimated_minutes", $1.estimatedMinutes)
        $0.member("median_minutes", $1.medianMinutes)
        $0.member("n", $1.n)
      }
      if !jobs.stuck.isEmpty { $0.member("stuck") { $0.stuck(jobs.stuck) } }
      if jobs.withMissingStripFamily > 0 {
        $0.member("jobs_with_missing_family", jobs.withMissingStripFamily)
      }
    }
  }

  private mutating func stuck(_ jobs: [JobFigures.StuckJob]) {
    array(ofObjects: jobs) {
      $0.member("id", $1.id)
      $0.member("job_type", $1.jobType)
      $0.member("since", $1.since)
      $0.member("days", $1.days)
    }
  }

  package mutating func rate(_ name: String, _ rate: Rate) {
    member(name, rate.percent)
    member(name + "_low", rate.low)
    member(name + "_high", rate.high)
  }

  /// Writes a share of a whole as an object.
  package mutating func share(_ share: Rate) {
    object {
      $0.member("count", share.count)
      $0.member("percentage", share.percent)
    }
  }

  package mutating func summary(_ summary: NumberSummary, isWhole: Bool = false) {
    object { $0.summaryMembers(summary, isWhole: isWhole) }
  }

  private mutating func summaryMembers(_ summary: NumberSummary, isWhole: Bool) {
    member("n", summary.n)
    member("missing", summary.missing)
    let numbers = [
      ("min", summary.minimum), ("median", summary.median), ("p90", summary.p90),
      ("mean", summary.mean), ("max", summary.maximum),
    ]
    for (name, number) in numbers {
      if isWhole { wholeMember(name, number) } else { member(name, number) }
    }
  }

  private mutating func throughput(_ throughput: JobFigures.Throughput) {
    object {
      $0.member("days", throughput.days)
      $0.member("finished_per_day", throughput.finishedPerDay)
      $0.member("active_days", throughput.activeDays)
      $0.member("busiest_day") { writer in
        guard let day = throughput.busiestDay else { return writer.null() }
        writer.object {
          $0.member("date", day.key)
          $0.member("jobs", day.figures)
        }
      }
      $0.member("oldest_open_day", throughput.oldestOpenDay)
    }
  }

  private mutating func failures(_ failures: JobFigures.Failures) {
    object {
      let lists = [
        ("by_type", failures.byType), ("by_pattern", failures.byPattern),
        ("by_material", failures.byMaterial), ("by_blade", failures.byBlade),
      ]
      for (name, groups) in lists {
        $0.member(name, objects: groups) {
          $0.member("key", $1.key)
          $0.member("finished", $1.figures.total)
          $0.member("failed", $1.figures.count)
          $0.rate("failure_rate", $1.figures)
        }
      }
      $0.member("reasons", objects: failures.reasons) {
        $0.member("reason", $1.key)
        $0.member("count", $1.figures)
      }
    }
  }

  private mutating func materials(_ materials: MaterialFigures) {
    object {
      $0.member("stock", objects: materials.stock) {
        $0.member("material", $1.material)
        $0.member("families", $1.families)
        $0.member("strips", $1.strips)
        $0.wholeMember("quantity", $1.quantity)
        $0.member("strips_without_length", $1.stripsWithoutLength)
        $0.member("total_length_mm", $1.totalLengthMM)
        $0.member("area_cm2", $1.areaCM2)
        $0.member("volume_cm3", $1.volumeCM3)
      }
      $0.member("waste") {
        $0.object {
          $0.wasteMembers(materials.waste)
          $0.member("by_material") { $0.object(materials.wasteByMaterial) { $0.waste($1) } }
          $0.member("by_type") { $0.object(materials.wasteByType) { $0.waste($1) } }
        }
      }
      $0.member("sizes") {
        $0.object {
          $0.sizes("width_mm", materials.widths)
          $0.sizes("thickness_mm", materials.thicknesses)
        }
      }
      $0.member("suppliers", objects: materials.suppliers) {
        $0.member("supplier", $1.supplier)
        $0.member("families", $1.families)
        $0.member("finished", $1.success.total)
        $0.member("success_rate", $1.success.percent)
        $0.member("waste") { [waste = $1.waste] in $0.waste(waste) }
      }
      $0.member("blades") { $0.blades(materials.blades) }
    }
  }

  private mutating func blades(_ blades: [MaterialFigures.Blade]) {
    array(ofObjects: blades) {
      $0.member("blade_id", $1.id)
      $0.member("jobs", $1.jobs)
      $0.member("finished", $1.failures.total)
      $0.member("failed", $1.failures.count)
      $0.member("hours", $1.hours)
      $0.wholeMember("cuts", $1.cuts)
      $0.member("first_day", $1.firstDay)
      $0.member("last_day", $1.lastDay)
    }
  }

  private mutating func waste(_ waste: MaterialFigures.Waste) {
    object { $0.wasteMembers(waste) }
  }

  private mutating func wasteMembers(_ waste: MaterialFigures.Waste) {
    member("n", waste.n)
    member("missing", waste.missing)
    member("out_of_range", waste.outOfRange)
    member("mean", waste.mean)
  }

  private mutating func sizes(_ name: String, _ sizes: [Grouped<Double, Int>]) {
    member(name, objects: sizes) {
      $0.member("size", $1.key)
      $0.member("count", $1.figures)
    }
  }

  private mutating func patterns(_ patterns: PatternFigures, _ jobs: JobFigures) {
    object {
      $0.member("total", patterns.total)
      $0.member("rings") { $0.rings(patterns.rings) }
      $0.member("complexity") { $0.complexity(patterns.complexity) }
      $0.member("geometry") {
        $0.object {
          $0.member("radius_mm") { $0.summary(patterns.geometry.radiusMM) }
          $0.member("width_mm") { $0.summary(patterns.geometry.widthMM) }
          $0.member("pitch_mm") { $0.summary(patterns.geometry.pitchMM) }
        }
      }
      $0.member("families", objects: patterns.families) {
        $0.member("id", $1.id)
        $0.member("patterns", $1.patterns)
        $0.member("jobs", $1.jobs)
        $0.member("last_used_day", $1.lastUsedDay)
      }
      $0.member("popularity", objects: patterns.popularity) {
        $0.member("id", $1.id)
        $0.member("jobs", $1.jobs)
        $0.member("finished", $1.finished)
        $0.member("completed", $1.completed)
        $0.member("last_made_day", $1.lastMadeDay)
      }
      $0.member("jobs_without_pattern", jobs.withoutPattern)
      $0.member("jobs_with_missing_pattern", jobs.withMissingPattern)
      if patterns.withMissingStripFamily > 0 {
        $0.member("patterns_with_missing_family", patterns.withMissingStripFamily)
      }
    }
  }

  private mutating func rings(_ rings: PatternFigures.Rings) {
    object {
      $0.summaryMembers(rings.summary, isWhole: true)
      $0.member("histogram") {
        $0.object(rings.histogram.map { (key: String($0.key), value: $0.figures) }) {
          $0.integer($1)
        }
      }
      $0.member("modes") { $0.array { for mode in rings.modes { $0.integer(mode) } } }
    }
  }

  private mutating func complexity(_ complexity: PatternFigures.ComplexityFigures) {
    object {
      for level in ComplexityClass.allCases {
        $0.member(level.rawValue, complexity.classes[level, default: 0])
      }
      $0.member("mean_score", complexity.meanScore)
      $0.member("without_cells", complexity.withoutCells)
      $0.member("patterns", objects: complexity.patterns) {
        $0.member("id", $1.id)
        $0.member("ring_count", $1.ringCount)
        $0.wholeMember("cells", $1.cells)
        $0.member("score", $1.score)
        $0.member("class", $1.complexity?.rawValue)
      }
    }
  }
}
