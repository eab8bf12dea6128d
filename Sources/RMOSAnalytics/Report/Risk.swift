/// How likely a job is to fail.
///
/// It is (failed + 1)/(finished + 2), Laplace's rule of succession, of the jobs of the same type
/// and material if at least 5 of them finished, else of those of the same type if at least 5 of
/// them did, else of all.
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
  /// How many of the finished jobs failed; its total is the n.
  public var failures: Rate
  /// Which jobs they are.
  public var basis: Basis
}

extension AnalyticsReport {
  /// How likely a job of a type and a material is to fail, by the jobs that pass the filter.
  ///
  /// - Parameters:
  ///   - jobType: The job type.
  ///   - material: The material, without regard to case and white space around it; `nil` if it is
  ///     not known.
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
    var jobType: String
    /// The material, trimmed and in lower case, as materials are compared.
    var material: String?
  }

  /// The number of failed jobs among the finished ones.
  var rates: [Group: Rate]

  /// The jobs of a type and material, and those of the type.
  func failures(jobType: String, material: String?) -> (pair: Rate, type: Rate) {
    let wanted = material?.trimmed.map { SpellingTable.folded($0) }
    let ofType = rates.filter { $0.key.jobType.utf8.elementsEqual(jobType.utf8) }
    let pair = wanted.flatMap { wanted in ofType.first { $0.key.material == wanted }?.value }
    let type = ofType.values.reduce(Rate(0, of: 0)) {
      Rate($0.count + $1.count, of: $0.total + $1.total)
    }
    return (pair ?? Rate(0, of: 0), type)
  }
}
