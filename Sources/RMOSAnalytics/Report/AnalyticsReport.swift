package import RMOSModels
package import RMOSStore

/// All figures of a store.
///
/// The properties document how each figure is computed. The members of ``json`` are named for
/// clients of older versions.
public struct AnalyticsReport: Sendable, Hashable {
  /// Which jobs were counted.
  public var filter: JobFilter
  /// The day on which they were counted, where charts end.
  package var today: CalendarDay
  /// Figures about jobs.
  public var jobs: JobFigures
  /// Figures about materials, stock, blades and suppliers.
  public var materials: MaterialFigures
  /// Figures about patterns and strip families.
  public var patterns: PatternFigures
  /// The number of entries left out of each list that is longer than the limit, by the list's path
  /// in ``json``, such as `patterns.popularity`; complete lists are not included.
  public var omitted: [String: Int]
  /// The names of the listed patterns, for pages; empty until ``readNames(from:)``.
  package private(set) var patternNames: [UTF8Key: EntityName] = [:]
  /// The names of the listed strip families, for pages; empty until ``readNames(from:)``.
  package private(set) var stripFamilyNames: [UTF8Key: EntityName] = [:]
  /// The finished jobs of each job type and material, for ``risk(jobType:material:)``.
  var outcomes: JobOutcomes
}

/// The name by which a page shows a pattern or a strip family.
package struct EntityName: Sendable, Hashable {
  /// The name, which may be blank.
  package var text: String
  /// Whether other entities listed have the same name, so that it does not identify the entity.
  package var isShared: Bool
}

extension AnalyticsReport {
  /// Reads the names of the patterns and strip families in the lists and in the filter.
  ///
  /// The figures do without, so that the names of all patterns take no memory.
  /// - Throws: `StoreError` if the store cannot be read.
  package mutating func readNames(from reader: any StoreReader) throws {
    let patternIDs =
      [filter.patternID].compactMap { $0 } + jobs.failures.byPattern.map(\.key)
      + jobs.estimates.map(\.patternID) + patterns.complexity.patterns.map(\.id)
      + patterns.popularity.map(\.id)
    patternNames = try Self.names(.patterns, patternIDs, reader)
    let familyIDs = [filter.stripFamilyID].compactMap { $0 } + patterns.families.map(\.id)
    stripFamilyNames = try Self.names(.stripFamilies, familyIDs, reader)
  }

  private static func names(
    _ kind: EntityKind, _ ids: [String], _ reader: any StoreReader
  ) throws -> [UTF8Key: EntityName] {
    var names: [UTF8Key: EntityName] = [:]
    var counts: [UTF8Key: Int] = [:]
    var rest = Set(ids.map { UTF8Key($0) }).sorted()[...]
    while !rest.isEmpty {
      // Records may be large, so only some are in memory at a time.
      let values = rest.prefix(100).map { Value.text($0.text) }
      rest = rest.dropFirst(100)
      for record in try reader.records(RecordQuery(kind).filter(.isAny(member: "id", of: values))) {
        guard let name = record["name"]?.text else { continue }
        names[UTF8Key(record.id)] = EntityName(text: name, isShared: false)
        counts[UTF8Key(name), default: 0] += 1
      }
    }
    return names.mapValues { name in
      EntityName(text: name.text, isShared: counts[UTF8Key(name.text), default: 0] > 1)
    }
  }
}

