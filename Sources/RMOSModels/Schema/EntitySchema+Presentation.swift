// How a kind appears over HTTP, on pages and in figures: declarations, no code.

extension EntitySchema {
  /// How a kind appears over HTTP and on pages.
  public struct Presentation: Sendable, Hashable {
    /// One entity in answers: `strip_family`; `nil` for the singular, joined by `_`.
    package var memberName: String?
    /// What people call an entity by.
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
      columns: [Column] = [Column("Id", "id", .name), .created],
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
    package var members: [String] {
      [title.member] + searches + filters.map(\.member) + columns.map(\.member)
        + statistics.map(\.figure.member)
    }
  }

  /// What people call an entity by.
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
  public struct Filter: Sendable, Hashable {
    /// Its name in paths and queries.
    package let name: String
    /// The member it is about.
    package let member: String
    /// What people call it.
    package let label: String
    /// Whether the HTTP interface has a path for it, not only the pages.
    package let hasPath: Bool
    /// The names in the JSON object of the member whose texts are filtered by; empty for the member
    /// itself.
    package let jsonNames: [String]
    /// Whether pages list its values with their counts.
    package let isFacet: Bool

    /// Creates a filter.
    ///
    /// - Parameters:
    ///   - name: Its name in paths and queries.
    ///   - member: The member it is about.
    ///   - label: What people call it; `nil` for the name.
    ///   - hasPath: Whether the HTTP interface has a path for it, not only the pages.
    ///   - isFacet: Whether pages list its values with their counts, for members with few values.
    public init(
      _ name: String, _ member: String, label: String? = nil, hasPath: Bool = true,
      isFacet: Bool = false
    ) {
      self.name = name
      self.member = member
      self.label = label ?? name
      self.hasPath = hasPath
      self.isFacet = isFacet
      jsonNames = []
    }

    /// Creates a facet of the texts that a JSON object has under some names, alone or in a list.
    ///
    /// - Parameters:
    ///   - name: Its name in queries.
    ///   - member: The member with the object.
    ///   - jsonNames: The names of members of the object.
    ///   - label: What people call it; `nil` for the name.
    public init(
      _ name: String, inJSON member: String, named jsonNames: [String], label: String? = nil
    ) {
      self.name = name
      self.member = member
      self.label = label ?? name
      self.jsonNames = jsonNames
      hasPath = false
      isFacet = true
    }
  }

  /// A column of the kind's list.
  public struct Column: Sendable, Hashable {
    /// How a value is shown.
    public enum Style: Sendable, Hashable {
      /// A link to the entity, its title and its id.
      case name
      /// Text.
      case text
      /// A number.
      case number
      /// Seconds, as people say them.
      case duration
      /// A state, by word and sign.
      case status
      /// A link to the entity that is referred to.
      case reference
      /// A point in time.
      case time
    }

    /// The heading.
    package let heading: String
    /// The member shown.
    package let member: String
    /// How it is shown.
    package let style: Style

    /// Creates a column.
    public init(_ heading: String, _ member: String, _ style: Style) {
      self.heading = heading
      self.member = member
      self.style = style
    }

    /// When the entity was created.
    public static let created = Column("Created", "created_at", .time)
  }

  /// A figure about all entities of the kind.
  public struct Statistic: Sendable, Hashable {
    /// What is computed.
    public enum Figure: Sendable, Hashable {
      /// The mean of a number.
      case average(of: String)
      /// The least of a number.
      case minimum(of: String)
      /// The greatest of a number.
      case maximum(of: String)
      /// The number of different values.
      case distinct(of: String)
      /// How many entities there are for each value.
      case counts(of: String)
      /// The share of the entities with one value among those with some values, in percent.
      case percentage(of: String, value: String, among: [String])

      /// The member it is about.
      package var member: String {
        switch self {
        case .average(let member), .minimum(let member), .maximum(let member),
          .distinct(let member), .counts(let member), .percentage(let member, _, _):
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

    /// Its name in answers.
    package let name: String
    /// What is computed.
    package let figure: Figure

    /// Creates a figure.
    public init(_ name: String, _ figure: Figure) {
      self.name = name
      self.figure = figure
    }
  }

  /// The kind in paths: `strip-families`.
  package var pathName: String { table.hyphenated("_", "-") }

  /// One entity of the kind in answers: `strip_family`.
  package var memberName: String {
    presentation.memberName ?? singular.hyphenated(" ", "_")
  }

  /// The kind as a heading: "Strip families".
  package var heading: String { plural.prefix(1).uppercased() + plural.dropFirst() }

  /// The members that pages search, the first by default: those declared, then the id.
  package var searchMembers: [String] { presentation.searches.filter { $0 != "id" } + ["id"] }

  /// The members that a search of everything looks into: those above, the title and `metadata`.
  package var allSearchMembers: [String] {
    let others = [presentation.title.member, "metadata"].filter {
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
