import RMOSAudit
import RMOSHTTP
import RMOSModels

extension Dashboard {
  /// Responds with the newest audit.
  ///
  /// - Throws: ``HTTPRefusal`` with 404 if audits are turned off, and 503 if the first one failed.
  func auditAnswer(_ request: ServerRequest) throws -> ServerResponse {
    let view = audit?.view() ?? .off
    guard view.isOn else { throw HTTPRefusal(404, "background audits are turned off") }
    guard view.newest != nil || view.failure == nil || view.underWaySince != nil else {
      throw HTTPRefusal(view)
    }
    let changed = view.hasChanged.map { $0 ? "changed" : "same" } ?? "unknown"
    let tag = EntityTag.naming("\(mark)-audit-\(view.revision)-\(changed)")
    if request.hasCurrent(tag) { return .notModified(tag) }
    // 202 Accepted while the first audit has not ended.
    return .json(status: view.newest == nil ? 202 : 200, entityTag: tag) {
      $0.member("success", true)
      $0.auditView(view)
    }
  }

  /// Responds to a request for an audit, which is allowed on read-only servers too.
  ///
  /// - Throws: ``HTTPRefusal`` with 404 if audits are turned off, and 403 if a page of another
  ///   origin asks.
  func askForAudit(_ request: ServerRequest) throws -> ServerResponse {
    if let refusal = AccessPolicy.originRefusal(of: request) { throw refusal }
    guard let audit else { throw HTTPRefusal(404, "background audits are turned off") }
    try store.checkPresence()
    audit.ask()
    let place = "/" + (Route.root + ["migration", "audit"]).joined(separator: "/")
    return .json(status: 202, fields: [HeaderField("Location", place)]) {
      $0.member("success", true)
      $0.auditView(audit.view())
    }
  }
}

extension HTTPRefusal {
  /// Creates the refusal of a request for the newest audit, if the first one failed.
  fileprivate init(_ view: BackgroundAudit.View) {
    let reason = view.failure.map { ": \($0.message)" } ?? ""
    let next = view.nextAt.map { "; the next is made at \($0) at the earliest" } ?? ""
    self.init(
      503, "the audit failed\(reason)\(next)", fields: [HeaderField("Retry-After", "60")])
  }
}

extension JSONWriter {
  /// Writes `audit`, `under_way_since`, `asked`, `failure` and `next_at`.
  fileprivate mutating func auditView(_ view: BackgroundAudit.View) {
    member("audit") { writer in
      guard let newest = view.newest else { return writer.null() }
      writer.object {
        $0.member("started_at", newest.outcome.startedAt)
        $0.member("finished_at", newest.outcome.finishedAt)
        $0.member("change", newest.token)
        $0.member("changed_since", view.hasChanged)
        newest.report.writeMembers(to: &$0)
      }
    }
    member("under_way_since", view.underWaySince)
    member("asked", view.isAsked)
    member("failure") { writer in
      guard let failure = view.failure else { return writer.null() }
      writer.object {
        $0.member("at", failure.at)
        $0.member("code", failure.code)
        $0.member("message", failure.message)
      }
    }
    member("next_at", view.nextAt)
  }
}