/// Figures about jobs that pass the filter.
public struct JobFigures: Sendable, Hashable {
  /// All jobs.
  public var total: Int
  /// Jobs with status `completed`.
  public var completed: Int
  /// Jobs with status `failed`.
  public var failed: Int
  /// Jobs with status `cancelled`.
  public var cancelled: Int
  /// Jobs with status `pending`, `planned` or `running`.
  public var open: Int
  /// Completed and failed jobs: those whose outcome is known.
  public var finished: Int { completed + failed }
  /// The completed among the finished jobs.
  public var success: Rate { Rate(completed, of: finished) }
  /// The share of each status among all jobs, in byte order.
  public var statuses: [Grouped<String, Rate>]
  /// The share of each job type among all jobs, in byte order.
  public var types: [Grouped<String, Rate>]
  /// The durations of completed jobs, in seconds.
  ///
  /// A duration is `duration_seconds`, else the time from `start_time` to `end_time` if both give a
  /// time of day, and both an offset from UTC or neither. A negative duration counts as missing.
  public var durationSeconds: NumberSummary
  /// The durations of each job type with completed jobs, in byte order.
  public var durationSecondsByType: [Grouped<String, NumberSummary>]
  /// How many jobs finished per day, and when.
  public var throughput: Throughput
  /// The completed among the jobs finished on each day, `YYYY-MM-DD`, in order.
  ///
  /// A job's day is the first ten characters of `end_time`, else of `start_time`, else of
  /// `created_at`. The day 0001-01-01, which programs write in place of a missing time, does not
  /// count.
  public var days: [Grouped<String, Rate>]
  /// The completed among the jobs finished in each month, `YYYY-MM`, in order.
  public var months: [Grouped<String, Rate>]
  /// The failure rates of groups of finished jobs, the highest lower limit first, then in byte
  /// order.
  public var failures: Failures
  /// Completed jobs that took unusually long or short for their job type, the most unusual first.
  public var outliers: [DurationOutlier]
  /// The estimated and actual times of patterns, in byte order of the id.
  public var estimates: [EstimateComparison]
  /// Jobs that have been running for more than ``stuckAfterDays``, the oldest first.
  public var stuck: [StuckJob]
  /// The number of days after which a running job is stuck.
  public var stuckAfterDays: Int
  /// The number of jobs that name no pattern.
  public var withoutPattern: Int
  /// The number of jobs that name a pattern that does not exist.
  public var withMissingPattern: Int
  /// The number of jobs that name a strip family that does not exist.
  public var withMissingStripFamily: Int
  /// The number of jobs without a day: none of their times begins with a date.
  public var withoutDay: Int

  /// Jobs finished from the filter's first day to its last one; without a filter by day, from the
  /// first day of any job to the last.
  public struct Throughput: Sendable, Hashable {
    /// The first day, `YYYY-MM-DD`; `nil` if no job has a day.
    public var from: String?
    /// The last day.
    public var to: String?
    /// The number of calendar days, the first and the last included.
    public var days: Int?
    /// Finished jobs per calendar day.
    public var finishedPerDay: Double?
    /// The number of days on which jobs finished.
    public var activeDays: Int
    /// The day on which the most jobs finished, the earliest of several, and their number; `nil` if
    /// there is none.
    public var busiestDay: Grouped<String, Int>?
    /// The earliest day of an open job; `nil` if there is none.
    public var oldestOpenDay: String?
  }

  /// Where and why jobs fail.
  public struct Failures: Sendable, Hashable {
    /// By job type.
    public var byType: [Grouped<String, Rate>]
    /// By the id of the pattern that the job names.
    public var byPattern: [Grouped<String, Rate>]
    /// By the material of the job's strip family, else of its pattern's.
    public var byMaterial: [Grouped<String, Rate>]
    /// By blade: `blade_id` of the job's parameters.
    public var byBlade: [Grouped<String, Rate>]
    /// The values of `error` in the results of failed jobs, the most common first.
    public var reasons: [Grouped<String, Int>]
    /// The number of failed jobs that give no reason.
    public var withoutReason: Int
  }

  /// A completed job whose duration is unusual.
  ///
  /// The modified z-score is 0.6745·(x − median)/MAD, where MAD is the median of all |x − median|,
  /// among the completed jobs of the same type. A type with fewer than 8 durations, or a MAD of 0,
  /// has no outliers.
  ///
  /// Source: Boris Iglewicz and David C. Hoaglin, "How to Detect and Handle Outliers" (1993),
  /// section 3.
  public struct DurationOutlier: Sendable, Hashable {
    /// The job's id.
    public var id: String
    /// The job's type.
    public var jobType: String
    /// Its duration, in seconds.
    public var durationSeconds: Double
    /// The median of its type, in seconds.
    public var medianSeconds: Double
    /// The modified z-score.
    public var score: Double
  }

  /// The estimated and the actual time of making a pattern.
  public struct EstimateComparison: Sendable, Hashable {
    /// The pattern's id.
    public var patternID: String
    /// `estimated_time_min` of the pattern's metadata.
    public var estimatedMinutes: Double
    /// The median duration of its completed jobs, in minutes.
    public var medianMinutes: Double
    /// The number of these durations.
    public var n: Int
  }

