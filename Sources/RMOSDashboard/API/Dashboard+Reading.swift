import COpenAPI
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

extension Dashboard {
  /// The default and the maximum number of entities in a list.
  static let (pageSize, largestPage) = (50, 500)

  /// Responds to `GET` and `HEAD`.
  func read(
    _ route: Route, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    try target.checkParameters(route.parameters)
    if route != .document { try store.checkPresence() }
    switch route {
    case .document:
      let body = OpenAPIDocument.utf8
      let tag = EntityTag.of(body)
      return request.hasCurrent(tag) ? .notModified(tag) : .json(body, entityTag: tag)
    case .status:
      let entry = try cache.status()
      return cached(entry.value.body, "status-\(entry.revision)", request)
    case .history:
      let limit = try target.integer("limit", in: 1...500, default: 50)
      let entry = try cache.entityDays()
      let tag = EntityTag.naming("\(mark)-history-\(entry.revision)-\(limit)")
      if request.hasCurrent(tag) { return .notModified(tag) }
      var writer = JSONWriter()
      writer.history(MigrationHistory(entry.value, store.catalog, limit: limit))
      return .json(writer.utf8 + [0x0A], entityTag: tag)
    case .audit:
      return try auditAnswer(request)
    case .runs:
      return try runs(target, request)
    case .run(let id):
      return try run(id, request)
    case .issues(let id):
      return try issues(ofRun: id, target, request)
    case .statistics(let kind):
      let entry = try cache.statistics(kind)
      return cached(entry.value, "\(kind.rawValue)-\(entry.revision)", request)
    case .item(let kind, let id):
      return try item(kind, id, request)
    case .origin(let kind, let id):
      return try origin(kind, id, request)
    case .list(let kind):
      return try list(kind, target, request)
    case .search(let kind, let member, let text):
      let query = RecordQuery(kind).filter(member, contains: text)
      return try matches(query, target, request)
    case .filter(let kind, let filter, let text):
      guard let condition = filter.condition(text, kind) else {
        throw HTTPRefusal(filter.name, mustBe: filter.expected(of: kind), found: text)
      }
      return try matches(RecordQuery(kind).filter(condition), target, request)
    case .analytics(let route, let id):
      return try analytics(route, id: id, target, request)
    }
  }

  /// A response with a cached body.
  private func cached(_ body: [UInt8], _ state: String, _ request: ServerRequest) -> ServerResponse
  {
    let tag = EntityTag.naming("\(mark)-\(state)")
    return request.hasCurrent(tag) ? .notModified(tag) : .json(body, entityTag: tag)
  }

  // MARK: Entities

  private func item(
    _ kind: EntityKind, _ id: String, _ request: ServerRequest
  ) throws -> ServerResponse {
    guard let record = try store.read({ try $0.record(kind, id: id) }) else {
      throw HTTPRefusal.absent(kind, id)
    }
    let tag = record.entityTag
    return request.hasCurrent(tag) ? .notModified(tag) : entityAnswer(200, record)
  }

  private func origin(
    _ kind: EntityKind, _ id: String, _ request: ServerRequest
  ) throws -> ServerResponse {
    try unlessCurrent(request) { _ in
      let history = try store.read { reader in
        guard let record = try reader.record(kind, id: id) else {
          throw HTTPRefusal.absent(kind, id)
        }
        return try EntityHistory(of: record, in: reader)
      }
      return { $0.history(history, of: kind) }
    }
  }

  /// A response with one entity.
  func entityAnswer(
    _ status: Int, _ record: Record, warnings: [Issue] = [], fields: [HeaderField] = []
  ) -> ServerResponse {
    .json(status: status, entityTag: record.entityTag, fields: fields) {
      $0.member("success", true)
      $0.member(record.kind.schema.memberName) { $0.entity(record) }
      if !warnings.isEmpty { $0.member("issues", each: warnings) { $0.issue($1) } }
    }
  }

  private func list(
    _ kind: EntityKind, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    var query = RecordQuery(kind)
    for filter in kind.schema.presentation.filters {
      let condition = try target.parameter(filter.name, filter.expected(of: kind)) {
        filter.condition($0, kind)
      }
      if let condition { query = query.filter(condition) }
    }
    let searchable = ListRequest.searchMembers(kind)
    let member = try target.choice("in", of: searchable) { searchable.contains($0) ? $0 : nil }
    if let text = try target.parameter("q"), !text.isEmpty {
      let member = member ?? kind.schema.searchMembers[0]
      query = query.filter(ListRequest.condition(text, in: member, kind))
    }
    query.conditions += try runConditions(target)
    if try isCSV(target) { return try csv(query, target, request) }
    query = try page(of: query, target, default: Self.pageSize)
    return try unlessCurrent(request) { token in
      let (records, total) = try store.read { reader in
        (try reader.records(query), try totals.count(query, in: reader, since: token))
      }
      return {
        $0.entities(kind, records)
        $0.member("total", total)
      }
    }
  }

  /// The conditions that restrict a list to the entities of a run.
  private func runConditions(_ target: RequestTarget) throws -> [RecordQuery.Condition] {
    let figures = RunEntities.figures
    let figure = try target.choice("outcome", of: figures.map(\.rawValue)) { text in
      figures.first { $0.rawValue == text }
    }
    let entities = try target.parameter("run", "the number of a run in the ledger") { text in
      try text.wholeNumber.flatMap { id in
        try store.read { try RunEntities(ofRun: id, figure, in: $0) }
      }
    }
    if entities == nil, figure != nil {
      throw HTTPRefusal(422, "\"outcome\" is that of a run, which \"run\" must name")
    }
    return entities?.conditions ?? []
  }

