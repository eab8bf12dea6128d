import RMOSAnalytics
import RMOSModels

/// The figures that the older clients ask for one by one, with the members that they read.
struct AnalyticsAnswer {
  let report: AnalyticsReport

  /// Writes the members of the answer of a route that takes no parameters but the filter.
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

  /// Says how many entries a list of the report lacks, if it lacks any.
  private func omitted(_ lists: [(path: String, name: String)], _ writer: inout JSONWriter) {
    let omitted = lists.compactMap { list in report.omitted[list.path].map { (list.name, $0) } }
    guard !omitted.isEmpty else { return }
    writer.member("omitted") { writer in
      writer.object { for (name, count) in omitted { $0.member(name, count) } }
    }
  }

  // MARK: Patterns

  private func complexity(_ writer: inout JSONWriter) {
    let figures = report.patterns.complexity
    writer.member("categories") { writer in
      writer.object { writer in
        for level in ComplexityClass.allCases {
          writer.member(level.rawValue) { writer in
            writer.object { writer in
              writer.member("count", figures.classes[level, default: 0])
              writer.member("patterns") { writer in
                writer.array { writer in
                  for entry in figures.patterns where entry.complexity == level {
                    writer.object { $0.complexity(entry) }
                  }
                }
              }
              writer.member("score_range", level.range)
            }
          }
        }
      }
    }
    writer.member("total_patterns", report.patterns.total)
    writer.member("avg_complexity", figures.meanScore)
    let scored = figures.classes.values.reduce(0, +)
    writer.member("n", scored)
    writer.member("missing", report.patterns.total - scored)
    writer.member("without_cells", figures.withoutCells)
    omitted([("patterns.complexity.patterns", "patterns")], &writer)
  }