  /// A job that has been running for too long.
  public struct StuckJob: Sendable, Hashable {
    /// The job's id.
    public var id: String
    /// Its type; `nil` if it has none.
    public var jobType: String?
    /// The day it began, `YYYY-MM-DD`: that of `start_time`, else of `created_at`.
    public var since: String
    /// The number of days since then.
    public var days: Int
  }
}

/// Figures about materials, stock, blades and suppliers.
///
/// Names of materials and suppliers are compared without regard to case and surrounding white
/// space, and shown in their most common spelling; of equally common ones, the first in byte order.
public struct MaterialFigures: Sendable, Hashable {
  /// The number of strip families, with a material or without.
  public var families: Int
  /// The stock of each material, in byte order.
  public var stock: [Stock]
  /// The waste of finished jobs.
  public var waste: Waste
  /// The waste of each material with finished jobs, in byte order; a job's material is that of its
  /// strip family, else of its pattern's.
  public var wasteByMaterial: [Grouped<String, Waste>]
  /// The waste of each job type with finished jobs, in byte order.
  public var wasteByType: [Grouped<String, Waste>]
  /// The number of strip families of each width, in millimeters rounded to 0.05, the most common
  /// first.
  public var widths: [Grouped<Double, Int>]
  /// The number of strip families of each thickness, in millimeters rounded to 0.05, the most
  /// common first.
  public var thicknesses: [Grouped<Double, Int>]
  /// The suppliers (`supplier` of a strip family's metadata), in byte order.
  public var suppliers: [Supplier]
  /// The blades (`blade_id` of a job's parameters), in byte order.
  public var blades: [Blade]

  /// The stock of a material.
  public struct Stock: Sendable, Hashable {
    /// The material.
    public var material: String
    /// Whether all its strip families spell it exactly like ``material``.
    package var isSpelledAlike: Bool
    /// The number of strip families.
    public var families: Int
    /// The number of entries in their `strips`.
    public var strips: Int
    /// The sum of the entries' `quantity`, which is 1 unless given.
    public var quantity: Double
    /// The number of entries without a `length_mm`.
    public var stripsWithoutLength: Int
    /// The sum of `quantity`·`length_mm`; `nil` if no length is known.
    public var totalLengthMM: Double?
    /// The sum of length · strip width, in cm²; `nil` if no area is known.
    public var areaCM2: Double?
    /// The sum of length · strip width · strip thickness, in cm³; `nil` if no volume is known.
    public var volumeCM3: Double?
  }

  /// The waste of finished jobs: `waste_percentage` of their results.
  public struct Waste: Sendable, Hashable {
    /// The number of jobs that give a percentage from 0 to 100.
    public var n: Int
    /// The number of jobs that give none.
    public var missing: Int
    /// The number of jobs that give a number below 0 or above 100, which does not count.
    public var outOfRange: Int
    /// The mean percentage; `nil` if there is none.
    public var mean: Double?
  }

  /// The figures of a supplier.
  public struct Supplier: Sendable, Hashable {
    /// The supplier.
    public var supplier: String
    /// The number of strip families.
    public var families: Int
    /// The completed among the finished jobs that used these families; a job's strip family is its
    /// own, else its pattern's.
    public var success: Rate
    /// The waste of those jobs.
    public var waste: Waste
  }

  /// The life of a blade.
  public struct Blade: Sendable, Hashable {
    /// The blade.
    public var id: String
    /// The number of jobs that used it, finished or not.
    public var jobs: Int
    /// The failed among those that finished.
    public var failures: Rate
    /// The sum of the jobs' known durations, in hours; `nil` if none is known.
    public var hours: Double?
    /// The sum of the jobs' `cuts_made`; `nil` if none is known.
    public var cuts: Double?
    /// The first day of a job that used it; `nil` if no job has a day.
    public var firstDay: String?
    /// The last day of a job that used it; `nil` if no job has a day.
    public var lastDay: String?
  }
}

