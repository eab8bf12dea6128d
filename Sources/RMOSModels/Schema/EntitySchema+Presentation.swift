// Declarations of how a kind appears over HTTP, on pages and in statistics.

extension EntitySchema {
  /// The presentation of a kind over HTTP and on pages.
  public struct Presentation: Sendable, Hashable {
    /// The name of an entity in responses, such as `strip_family`; `nil` for the singular, joined
    /// by `_`.
    var memberName: String?
    /// The member that serves as the title of an entity.
    package var title: Title
    /// The members that can be searched for a text; each is its own name in paths.
    package var searches: [String]
    /// The filters of the kind's list.
    package var filters: [Filter]
    /// The columns of the kind's list; the first names the entity.
    package var columns: [Column]
    /// The statistics about all entities of the kind.
    package var statistics: [Statistic]
    /// Whether lists begin with the newest entities instead of being in the order of the ids.
    package var listsNewestFirst: Bool

    /// Creates a presentation.
    ///
    /// - Parameters:
    ///   - memberName: The name of an entity in responses; `nil` for the singular, joined by `_`.
    ///   - title: The member that serves as the title of an entity.
    ///   - searches: The members that can be searched for a text.
    ///   - filters: The filters of the kind's list.
    ///   - columns: The columns of the kind's list; the first names the entity.
    ///   - statistics: The statistics about all entities of the kind.
    ///   - listsNewestFirst: Whether lists begin with the newest entities.
    public init(
      memberName: String? = nil, title: Title = .id, searches: [String] = [],
      filters: [Filter] = [],
      columns: [Column] = [
        .name("Id", "id"), .time("Created", "created_at"),
      ],
      statistics: [Statistic] = [], listsNewestFirst: Bool = false
    ) {
      self.memberName = memberName
      self.title = title
      self.searches = searches
      self.filters = filters
      self.columns = columns
      self.statistics = statistics
      self.listsNewestFirst = listsNewestFirst
    }

    /// All members that the presentation names.
    var members: [String] {
      [title.member] + searches + filters.map(\.member) + columns.map(\.member)
        + statistics.map(\.member)
    }
  }

  /// The member that serves as the title of an entity.
  public enum Title: Sendable, Hashable {
    /// The id.
    case id
    /// A member that names the entity, such as its name.
    case name(String)
    /// A member that many entities share, such as their type; links to the entity show its id.
    case type(String)

    /// The name of the member.
    package var member: String {
      switch self {
      case .id: "id"
      case .name(let member), .type(let member): member
      }
    }

    /// Whether links to the entity show this member instead of the id.
    package var namesEntity: Bool {
      if case .name = self { true } else { false }
    }
  }

  /// A filter of the kind's list: the entities whose member has a value.
  ///
  /// On pages, a filter is an input or a facet, which lists the values next to the list, with their
  /// counts; a filter by a reference is only reached through links.
  public enum Filter: Sendable, Hashable {
    /// A filter by the value of a member.
    ///
    /// - Parameters:
    ///   - name: The name of the filter in paths and queries; the second value is the member.
    ///   - label: The label of the filter; its name if `nil`.
    ///   - hasPath: Whether the HTTP interface has a path for the filter, and not only the pages.
    ///   - isFacet: Whether the filter is a facet, which suits members with few values.
    case member(
      String, String, label: String? = nil, hasPath: Bool = true, isFacet: Bool = false)
    /// A facet of the texts that the JSON object in a member has under some names, alone or in a
    /// list.
    ///
    /// - Parameters:
    ///   - name: The name of the filter in queries.
    ///   - in: The member with the object.
    ///   - names: The names in the object.
    ///   - label: The label of the filter; its name if `nil`.
    case json(String, in: String, names: [String], label: String? = nil)

    /// The name of the filter in paths and queries.
    package var name: String {
      switch self {
      case .member(let name, _, _, _, _), .json(let name, _, _, _): name
      }
    }
    /// The member that is filtered by.
    package var member: String {
      switch self {
      case .member(_, let member, _, _, _), .json(_, let member, _, _): member
      }
    }
    /// The label of the filter.
    package var label: String {
      switch self {
      case .member(let name, _, let label, _, _), .json(let name, _, _, let label): label ?? name
      }
    }
    /// Whether the HTTP interface has a path for the filter, and not only the pages.
    package var hasPath: Bool {
      if case .member(_, _, _, let hasPath, _) = self { hasPath } else { false }
    }
    /// The names in the JSON object whose texts are filtered by; empty for a filter by the value of
    /// the member.
    package var jsonNames: [String] {
      if case .json(_, _, let names, _) = self { names } else { [] }
    }
    /// Whether pages list the values of the filter with their counts.
    package var isFacet: Bool {
      if case .member(_, _, _, _, let isFacet) = self { isFacet } else { true }
    }
  }