  private func rings(_ writer: inout JSONWriter) {
    let rings = report.patterns.rings
    writer.wholeMember("min_rings", rings.summary.minimum)
    writer.wholeMember("max_rings", rings.summary.maximum)
    writer.member("avg_rings", rings.summary.mean)
    writer.wholeMember("median", rings.summary.median)
    writer.member("modes") { writer in
      writer.array { for mode in rings.modes { $0.integer(mode) } }
    }
    writer.member("distribution") { writer in
      writer.object { for bar in rings.histogram { $0.member(String(bar.key), bar.figures) } }
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
    writer.member("usage") { writer in
      writer.array { writer in
        for family in report.patterns.families {
          writer.object {
            $0.member("strip_family_id", family.id)
            $0.member("patterns", family.patterns)
            $0.member("jobs", family.jobs)
            $0.member("last_used_day", family.lastUsedDay)
          }
        }
      }
    }
    writer.member("patterns_with_missing_family", report.patterns.withMissingStripFamily)
    writer.member("jobs_with_missing_family", report.jobs.withMissingStripFamily)
    omitted([("patterns.families", "usage")], &writer)
  }

  private func popularity(_ writer: inout JSONWriter) {
    writer.member("top_patterns") { writer in
      writer.array { writer in
        for pattern in report.patterns.popularity { writer.object { $0.popularity(pattern) } }
      }
    }
    writer.member("jobs_without_pattern", report.jobs.withoutPattern)
    writer.member("jobs_with_missing_pattern", report.jobs.withMissingPattern)
    omitted([("patterns.popularity", "top_patterns")], &writer)
  }

  // MARK: Materials

  private func distribution(_ writer: inout JSONWriter) {
    let stock = report.materials.stock
    let total = stock.reduce(0) { $0 + $1.families }
    writer.member("distribution") { writer in
      writer.object { writer in
        for material in stock {
          writer.member(material.material) { writer in
            writer.object {
              $0.member("count", material.families)
              $0.member("percentage", Rate(material.families, of: total).percent)
            }
          }
        }
      }
    }
    writer.member("total_families", total)
  }

  private func consumption(_ writer: inout JSONWriter) {
    writer.member("by_material") { writer in
      writer.object { writer in
        for stock in report.materials.stock {
          writer.member(stock.material) { writer in
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
      }
    }
    writer.member("total_materials", report.materials.stock.count)
  }

  private func efficiency(_ writer: inout JSONWriter) {
    let rates = report.jobs.failures.byMaterial
    writer.member("by_material") { writer in
      writer.object { writer in
        for group in report.materials.wasteByMaterial {
          guard let failures = rates.first(where: { $0.key.hasSameUTF8(as: group.key) })?.figures
          else { continue }
          writer.member(group.key) { writer in
            writer.object {
              $0.member("finished_jobs", failures.total)
              $0.member("completed_jobs", failures.total - failures.count)
              $0.member("failed_jobs", failures.count)
              $0.rate("success_rate", Rate(failures.total - failures.count, of: failures.total))
              $0.member("avg_waste_percentage", group.figures.mean)
              $0.member("waste_n", group.figures.n)
              $0.member("waste_missing", group.figures.missing)
              $0.member("waste_out_of_range", group.figures.outOfRange)
              $0.member("efficiency_score", group.figures.mean.map { 100 - $0 })
            }
          }
        }
      }
    }
  }

  private func dimensions(_ writer: inout JSONWriter) {
    let total = report.materials.stock.reduce(0) { $0 + $1.families }
    let sizes = [
      ("width", report.materials.widths), ("width_mm", report.materials.widths),
      ("thickness_mm", report.materials.thicknesses),
    ]
    for (name, sizes) in sizes {
      let n = sizes.reduce(0) { $0 + $1.figures }
      writer.member(name) { writer in
        writer.object { writer in
          writer.member("n", n)
          writer.member("min", sizes.map(\.key).min())
          writer.member("max", sizes.map(\.key).max())
          writer.member("common_sizes") { writer in
            writer.array { writer in
              for size in sizes {
                writer.object {
                  $0.member("size", size.key)
                  $0.member("count", size.figures)
                  $0.member("percentage", Rate(size.figures, of: n).percent)
                }
              }
            }
          }
        }
      }
    }
    writer.member("total_families", total)
  }

  private func suppliers(_ writer: inout JSONWriter) {
    writer.member("suppliers") { writer in
      writer.array { writer in
        for supplier in report.materials.suppliers {
          writer.object {
            $0.member("supplier", supplier.supplier)
            $0.member("family_count", supplier.families)
            $0.member("finished_jobs", supplier.success.total)
            $0.member("completed_jobs", supplier.success.count)
            $0.member("failed_jobs", supplier.success.total - supplier.success.count)
            $0.rate("success_rate", supplier.success)
            $0.member("avg_waste_percentage", supplier.waste.mean)
            $0.member("waste_n", supplier.waste.n)
            $0.member("waste_missing", supplier.waste.missing)
            $0.member("waste_out_of_range", supplier.waste.outOfRange)
          }
        }
      }
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
    writer.member("materials") { writer in
      writer.array { for material in stock { $0.string(material.material) } }
    }
  }

  // MARK: Jobs

  private func duration(_ writer: inout JSONWriter) {
    writer.member("by_job_type") { writer in
      writer.object { writer in
        for group in report.jobs.durationSecondsByType {
          writer.member(group.key) { $0.durations(group.figures) }
        }
      }
    }
    writer.member("all") { $0.durations(report.jobs.durationSeconds) }
    writer.member("total_job_types", report.jobs.durationSecondsByType.count)
  }

  private func shares(
    _ groups: [Grouped<String, Rate>], _ name: String, _ writer: inout JSONWriter
  ) {
    writer.member("total_jobs", report.jobs.total)
    writer.member("distribution") { writer in
      writer.object { writer in
        for group in groups {
          writer.member(group.key) { writer in
            writer.object {
              $0.member("count", group.figures.count)
              $0.member("percentage", group.figures.percent)
            }
          }
        }
      }
    }
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
    writer.member("months") { writer in
      writer.array { writer in
        for month in jobs.months {
          writer.object {
            $0.member("month", month.key)
            $0.member("completed", month.figures.count)
            $0.member("failed", month.figures.rest)
          }
        }
      }
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
      writer.member(name) { writer in
        writer.array { writer in
          for group in groups {
            writer.object {
              $0.member("name", group.key)
              $0.member("total", group.figures.total)
              $0.member("failed", group.figures.count)
              $0.rate("failure_rate", group.figures)
            }
          }
        }
      }
    }
    writer.member("reasons") { writer in
      writer.array { writer in
        for reason in failures.reasons {
          writer.object {
            $0.member("reason", reason.key)
            $0.member("count", reason.figures)
          }
        }
      }
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

  /// Writes the newest days on which jobs finished, and the rate of all.
  func writeTrends(days: Int, to writer: inout JSONWriter) {
    writer.member("period_days", days)
    writer.member("daily_trends") { writer in
      writer.array { writer in
        for day in report.jobs.days.suffix(days) {
          writer.object {
            $0.member("date", day.key)
            $0.member("total_jobs", day.figures.total)
            $0.member("completed", day.figures.count)
            $0.member("failed", day.figures.rest)
            $0.rate("success_rate", day.figures)
          }
        }
      }
    }
    writer.rate("overall_success_rate", report.jobs.success)
    writer.member("n", report.jobs.finished)
    writer.member("total_days_with_data", report.jobs.days.count)
  }

  /// Writes the jobs whose durations are unusual.
  func writeUnusualDurations(score: Double, to writer: inout JSONWriter) {
    writer.member("anomalies") { writer in
      writer.array { writer in
        for job in report.jobs.outliers {
          writer.object {
            $0.member("job_id", job.id)
            $0.member("job_type", job.jobType)
            $0.member("duration_seconds", job.durationSeconds)
            $0.member("duration_min", job.durationSeconds / 60)
            $0.member("median_seconds", job.medianSeconds)
            $0.member("z_score", job.score)
          }
        }
      }
    }
    writer.member("z", score)
    writer.member("n", report.jobs.durationSeconds.n)
    writer.member("missing", report.jobs.durationSeconds.missing)
    omitted([("jobs.outliers", "anomalies")], &writer)
  }

  /// Writes the stretches of time in which success was unusual.
  func writeUnusualSuccess(score: Double, windowDays: Int, to writer: inout JSONWriter) {
    let windows = report.successWindows(ofDays: windowDays)
    writer.member("anomalies") { writer in
      writer.array { writer in
        for window in windows {
          guard let z = window.score, abs(z) >= score else { continue }
          writer.object {
            $0.member("window_start", window.from.description)
            $0.member("window_end", window.to.description)
            $0.rate("success_rate", window.success)
            $0.member("n", window.success.total)
            $0.member("z_score", z)
          }
        }
      }
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
  /// Writes the members of how complex a pattern is.
  mutating func complexity(_ entry: PatternFigures.ComplexityFigures.Entry) {
    member("id", entry.id)
    member("ring_count", entry.ringCount)
    wholeMember("cells", entry.cells)
    member("complexity_score", entry.score)
  }

  /// Writes the members of how often a pattern is made.
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
}

extension JSONWriter {
  /// Writes the members of the figures of one pattern, from a report about nothing else.
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
