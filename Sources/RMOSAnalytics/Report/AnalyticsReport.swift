/// All figures of a store.
///
/// Its JSON, ``json``, has the members that the older clients know; how each figure is computed is
/// said with the properties here.
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
  /// How many entries were left out of lists that would be longer than the limit, by the list's
  /// path in the JSON, such as `patterns.popularity`; complete lists are not in it.
  public var omitted: [String: Int]
  /// The finished jobs of each job type and material, for ``risk(jobType:material:)``.
  var outcomes: JobOutcomes
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
  /// Completed and failed jobs; the others say nothing about success.
  public var finished: Int { completed + failed }
  /// The completed among the finished jobs.
  public var success: Rate { Rate(completed, of: finished) }
  /// How many of all jobs have each status, in byte order.
  public var statuses: [Grouped<String, Rate>]
  /// How many of all jobs have each job type, in byte order.
  public var types: [Grouped<String, Rate>]
  /// The durations of completed jobs, in seconds.
  ///
  /// A duration is `duration_seconds`, else the time from `start_time` to `end_time` if both give a
  /// time of day, and both an offset from UTC or neither. A negative one is unknown.
  public var durationSeconds: NumberSummary
  /// The same for each job type with completed jobs, in byte order.
  public var durationSecondsByType: [Grouped<String, NumberSummary>]
  /// Jobs finished in the time looked at.
  public var throughput: Throughput
  /// The completed among the jobs finished on each day, `YYYY-MM-DD`, in order.
  ///
  /// A job's day is the first ten characters of `end_time`, else of `start_time`, else of
  /// `created_at`. The day 0001-01-01, which programs write where there is no time, is none.
  public var days: [Grouped<String, Rate>]
  /// The completed among the jobs finished in each month, `YYYY-MM`, in order.
  public var months: [Grouped<String, Rate>]
  /// The rates of failure in groups of finished jobs, the highest lower limit first, then in byte
  /// order.
  public var failures: Failures
  /// Completed jobs that took unusually long or short for their job type, the most unusual first.
  public var outliers: [DurationOutlier]
  /// Estimated and actual times of patterns, in byte order of the id.
  public var estimates: [EstimateComparison]
  /// Jobs that have been running for more than ``stuckAfterDays``, the oldest first.
  public var stuck: [StuckJob]
  /// The number of days after which a running job is stuck.
  public var stuckAfterDays: Int
  /// How many jobs name no pattern.
  public var withoutPattern: Int
  /// How many jobs name a pattern that does not exist.
  public var withMissingPattern: Int
  /// How many jobs name a strip family that does not exist.
  public var withMissingStripFamily: Int
  /// How many jobs have no day: none of their times begins with a date.
  public var withoutDay: Int

  /// Jobs finished in the time looked at: from the filter's first to its last day, else from the
  /// first to the last day of any job that passes the filter.
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
    /// The day on which most jobs finished, the earliest of several, and how many; `nil` if there
    /// is none.
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
    /// What failed jobs give as `error` in their results, the commonest first.
    public var reasons: [Grouped<String, Int>]
    /// How many failed jobs give no reason.
    public var withoutReason: Int
  }

  /// A completed job whose duration is unusual.
  ///
  /// The modified z-score is 0.6745·(x − median)/MAD, where MAD is the median of all |x − median|,
  /// among the completed jobs of the same type. There are none for fewer than 8 durations or a MAD
  /// of 0.
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

  /// How long making a pattern was estimated to take, and took.
  public struct EstimateComparison: Sendable, Hashable {
    /// The pattern's id.
    public var patternID: String
    /// `estimated_time_min` of the pattern's metadata.
    public var estimatedMinutes: Double
    /// The median duration of its completed jobs, in minutes.
    public var medianMinutes: Double
    /// How many durations that is.
    public var n: Int
  }

  /// A job that has been running for too long.
  public struct StuckJob: Sendable, Hashable {
    /// The job's id.
    public var id: String
    /// Its type; `nil` if it has none.
    public var jobType: String?
    /// The day it began: of `start_time`, else of `created_at`.
    public var since: String
    /// How many days ago that is.
    public var days: Int
  }
}

/// Figures about materials, stock, blades and suppliers.
///
/// Names of materials and suppliers are compared without white space around them and without regard
/// to case, and shown in their commonest spelling, of equally common ones in the first in byte
/// order.
public struct MaterialFigures: Sendable, Hashable {
  /// The stock of each material, in byte order.
  public var stock: [Stock]
  /// The waste of finished jobs.
  public var waste: Waste
  /// The waste per material with finished jobs, in byte order; a job's material is that of its
  /// strip family, else of its pattern's.
  public var wasteByMaterial: [Grouped<String, Waste>]
  /// The waste per job type with finished jobs, in byte order.
  public var wasteByType: [Grouped<String, Waste>]
  /// How many strip families have each width, in millimeters rounded to 0.05, the commonest first.
  public var widths: [Grouped<Double, Int>]
  /// How many strip families have each thickness, in millimeters rounded to 0.05, the commonest
  /// first.
  public var thicknesses: [Grouped<Double, Int>]
  /// The suppliers (`supplier` of a strip family's metadata), in byte order.
  public var suppliers: [Supplier]
  /// The blades (`blade_id` of a job's parameters), in byte order.
  public var blades: [Blade]

