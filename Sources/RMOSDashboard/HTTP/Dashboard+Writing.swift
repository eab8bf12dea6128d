import RMOSModels
import RMOSStore
import RMOSSystem

extension Dashboard {
  /// The answer to `POST`, `PUT` and `DELETE`.
  func write(_ route: Route, _ request: HTTPRequest) throws -> HTTPResponse {
    guard options.allowsWrites else {
      throw Refusal(
        403, "this server only reads; start it with --allow-writes to create, change and delete")
    }
    try SameOrigin.check(request)
    switch (request.method, route) {
    case ("POST", .list(let kind)): return try create(kind, request)
    case ("PUT", .item(let kind, let id)): return try replace(kind, id, request)
    case ("DELETE", .item(let kind, let id)): return try delete(kind, id, request)
    default: throw Refusal(404, "there is nothing at this path")
    }
  }

  private func create(_ kind: EntityKind, _ request: HTTPRequest) throws -> HTTPResponse {
    let body = EntityBody(kind: kind, now: now())
    let record = try sound(body.read(request, id: nil)).record
    let stored = try changing { transaction in
      if try transaction.record(kind, id: record.id) != nil {
        throw Refusal(
          409,
          "there is a \(kind.schema.singular) “\(record.id.shortened)” already; "
            + "use another id, or replace that one with PUT")
      }
      try transaction.check(record)
      try transaction.insert(record)
      return try transaction.record(kind, id: record.id) ?? record
    }
    let path = (Route.root + [kind.pathName, record.id.percentEncoded]).joined(separator: "/")
    return entityAnswer(201, stored, fields: [HTTPField("Location", "/" + path)])
  }

  /// The content, where it breaks no rule.
  ///
  /// - Throws: ``Refusal`` with 422 and all issues, those with references too.
  private func sound(_ content: EntityBody.Content) throws -> EntityBody.Content {
    guard content.isFailed else { return content }
    let missing = try store.read { try $0.missingReferences(of: content.record) }
    let rejected = EntityRejected(issues: content.issues + missing)
    throw Refusal(rejected)
  }

  private func replace(
    _ kind: EntityKind, _ id: String, _ request: HTTPRequest
  ) throws -> HTTPResponse {
    let time = now()
    let body = EntityBody(kind: kind, now: time)
    // Before the body is looked at: what is not there cannot be replaced.
    guard try store.read({ try $0.record(kind, id: id) }) != nil else {
      throw Refusal.absent(kind, id)
    }
    let content = try sound(body.read(request, id: id))
    let stored = try changing { transaction in
      guard let old = try transaction.record(kind, id: id) else { throw Refusal.absent(kind, id) }
      try request.checkConditions(old.entityTag)
      var record = content.record
      if !content.given.contains("created_at") { record["created_at"] = old["created_at"] ?? .null }
      if !content.given.contains("updated_at") { record["updated_at"] = .text(time) }
      try transaction.check(record)
      guard try transaction.update(record) else { throw Refusal.absent(kind, id) }
      return try transaction.record(kind, id: id) ?? record
    }
    return entityAnswer(200, stored)
  }

  private func delete(
    _ kind: EntityKind, _ id: String, _ request: HTTPRequest
  ) throws -> HTTPResponse {
    try changing { transaction in
      guard let old = try transaction.record(kind, id: id) else { throw Refusal.absent(kind, id) }
      try request.checkConditions(old.entityTag)
      guard try !transaction.isReferred(to: kind, id: id) else {
        throw Refusal(
          409,
          "the \(kind.schema.singular) “\(id.shortened)” cannot be deleted: others refer to "
            + "it; delete or change those first")
      }
      guard try transaction.delete(kind, id: id) else { throw Refusal.absent(kind, id) }
    }
    return .json {
      $0.member("success", true)
      $0.member("id", id)
    }
  }

  /// Writes, and lets the next status show it.
  private func changing<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    defer { cache.invalidate() }
    return try store.write(body)
  }
}

extension StoreReader {
  /// Whether an entity refers to this one, be it in a field that the database does not guard.
  fileprivate func isReferred(to kind: EntityKind, id: String) throws -> Bool {
    for other in EntityKind.allCases {
      for position in other.schema.references {
        let field = other.schema.fields[position]
        guard field.type == .reference(kind) else { continue }
        let query = RecordQuery(other).filter(field.member, is: .text(id)).limit(1)
        if try !records(query).isEmpty { return true }
      }
    }
    return false
  }
}

extension Record {
  /// Sets a value by its member name.
  fileprivate subscript(member: String) -> Value? {
    get { kind.schema.position(ofMember: member).map { values[$0] } }
    set {
      guard let position = kind.schema.position(ofMember: member), let newValue else { return }
      values[position] = newValue
    }
  }
}
