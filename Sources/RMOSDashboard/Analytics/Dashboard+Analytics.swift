import RMOSAnalytics
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

extension Dashboard {
  /// Responds to `GET` and `HEAD` of the analytics.
  func analytics(
    _ route: AnalyticsRoute, id: String, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    switch route {
    case .recent: return try recentJobs(target, request)
    case .details: return try patternDetails(id, request)
    case .correlation: return try correlation(target, request)
    case .predict: throw HTTPRefusal(404, "there is no such path")
    default: break
    }
    let filter = try JobFilter(target)
    let score = try target.score("z", default: Analytics.Options().outlierScore)
    let days = try target.integer("days", in: 1...3660, default: 30)
    let window = try target.integer("window_days", in: 1...366, default: 30)
    // A report is computed for each score, so other routes use the default.
    let answer = try figures.report(
      filter, outlierScore: route == .unusualDurations ? score : nil)
    return figuresAnswer(answer, request) { writer in
      if route == .all {
        writer.report(answer.value) { $0.state(of: answer) }
        return
      }
      writer.object { writer in
        writer.member("success", true)
        let figures = AnalyticsAnswer(report: answer.value)
        switch route {
        case .successTrends: figures.writeTrends(days: days, to: &writer)
        case .unusualDurations: figures.writeUnusualDurations(score: score, to: &writer)
        case .unusualSuccess:
          figures.writeUnusualSuccess(score: score, windowDays: window, to: &writer)
        default: figures.write(route, to: &writer)
        }
        writer.state(of: answer)
      }
    }
  }

  /// A response with cached figures.
  private func figuresAnswer<Value>(
    _ answer: CachedAnswer<Value>, _ request: ServerRequest,
    _ write: (inout JSONWriter) -> Void
  ) -> ServerResponse {
    let state = answer.isCurrent ? "" : "-before"
    let tag = EntityTag.naming("\(mark)-figures-\(answer.revision)\(state)")
    if request.hasCurrent(tag) { return .notModified(tag) }
    var writer = JSONWriter()
    write(&writer)
    return .json(writer.utf8 + [0x0A], entityTag: tag)
  }

  // MARK: Single figures

  private func correlation(
    _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    let known = Measure.allCases.map(\.rawValue)
    func measure(_ name: String) throws -> Measure {
      guard try target.parameter(name)?.isEmpty == false,
        let measure = try target.choice(name, of: known, { Measure(rawValue: $0) })
      else {
        throw HTTPRefusal(
          400, "\"x\" and \"y\" are required, each one of \(known.joined(separator: ", "))")
      }
      return measure
    }
    let (x, y) = (try measure("x"), try measure("y"))
    let answer = try figures.correlation(x, y, JobFilter(target))
    return figuresAnswer(answer, request) { writer in
      writer.object {
        $0.member("success", true)
        $0.member("x", x.rawValue)
        $0.member("y", y.rawValue)
        $0.member("r", answer.value.pearson)
        $0.member("spearman", answer.value.spearman)
        $0.member("n", answer.value.n)
        $0.member("missing", answer.value.missing)
        $0.state(of: answer)
      }
    }
  }

  private func recentJobs(
    _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    let limit = try target.integer("limit", in: 1...500, default: 10)
    return try unlessCurrent(request) { _ in
      let jobs = try store.read { reader in
        try reader.records(RecordQuery(.joblogs).order(.newestFirst).limit(limit)).map { job in
          let pattern = try job["pattern_id"]?.text.flatMap { try reader.record(.patterns, id: $0) }
          return (job: job, patternName: pattern?["name"]?.text)
        }
      }
      return { writer in
        writer.member("recent_jobs", objects: jobs) { writer, element in
          let (job, patternName) = element
          let seconds = job["duration_seconds"]?.measure
          writer.member("id", job.id)
          writer.member("job_type", job["job_type"]?.text)
          writer.member("pattern_id", job["pattern_id"]?.text)
          writer.member("pattern_name", patternName)
          writer.member("status", job["status"]?.text)
          writer.member("duration_seconds", seconds)
          writer.member("duration_minutes", seconds.map { $0 / 60 })
          writer.member("created_at", job["created_at"]?.text)
        }
        writer.member("count", jobs.count)
      }
    }
  }

  private func patternDetails(_ id: String, _ request: ServerRequest) throws -> ServerResponse {
    let answer = try figures.pattern(id)
    guard let report = answer.value else { throw HTTPRefusal.absent(.patterns, id) }
    return figuresAnswer(answer, request) { writer in
      writer.object { writer in
        writer.member("success", true)
        writer.pattern(report)
        writer.state(of: answer)
      }
    }
  }