  /// The stock of a material.
  public struct Stock: Sendable, Hashable {
    /// The material.
    public var material: String
    /// Whether all its strip families spell it exactly so, with no white space around it.
    package var isSpelledAlike: Bool
    /// The number of strip families.
    public var families: Int
    /// The number of entries in their `strips`.
    public var strips: Int
    /// The sum of the entries' `quantity`, 1 where it is not given.
    public var quantity: Double
    /// The number of entries without a `length_mm`.
    public var stripsWithoutLength: Int
    /// The sum of `quantity`·`length_mm`; `nil` if no length is known.
    public var totalLengthMM: Double?
    /// The sum of length · strip width, in cm²; `nil` if nothing of it is known.
    public var areaCM2: Double?
    /// The sum of length · strip width · strip thickness, in cm³; `nil` if nothing of it is known.
    public var volumeCM3: Double?
  }

  /// The waste of finished jobs: `waste_percentage` of their results.
  public struct Waste: Sendable, Hashable {
    /// How many jobs give a percentage from 0 to 100; 0 counts.
    public var n: Int
    /// How many give none.
    public var missing: Int
    /// How many give a number below 0 or above 100, which does not count.
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
    /// The completed among the finished jobs that used them; a job's strip family is its own, else
    /// its pattern's.
    public var success: Rate
    /// The waste of those jobs.
    public var waste: Waste
  }

  /// The life of a blade.
  public struct Blade: Sendable, Hashable {
    /// The blade.
    public var id: String
    /// The jobs that used it, finished or not.
    public var jobs: Int
    /// The failed among the finished jobs.
    public var failures: Rate
    /// The sum of the jobs' known durations, in hours; `nil` if none is known.
    public var hours: Double?
    /// The sum of the jobs' `cuts_made`; `nil` if none is known.
    public var cuts: Double?
    /// The first day of a job that used it.
    public var firstDay: String?
    /// The last.
    public var lastDay: String?
  }
}

/// Figures about patterns and strip families.
public struct PatternFigures: Sendable, Hashable {
  /// The number of patterns.
  public var total: Int
  /// How many rings they have: `ring_count`, if it is a whole number of at least 1.
  public var rings: Rings
  /// How complex they are.
  public var complexity: ComplexityFigures
  /// What their rings measure.
  public var geometry: Geometry
  /// How the strip families are used, in byte order of the id.
  public var families: [FamilyUse]
  /// How often each pattern is made, the most jobs first, then in byte order of the id; patterns
  /// without jobs too.
  public var popularity: [Popularity]
  /// How many patterns name a strip family that does not exist.
  public var withMissingStripFamily: Int

  /// How many rings patterns have.
  public struct Rings: Sendable, Hashable {
    /// What the numbers look like.
    public var summary: NumberSummary
    /// How many patterns have each number of rings, from the fewest.
    public var histogram: [Grouped<Int, Int>]
    /// The numbers that occur most often, all of them, from the smallest.
    public var modes: [Int]
  }

  /// How complex the patterns are.
  public struct ComplexityFigures: Sendable, Hashable {
    /// How many patterns there are of each class.
    public var classes: [ComplexityClass: Int]
    /// The mean score of the patterns that have one; `nil` if none has.
    public var meanScore: Double?
    /// How many patterns have a geometry that does not say how many cells there are.
    public var withoutCells: Int
    /// The patterns, the highest score first, then in byte order of the id; patterns without a
    /// score last.
    public var patterns: [Entry]
    /// The same of each class alone, each list with as many entries as the one of all may have.
    package var patternsByClass: [ComplexityClass: [Entry]]

    /// How complex a pattern is.
    public struct Entry: Sendable, Hashable {
      /// The pattern's id.
      public var id: String
      /// Its number of rings; `nil` if it is not known.
      public var ringCount: Int?
      /// The number of the pattern's cells; `nil` if the geometry does not give it.
      public var cells: Double?
      /// 10·rings + cells/20; `nil` if either is not known.
      public var score: Double?
      /// Its class; `nil` if it has no score.
      public var complexity: ComplexityClass? { score.map { ComplexityClass(score: $0) } }
    }
  }

  /// What the rings of all patterns measure, in millimeters.
  public struct Geometry: Sendable, Hashable {
    /// The radii: `radius_mm` of each ring.
    public var radiusMM: NumberSummary
    /// The widths: `width_mm` of each ring.
    public var widthMM: NumberSummary
    /// The pitches: 2π·radius/segments of each ring.
    public var pitchMM: NumberSummary
    /// The segments, else tiles, of each ring; a number of them, not a length.
    public var segments: NumberSummary
    /// The rings per millimeter of a pattern's largest radius, of patterns with rings.
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
    /// The last day of such a job; `nil` if there is none.
    public var lastUsedDay: String?
  }

  /// How often a pattern is made.
  public struct Popularity: Sendable, Hashable {
    /// The pattern's id.
    public var id: String
    /// The jobs that name it.
    public var jobs: Int
    /// The finished ones.
    public var finished: Int
    /// The completed ones.
    public var completed: Int
    /// The last day of a completed one; `nil` if there is none.
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

  /// The class of a score.
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
  /// Whether a strip family is of a material, trimmed and without regard to case.
  package func knows(_ material: String) -> Bool {
    func key(_ text: String) -> String? { text.trimmed.map { SpellingTable.folded($0) } }
    return stock.contains { key($0.material) == key(material) }
  }
}
