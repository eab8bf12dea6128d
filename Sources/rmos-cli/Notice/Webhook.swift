import RMOSModels
import RMOSSystem

/// An address that JSON is posted to, by the system's `curl`.
struct Webhook {
  private let url: String
  /// Seconds that one attempt may take.
  private let timeout: Int

  /// A webhook.
  ///
  /// - Parameter url: What ``ValueSpec/url`` has let through.
  /// - Throws: ``UsageError`` where `RMOS_NOTIFY_TIMEOUT` is no number of seconds.
  init(url: String) throws {
    self.url = url
    let text = ProcessEnvironment.variable("RMOS_NOTIFY_TIMEOUT") ?? "10"
    guard let timeout = Int(text), 1...300 ~= timeout else {
      throw UsageError("RMOS_NOTIFY_TIMEOUT: expected seconds from 1 to 300, found “\(text)”")
    }
    self.timeout = timeout
  }

  /// The host and its port: what may be shown of an address whose path may be a secret.
  private var host: String {
    let rest = url.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
    return String(rest.split(separator: "@").last ?? rest)
  }

  /// Posts the text; tries again, up to three times, what may pass.
  ///
  /// Takes at most three timeouts and five seconds.
  /// - Returns: What went wrong, for people.
  func post(_ json: String) -> String? {
    guard let curl = ProcessEnvironment.path(ofProgram: "curl") else {
      return "there is no curl in PATH, so \(host) was not told"
    }
    let arguments = [
      // First, so that no configuration file is read.
      "-q", "--silent", "--fail", "--globoff", "--proto", "=http,https",
      "--max-time", String(timeout), "--retry", "3", "--retry-max-time", String(2 * timeout),
      "--user-agent", "rmos-cli/\(RMOSVersion.current)",
      "--header", "Content-Type: application/json", "--data-binary", "@-",
      "--output", "/dev/null", "--url", url,
    ]
    let ending = ChildProcess.run(
      curl, arguments, input: json, deadline: Double(3 * timeout + 5))
    guard let problem = ending.problem else { return nil }
    guard case .exited(let status) = ending, let meaning = Self.meanings[status] else {
      return "\(host) was not told, curl \(problem)"
    }
    return "\(host) was not told: \(meaning)"
  }

  /// What the most frequent exit statuses of `curl` mean.
  private static let meanings: [Int32: String] = [
    3: "the address makes no sense", 5: "the proxy is not known",
    6: "the host is not known", 7: "nothing answers there",
    22: "it answered with an error", 28: "it took too long to answer",
    35: "no secure connection could be made", 52: "it answered nothing",
    56: "the connection broke", 60: "its certificate cannot be trusted",
  ]
}