  /// A column of the kind's list, with its heading and its member; the cases differ in the style in
  /// which values are shown.
  public enum Column: Sendable, Hashable {
    /// A link to the entity, with its title and its id.
    case name(String, String)
    /// Text.
    case text(String, String)
    /// A number.
    case number(String, String)
    /// Seconds, shown as hours, minutes and seconds.
    case duration(String, String)
    /// A state, by word and sign.
    case status(String, String)
    /// A link to the entity that is referred to.
    case reference(String, String)
    /// A point in time.
    case time(String, String)

    /// The style in which values are shown.
    package enum Style: Sendable, Hashable {
      case name, text, number, duration, status, reference, time
    }

    private var parts: (heading: String, member: String, style: Style) {
      switch self {
      case .name(let heading, let member): (heading, member, .name)
      case .text(let heading, let member): (heading, member, .text)
      case .number(let heading, let member): (heading, member, .number)
      case .duration(let heading, let member): (heading, member, .duration)
      case .status(let heading, let member): (heading, member, .status)
      case .reference(let heading, let member): (heading, member, .reference)
      case .time(let heading, let member): (heading, member, .time)
      }
    }

    /// The heading.
    package var heading: String { parts.heading }
    /// The member shown.
    package var member: String { parts.member }
    /// The style in which values are shown.
    package var style: Style { parts.style }

    /// The column with the time at which the entity was created.
    static let created = Column.time("Created", "created_at")
  }

  /// A statistic about all entities of the kind, with its name in responses and the member that it
  /// is computed from.
  public enum Statistic: Sendable, Hashable {
    /// The mean of a number.
    case average(String, of: String)
    /// The least of a number.
    case minimum(String, of: String)
    /// The greatest of a number.
    case maximum(String, of: String)
    /// The number of different values.
    case distinct(String, of: String)
    /// The number of entities with each value.
    case counts(String, of: String)
    /// The percentage of entities with `value` among those with one of the values `among`.
    case percentage(String, of: String, value: String, among: [String])

    /// The member that it is computed from.
    package var member: String {
      switch self {
      case .average(_, let member), .minimum(_, let member), .maximum(_, let member),
        .distinct(_, let member), .counts(_, let member), .percentage(_, let member, _, _):
        member
      }
    }

    /// Whether it is computed from numbers, and not from groups of equal values.
    package var isNumeric: Bool {
      switch self {
      case .average, .minimum, .maximum: true
      case .distinct, .counts, .percentage: false
      }
    }
  }

  /// The name of the kind in paths, such as `strip-families`.
  package var pathName: String { table.hyphenated("_", "-") }

  /// The name of an entity of the kind in responses, such as `strip_family`.
  package var memberName: String {
    presentation.memberName ?? singular.hyphenated(" ", "_")
  }

  /// The plural as a heading, such as "Strip families".
  package var heading: String { plural.prefix(1).uppercased() + plural.dropFirst() }

  /// The members that pages can search, the default first: those declared, then the id.
  package var searchMembers: [String] { presentation.searches.filter { $0 != "id" } + ["id"] }

  /// The members that a search in all members covers: ``searchMembers``, the title, `metadata`,
  /// `parameters` and `results`.
  package var allSearchMembers: [String] {
    let others = [presentation.title.member, "metadata", "parameters", "results"].filter {
      position(ofMember: $0) != nil && !searchMembers.contains($0)
    }
    return searchMembers + others
  }

  /// The style in which the list shows a member; `nil` if it has no column for it.
  package func style(ofMember member: String) -> Column.Style? {
    presentation.columns.first { $0.member == member }?.style
  }
}

extension String {
  fileprivate func hyphenated(_ old: Character, _ new: Character) -> String {
    String(map { $0 == old ? new : $0 })
  }
}
