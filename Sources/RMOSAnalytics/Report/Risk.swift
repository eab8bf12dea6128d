import RMOSModels

/// How likely a job is to fail.
///
/// The probability is (failed + 1)/(finished + 2), Laplace's rule of succession, for the jobs of
/// the same type and material if at least 5 of them finished, else for those of the same type if at
/// least 5 of them did, else for all jobs.
///
/// Source: Pierre-Simon Laplace, "Essai philosophique sur les probabilités" (1814).
public struct FailureRisk: Sendable, Hashable {
  /// The group of jobs on which a risk is based.
  public enum Basis: String, Sendable, Hashable {
    /// Jobs of the same type and material.
    case typeAndMaterial = "job_type_and_material"
    /// Jobs of the same type.
    case type = "job_type"
    /// All jobs.
    case all
  }

  /// 100·(failed + 1)/(finished + 2).
  public var percent: Double
  /// The failed among the finished jobs of the group.
  public var failures: Rate
  /// The group of jobs.
  public var basis: Basis
}

extension AnalyticsReport {
  /// Returns how likely a job of a type and a material is to fail, judged by the jobs that pass the
  /// filter.
  ///
  /// - Parameters:
  ///   - jobType: The job type.
  ///   - material: The material, compared without regard to case and surrounding white space; `nil`
  ///     if it is not known.
  /// - Returns: The risk; `nil` if no job has finished.
  public func risk(jobType: String, material: String?) -> FailureRisk? {
    guard jobs.finished > 0 else { return nil }
    let (pair, type) = outcomes.failures(jobType: jobType, material: material)
    let (basis, failures): (FailureRisk.Basis, Rate) =
      if pair.total >= 5 {
        (.typeAndMaterial, pair)
      } else if type.total >= 5 {
        (.type, type)
      } else {
        (.all, Rate(jobs.failed, of: jobs.finished))
      }
    return FailureRisk(
      percent: 100 * Double(failures.count + 1) / Double(failures.total + 2), failures: failures,
      basis: basis)
  }
}

/// The finished jobs of each job type and material.
struct JobOutcomes: Sendable, Hashable {
  /// A job type, with a material or without.
  struct Group: Sendable, Hashable {
    var jobType: UTF8Key
    /// The material as ``SpellingTable`` compares it; `nil` if it is not known.
    var material: UTF8Key?
  }

  /// The failed among the finished jobs of each group.
  var rates: [Group: Rate]

  /// Returns the failed among the finished jobs of a type and material, and among those of the
  /// type.
  func failures(jobType: String, material: String?) -> (pair: Rate, type: Rate) {
    let jobType = UTF8Key(jobType)
    let pair = material?.trimmed.flatMap {
      rates[Group(jobType: jobType, material: UTF8Key(SpellingTable.folded($0)))]
    }
    let type = rates.reduce(into: Rate(0, of: 0)) { sum, group in
      guard group.key.jobType == jobType else { return }
      sum.count += group.value.count
      sum.total += group.value.total
    }
    return (pair ?? Rate(0, of: 0), type)
  }
}
