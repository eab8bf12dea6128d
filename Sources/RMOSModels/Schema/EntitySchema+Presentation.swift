// How a kind appears over HTTP, on pages and in figures: declarations, no code.

extension EntitySchema {
  /// How a kind appears over HTTP and on pages.
  public struct Presentation: Sendable, Hashable {
    /// The name of an entity in responses, such as `strip_family`; `nil` for the singular, joined
    /// by `_`.
    var memberName: String?
    /// The member by which people call an entity.
    package var title: Title
    /// The members that can be searched for a text; each is its own name in paths.
    package var searches: [String]
    /// The members that can be filtered by.
    package var filters: [Filter]
    /// The columns of the kind's list, that which names the row first.
    package var columns: [Column]
    /// The figures about all entities of the kind.
    package var statistics: [Statistic]
    /// Whether lists begin with the entities created last, not in the order of their ids.
    package var listsNewestFirst: Bool

    /// Creates a presentation; what is left out shows nothing of its kind.
    ///
    /// - Parameters:
    ///   - memberName: One entity in answers; `nil` for the singular, joined by `_`.
    ///   - title: What people call an entity by.
    ///   - searches: The members that can be searched for a text.
    ///   - filters: The members that can be filtered by.
    ///   - columns: The columns of the kind's list, that which names the row first.
    ///   - statistics: The figures about all entities of the kind.
    ///   - listsNewestFirst: Whether lists begin with the entities created last.
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

    /// All members that it names.
    var members: [String] {
      [title.member] + searches + filters.map(\.member) + columns.map(\.member)
        + statistics.map(\.member)
    }
  }

  /// The member by which people call an entity.
  public enum Title: Sendable, Hashable {
    /// The id alone.
    case id
    /// A member that names the entity, such as its name.
    case name(String)
    /// A member that many entities share, such as their type: links say the id.
    case type(String)

    /// The member; `id` if there is no better one.
    package var member: String {
      switch self {
      case .id: "id"
      case .name(let member), .type(let member): member
      }
    }

    /// Whether links say it, and not the id.
    package var namesEntity: Bool {
      if case .name = self { true } else { false }
    }
  }

  /// A filter of the kind's list: the entities whose member has a value.
  ///
  /// On pages it is a facet, whose values are next to the list, with their counts, or an input; a
  /// reference is filtered by through links only.
  public enum Filter: Sendable, Hashable {
    /// The entities whose member has a value: the filter's name in paths and queries, and the
    /// member; what people call it, if not by the name; whether the HTTP interface has a path for
    /// it, not only the pages; whether pages list its values with their counts, for members with
    /// few values.
    case member(
      String, String, label: String? = nil, hasPath: Bool = true, isFacet: Bool = false)
    /// A facet of the texts that a JSON object has under some names, alone or in a list: the
    /// filter's name in queries, the member with the object, the names; what people call it, if not
    /// by the filter's name.
    case json(String, in: String, names: [String], label: String? = nil)

    /// Its name in paths and queries.
    package var name: String {
      switch self {
      case .member(let name, _, _, _, _), .json(let name, _, _, _): name
      }
    }
    /// The member it is about.
    package var member: String {
      switch self {
      case .member(_, let member, _, _, _), .json(_, let member, _, _): member
      }
    }
    /// What people call it.
    package var label: String {
      switch self {
      case .member(let name, _, let label, _, _), .json(let name, _, _, let label): label ?? name
      }
    }
    /// Whether the HTTP interface has a path for it, not only the pages.
    package var hasPath: Bool {
      if case .member(_, _, _, let hasPath, _) = self { hasPath } else { false }
    }
    /// The names in the JSON object of the member whose texts are filtered by; empty for the member
    /// itself.
    package var jsonNames: [String] {
      if case .json(_, _, let names, _) = self { names } else { [] }
    }
    /// Whether pages list its values with their counts.
    package var isFacet: Bool {
      if case .member(_, _, _, _, let isFacet) = self { isFacet } else { true }
    }
  }

  /// A column of the kind's list, by the way in which its values are shown: its heading, and the
  /// member.
  public enum Column: Sendable, Hashable {
    /// A link to the entity, its title and its id.
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

    /// How a value is shown.
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
    /// How it is shown.
    package var style: Style { parts.style }

    /// When the entity was created.
    static let created = Column.time("Created", "created_at")
  }

  /// A figure about all entities of the kind: its name in answers, and the member it is computed
  /// from.
  public enum Statistic: Sendable, Hashable {
    /// The mean of a number.
    case average(String, of: String)
    /// The least of a number.
    case minimum(String, of: String)
    /// The greatest of a number.
    case maximum(String, of: String)
    /// The number of different values.
    case distinct(String, of: String)
    /// How many entities there are for each value.
    case counts(String, of: String)
    /// The share of the entities with one value among those with some values, in percent.
    case percentage(String, of: String, value: String, among: [String])

    /// The member it is about.
    package var member: String {
      switch self {
      case .average(_, let member), .minimum(_, let member), .maximum(_, let member),
        .distinct(_, let member), .counts(_, let member), .percentage(_, let member, _, _):
        member
      }
    }

    /// Whether it is computed from a number, and not by groups of equal values.
    package var isNumeric: Bool {
      switch self {
      case .average, .minimum, .maximum: true
      case .distinct, .counts, .percentage: false
      }
    }
  }

  /// The kind in paths: `strip-families`.
  package var pathName: String { table.hyphenated("_", "-") }

  /// The name of an entity of the kind in responses, such as `strip_family`.
  package var memberName: String {
    presentation.memberName ?? singular.hyphenated(" ", "_")
  }

  /// The kind as a heading: "Strip families".
  package var heading: String { plural.prefix(1).uppercased() + plural.dropFirst() }

  /// The members that pages search, the first by default: those declared, then the id.
  package var searchMembers: [String] { presentation.searches.filter { $0 != "id" } + ["id"] }

  /// The members that a search of everything looks into: those above, the title, `metadata`, and
  /// what a job was told and has said.
  package var allSearchMembers: [String] {
    let others = [presentation.title.member, "metadata", "parameters", "results"].filter {
      position(ofMember: $0) != nil && !searchMembers.contains($0)
    }
    return searchMembers + others
  }

  /// How the list shows a member; `nil` if it does not.
  package func style(ofMember member: String) -> Column.Style? {
    presentation.columns.first { $0.member == member }?.style
  }
}

extension String {
  fileprivate func hyphenated(_ old: Character, _ new: Character) -> String {
    String(map { $0 == old ? new : $0 })
  }
}