/// Figures about patterns and strip families.
public struct PatternFigures: Sendable, Hashable {
  /// The number of patterns.
  public var total: Int
  /// Their number of rings: `ring_count`, if it is a whole number of at least 1.
  public var rings: Rings
  /// How complex they are.
  public var complexity: ComplexityFigures
  /// The measures of their rings.
  public var geometry: Geometry
  /// How the strip families are used, in byte order of the id.
  public var families: [FamilyUse]
  /// How often each pattern is made, the most jobs first, then in byte order of the id; patterns
  /// without jobs are included.
  public var popularity: [Popularity]
  /// The number of patterns that name a strip family that does not exist.
  public var withMissingStripFamily: Int

  /// How many rings patterns have.
  public struct Rings: Sendable, Hashable {
    /// The summary of all numbers of rings.
    public var summary: NumberSummary
    /// The number of patterns with each number of rings, ascending by the number of rings.
    public var histogram: [Grouped<Int, Int>]
    /// The most common numbers of rings, ascending.
    public var modes: [Int]
  }

  /// How complex the patterns are.
  public struct ComplexityFigures: Sendable, Hashable {
    /// The number of patterns of each class.
    public var classes: [ComplexityClass: Int]
    /// The mean score of the patterns that have one; `nil` if none has.
    public var meanScore: Double?
    /// The number of patterns whose geometry does not give the number of cells.
    public var withoutCells: Int
    /// The patterns, the highest score first, then in byte order of the id; patterns without a
    /// score last.
    public var patterns: [Entry]
    /// The patterns of each class in the same order; the limit applies to each list.
    package var patternsByClass: [ComplexityClass: [Entry]]

    /// How complex a pattern is.
    public struct Entry: Sendable, Hashable {
      /// The pattern's id.
      public var id: String
      /// Its number of rings; `nil` if it is not known.
      public var ringCount: Int?
      /// Its number of cells; `nil` if the geometry does not give it.
      public var cells: Double?
      /// 10·rings + cells/20; `nil` if either is not known.
      public var score: Double?
      /// Its class; `nil` if it has no score.
      public var complexity: ComplexityClass? { score.map { ComplexityClass(score: $0) } }
    }
  }

  /// The measures of the rings of all patterns, in millimeters.
  public struct Geometry: Sendable, Hashable {
    /// The radii: `radius_mm` of each ring.
    public var radiusMM: NumberSummary
    /// The widths: `width_mm` of each ring.
    public var widthMM: NumberSummary
    /// The pitches: 2π·radius/segments of each ring.
    public var pitchMM: NumberSummary
    /// The number of segments, else of tiles, of each ring.
    public var segments: NumberSummary
    /// The rings per millimeter of a pattern's largest radius, for patterns with rings.
    public var ringsPerMM: NumberSummary
  }

  /// How a strip family is used.
  public struct FamilyUse: Sendable, Hashable {
    /// The strip family's id.
    public var id: String
    /// The number of patterns that name it.
    public var patterns: Int
    /// The number of jobs that name it.
    public var jobs: Int
    /// The last day of a job that names it; `nil` if there is none.
    public var lastUsedDay: String?
  }

  /// How often a pattern is made.
  public struct Popularity: Sendable, Hashable {
    /// The pattern's id.
    public var id: String
    /// The number of jobs that name it.
    public var jobs: Int
    /// The number of those that finished.
    public var finished: Int
    /// The number of those that completed.
    public var completed: Int
    /// The last day of a completed job; `nil` if there is none.
    public var lastMadeDay: String?
  }
}

/// How complex a pattern is, by its score of 10·rings + cells/20.
public enum ComplexityClass: String, Sendable, Hashable, CaseIterable {
  /// A score of at most 30.
  case simple
  /// Above 30, at most 60.
  case medium
  /// Above 60, at most 100.
  case complex
  /// Above 100.
  case expert

  /// Creates the class of a score.
  init(score: Double) {
    self =
      switch score {
      case ...30: .simple
      case ...60: .medium
      case ...100: .complex
      default: .expert
      }
  }
}

extension MaterialFigures {
  /// Returns whether any strip family is of a material, which is compared without regard to case
  /// and surrounding white space.
  package func knows(_ material: String) -> Bool {
    func key(_ text: String) -> UTF8Key? { text.trimmed.map { UTF8Key(SpellingTable.folded($0)) } }
    let wanted = key(material)
    return stock.contains { key($0.material) == wanted }
  }
}