  // MARK: Prediction

  /// Responds to a request for the risk that a job fails.
  func predict(_ request: ServerRequest) throws -> ServerResponse {
    // Pages of other origins must not send a body, even if no access policy is set.
    if let refusal = AccessPolicy.originRefusal(of: request) { throw refusal }
    let job = try PlannedJob(request)
    let report = try figures.report(JobFilter())
    let risk = report.value.risk(jobType: job.jobType, material: job.material)
    return .json {
      $0.member("success", true)
      $0.risk(risk, job)
      $0.state(of: report)
    }
  }
}

extension RequestTarget {
  /// A parameter as a z-score.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 if it is not a number from 0 to 1000.
  fileprivate func score(_ name: String, default defaultValue: Double) throws -> Double {
    try parameter(name, "a number from 0 to 1000") { text in
      text.decimalNumber.flatMap { 0...1000 ~= $0 ? $0 : nil }
    } ?? defaultValue
  }
}

/// The job whose risk is to be predicted.
private struct PlannedJob {
  var jobType: String
  var material: String?

  /// Reads the job of a request: `job_type` or `jobType`, `material`, and `toolDiameter`, which
  /// older clients send and which is ignored.
  ///
  /// - Throws: ``HTTPRefusal`` with 413, 415 or 422.
  init(_ request: ServerRequest) throws {
    try EntityBody.checkForm(request)
    guard let text = String(validating: request.body, as: UTF8.self),
      let value = try? JSONValue(parsing: text)
    else {
      throw HTTPRefusal(422, "the body is not valid JSON; send an object with \"job_type\"")
    }
    guard case .object(let members) = value else {
      throw HTTPRefusal(422, "the body is not a JSON object; send one with \"job_type\"")
    }
    var type: String?
    var seen: Set<String> = []
    for member in members {
      let name = member.name == "jobType" ? "job_type" : member.name
      guard seen.insert(name).inserted else {
        throw HTTPRefusal(422, "the body has \"\(name.shortened)\" twice; remove one")
      }
      switch (name, member.value) {
      case ("job_type", .string(let text)): type = text
      case ("material", .string(let text)): material = text
      case ("material", .null), ("toolDiameter", .number), ("toolDiameter", .null): break
      case ("job_type", _), ("material", _):
        throw HTTPRefusal(422, "\"\(member.name)\" must be a string")
      case ("toolDiameter", _): throw HTTPRefusal(422, "\"toolDiameter\" must be a number")
      default:
        throw HTTPRefusal(
          422,
          "\"\(member.name.shortened)\" is not a member here; known: job_type, material, "
            + "toolDiameter")
      }
    }
    guard let type else { throw HTTPRefusal(422, "\"job_type\" is missing") }
    jobType = type
  }
}

extension JSONWriter {
  /// Writes `as_of` and `current`.
  fileprivate mutating func state<Value>(of answer: CachedAnswer<Value>) {
    member("as_of", answer.asOf)
    member("current", answer.isCurrent)
  }

  fileprivate mutating func risk(_ risk: FailureRisk?, _ job: PlannedJob) {
    member("risk_percent", risk?.percent)
    member("risk_score", risk.map { $0.percent / 100 })
    member("advice", RiskWords.advice(risk))
    member("explanation", RiskWords.explanation(risk, job.jobType, job.material))
    member("n", risk?.failures.total ?? 0)
    member("failed", risk?.failures.count ?? 0)
    member("basis", risk?.basis.rawValue)
  }
}

/// Sentences about the risk of a job.
enum RiskWords {
  static func advice(_ risk: FailureRisk?) -> String {
    guard let risk else { return "No job has finished yet, so nothing is known." }
    switch risk.percent {
    case ..<20: return "Low risk."
    case ..<50: return "Medium risk: make a trial piece first."
    default: return "High risk: find out why such jobs failed before making another."
    }
  }

  static func explanation(_ risk: FailureRisk?, _ jobType: String, _ material: String?) -> String {
    guard let risk else { return "There are no finished jobs to estimate from." }
    let finished = PlainText.counted(risk.failures.total, "finished job")
    let group =
      switch risk.basis {
      case .typeAndMaterial: "of the type \"\(jobType)\" in \(material ?? "")"
      case .type: "of the type \"\(jobType)\""
      case .all: "of all types"
      }
    return "\(PlainText.grouped(risk.failures.count)) of \(finished) \(group) failed; "
      + "the risk is (failed + 1)/(finished + 2)."
  }
}