  private func matches(
    _ query: RecordQuery, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    if try isCSV(target) { return try csv(query, target, request) }
    let query = try page(of: query, target, default: Self.largestPage)
    return try unlessCurrent(request) { _ in
      let (records, count) = try store.read { reader in
        let records = try reader.records(query)
        // If all entities fit on the first page, counting them needs no second query.
        let isAll = query.offset == 0 && records.count < query.limit ?? .max
        return (records, isAll ? records.count : try reader.count(query))
      }
      return {
        $0.entities(query.kind, records)
        $0.member("count", count)
      }
    }
  }

  /// Whether the request is for a list as CSV.
  func isCSV(_ target: RequestTarget) throws -> Bool {
    try target.parameter("format", "json or csv") { ["json": false, "csv": true][$0] } ?? false
  }

  /// The records of a query as CSV, with the columns of the list; all of them, unless the request
  /// sets a limit.
  private func csv(
    _ query: RecordQuery, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse {
    var query = try page(of: query, target, default: .max, largest: .max)
    if query.limit == .max { query.limit = nil }
    return try store.read { reader in
      try ListTable(query.kind).file(.csv, of: query, in: reader, for: request)
    }
  }

  /// The requested page of a query's records.
  private func page(
    of query: RecordQuery, _ target: RequestTarget, default limit: Int,
    largest: Int = Dashboard.largestPage
  ) throws -> RecordQuery {
    let limit = try target.integer("limit", in: 1...largest, default: limit)
    let offset = try target.integer("offset", in: 0...Int.max, default: 0)
    if try target.parameter("sort") != nil, try target.parameter("order") != nil {
      throw HTTPRefusal(422, "\"sort\" and \"order\" cannot be given together")
    }
    let orders = ["newest": RecordQuery.Order.newestFirst, "id": .id]
    let order =
      try target.choice("sort", of: query.kind.sortNames) { ListOrder($0, of: query.kind)?.order }
      ?? target.parameter("order", "newest or id") { orders[$0] }
    return query.order(order ?? query.kind.defaultOrder).limit(limit, offset: offset)
  }

  /// A response that `read` makes, given the store's change token; 304 if the client already has
  /// the current state.
  func unlessCurrent(
    _ request: ServerRequest, _ read: (_ token: String?) throws -> (inout JSONWriter) -> Void
  ) throws -> ServerResponse {
    // The token is taken before reading, so that the data may be newer than its tag, but never
    // older.
    let token = store.changeToken()
    let state = token.map(EntityTag.naming)
    // Whether the requested entity exists, as `*` asks, is known only after reading.
    if let state, request.hasCurrent(state, isPresent: false) { return .notModified(state) }
    return answer(request, state, try read(token))
  }

  /// A response whose entity tag is `state`, or that of its body if `state` is `nil`.
  func answer(
    _ request: ServerRequest, _ state: String?, _ write: (inout JSONWriter) -> Void
  ) -> ServerResponse {
    var writer = JSONWriter()
    writer.object {
      $0.member("success", true)
      write(&$0)
    }
    let body = writer.utf8 + [0x0A]
    let tag = state ?? EntityTag.of(body)
    return request.hasCurrent(tag) ? .notModified(tag) : .json(body, entityTag: tag)
  }
}

extension EntitySchema.Filter {
  /// The values that the filter accepts, in words, for refusing others.
  fileprivate func expected(of kind: EntityKind) -> String {
    let least = kind.leastWholeNumber(of: member) ?? .min
    return RequestTarget.wholeNumber(in: Int(least)...Int.max)
  }
}

extension HTTPRefusal {
  /// Creates the refusal of a request for an entity that does not exist.
  static func absent(_ kind: EntityKind, _ id: String) -> HTTPRefusal {
    HTTPRefusal(404, "there is no \(kind.schema.singular) \"\(id.shortened)\"")
  }
}

extension JSONWriter {
  /// Writes an entity with the members that its file has; JSON columns as JSON, not as text.
  ///
  /// A value that does not have its column's type, as in a damaged row, is written as it is; a BLOB
  /// as null.
  mutating func entity(_ record: Record) {
    object { writer in
      for (field, value) in zip(record.kind.schema.fields, record.values) {
        writer.member(field.member) { $0.stored(value, field.type) }
      }
    }
  }

  /// Writes a value of a column.
  mutating func stored(_ value: Value, _ type: FieldType) {
    switch (value, type) {
    case (.text(let text), .json):
      if let json = try? JSONText(verbatim: text) { self.json(json) } else { string(text) }
    case (.text(let text), _): string(text)
    case (.integer(let number), _): integer(number)
    case (.real(let number), _): self.number(number)
    case (.null, _), (.blob, _): null()
    }
  }

  /// Writes a list of entities as a member.
  mutating func entities(_ kind: EntityKind, _ records: [Record]) {
    member(kind.rawValue, each: records) { $0.entity($1) }
  }
}

extension Record {
  /// The entity as JSON.
  var entityJSON: [UInt8] {
    var writer = JSONWriter()
    writer.entity(self)
    return writer.utf8
  }

  /// The entity tag of ``entityJSON``.
  var entityTag: String { EntityTag.of(entityJSON) }
}

/// The OpenAPI 3.1 description of the HTTP API.
private enum OpenAPIDocument {
  /// The document as JSON.
  static var utf8: [UInt8] {
    var count = 0
    let start = unsafe rmos_openapi(&count)
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
  }
}
