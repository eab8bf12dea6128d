import RMOSAnalytics
import RMOSHTTP
import RMOSSystem

/// The paths of the analytics, each with its parameters.
///
/// The raw value is the path below `/api`.
enum AnalyticsRoute: String, CaseIterable, Sendable {
  /// All figures.
  case all = "rmos/analytics"

  case complexity = "analytics/patterns/complexity"
  case rings = "analytics/patterns/rings"
  case geometry = "analytics/patterns/geometry"
  case families = "analytics/patterns/families"
  case popularity = "analytics/patterns/popularity"
  case details = "analytics/patterns/{id}/details"

  case distribution = "analytics/materials/distribution"
  case consumption = "analytics/materials/consumption"
  case efficiency = "analytics/materials/efficiency"
  case dimensions = "analytics/materials/dimensions"
  case suppliers = "analytics/materials/suppliers"
  case inventory = "analytics/materials/inventory"

  case successTrends = "analytics/jobs/success-trends"
  case duration = "analytics/jobs/duration"
  case status = "analytics/jobs/status"
  case throughput = "analytics/jobs/throughput"
  case failures = "analytics/jobs/failures"
  case types = "analytics/jobs/types"
  case recent = "analytics/jobs/recent"

  case correlation = "analytics/advanced/correlation"
  case unusualDurations = "analytics/advanced/anomalies/durations"
  case unusualSuccess = "analytics/advanced/anomalies/success"
  case predict = "analytics/advanced/predict"

  /// The query parameters; those of the filter only if the figures depend on it.
  var parameters: [String] {
    let filter = FilterParameter.allCases.map(\.rawValue)
    return switch self {
    case .complexity, .rings, .geometry, .details, .distribution, .consumption, .dimensions,
      .inventory, .predict:
      []
    case .recent: ["limit"]
    case .successTrends: filter + ["days"]
    case .correlation: ["x", "y"] + filter
    case .unusualDurations: filter + ["z"]
    case .unusualSuccess: filter + ["z", "window_days"]
    case .all, .families, .popularity, .efficiency, .suppliers, .duration, .status, .throughput,
      .failures, .types:
      filter
    }
  }

  /// The methods; a prediction takes a body but changes nothing.
  var methods: [String] { self == .predict ? ["POST", "OPTIONS"] : Route.readingMethods }

  /// Finds the route of a path.
  ///
  /// - Returns: The route and the id in it, which is empty if there is none; `nil` if there is no
  ///   such path.
  static func find(_ segments: [RequestTarget.Segment]) -> (AnalyticsRoute, id: String)? {
    guard segments.first?.text == "api" else { return nil }
    let texts = segments.dropFirst().map(\.text)
    for route in allCases {
      let parts = route.rawValue.split(separator: "/")
      guard parts.count == texts.count else { continue }
      var id = ""
      let isSame = zip(parts, texts).allSatisfy { part, text in
        guard part == "{id}" else { return part == text }
        id = text
        return !text.isEmpty
      }
      if isSame { return (route, id) }
    }
    return nil
  }
}

/// A parameter of the filter of jobs.
enum FilterParameter: String, CaseIterable, Sendable {
  case from, to
  case jobType = "job_type"
  case material, pattern, family

  /// The parameter as a page names it.
  var label: String {
    switch self {
    case .jobType: "job type"
    case .family: "strip family"
    case .from, .to, .material, .pattern: rawValue
    }
  }
}

extension JobFilter {
  /// Reads the filter of a request.
  ///
  /// - Throws: ``HTTPRefusal`` with 422, naming the parameter.
  init(_ target: RequestTarget) throws {
    func day(_ name: FilterParameter) throws -> CalendarDay? {
      try target.parameter(name.rawValue, "a day, YYYY-MM-DD") { CalendarDay($0) }
    }
    self.init(
      from: try day(.from), to: try day(.to),
      jobType: try target.parameter(FilterParameter.jobType.rawValue),
      material: try target.parameter(FilterParameter.material.rawValue),
      patternID: try target.parameter(FilterParameter.pattern.rawValue),
      stripFamilyID: try target.parameter(FilterParameter.family.rawValue))
    if let from, let to, from > to {
      throw HTTPRefusal(422, "\"from\" is \(from), after \"to\", \(to)")
    }
  }

  /// The filter as query parameters.
  var parameters: [(String, String)] {
    let values: [(FilterParameter, String?)] = [
      (.from, from?.description), (.to, to?.description), (.jobType, jobType),
      (.material, material), (.pattern, patternID), (.family, stripFamilyID),
    ]
    return values.compactMap { name, value in value.map { (name.rawValue, $0) } }
  }
}
