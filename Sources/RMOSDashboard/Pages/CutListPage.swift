import RMOSAnalytics
import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSSystem
import RMOSStore

/// The page with the cut list for a number of rosettes of a pattern: a form, and a list to print.
struct CutListPage {
  private let id: String
  private let name: String
  private let form: CutListForm
  private let list: CutList?
  private let today: CalendarDay
  private let database: String

  init(
    _ id: String, _ target: RequestTarget, in store: any RecordStore, today: CalendarDay
  ) throws {
    self.id = id
    self.today = today
    database = store.location.split(separator: "/").last.map { String($0) } ?? store.location
    form = CutListForm(target)
    let options = form.options
    let (name, list) = try store.read { reader -> (String?, CutList?) in
      guard let pattern = try reader.record(.patterns, id: id) else {
        throw ErrorPage.noEntity(.patterns, id: id)
      }
      let list = try options.map { options in
        try CutList(of: pattern, options: options) { try reader.record(.stripFamilies, id: $0) }
      }
      return (PageText.text(pattern["name"]), list)
    }
    self.name = name ?? ""
    self.list = list
  }

  var document: PageDocument {
    let title = [name, id].first { !PageText.isBlank($0) } ?? "pattern"
    let content =
      list.map(self.content)
      ?? (form.hasCount ? "" : "<p class=\"nothing\">How many rosettes?</p>\n")
    return PageDocument(
      title: "Cut list: \(String(title.unicodeScalars.prefix(80)))", section: "/patterns",
      main: """
        <nav class="crumbs" aria-label="Path"><a href="/patterns">Patterns</a> \
        <span aria-hidden="true">/</span> \(PageCell.link(to: .patterns, id: id, title))</nav>
        <h1>Cut list</h1>
        <p class="dim"><code>\(PageText.folding(id))</code></p>
        \(form.form(of: id))\(PageCell.warnings(form.complaints))\(content)
        """)
  }

  private func content(_ list: CutList) -> HTML {
    func link(_ format: String, _ name: HTML) -> HTML? {
      form.link(of: id, format: format).map { "<a href=\"\($0)\">\(name)</a>" }
    }
    let (csv, json) = (link("csv", "CSV"), link("json", "JSON") ?? "JSON")
    let files: HTML =
      csv.map { "<p class=\"dim note unprinted\">\($0) of the pieces, \(json) of all</p>\n" } ?? ""
    return """
      <p class="lead">\(list.title)</p>
      \(origin)\(list.content(csv: csv, json: json))\(files)
      """
  }

  /// Returns the complete list as a file: as CSV the pieces, as JSON the stock and the notes too.
  ///
  /// - Throws: ``ErrorPage`` with 422 if the address does not say what to cut.
  func file(_ format: ListTable.Format) throws(ErrorPage) -> ServerResponse {
    guard let list else {
      throw .wrongParameter(
        form.complaints.first ?? "\"count\" is missing.", page: CutListForm.path(of: id).path)
    }
    return switch format {
    case .csv: .csv(Array((list.tables.first?.csv ?? "").utf8), name: "cut-list")
    case .json: .json(Array((list.json + "\n").utf8))
    }
  }

  /// The day and the database, which tell a printed list from others.
  private var origin: HTML {
    """
    <p class="dim note">\(PageText.time(today.description)), from the database \
    \(PageText.short(database, limit: 100))</p>

    """
  }
}

/// The form for a cut list, with its values in an address.
struct CutListForm {
  /// The parameters, in order.
  static let parameters = fields.map(\.name)

  /// A field of the form.
  private struct Field {
    /// The name of the parameter.
    let name: String
    let label: String
    let range: ClosedRange<Double>
    var isWhole = false
    var placeholder = ""
  }

  private static let fields = [
    Field(name: "count", label: "Rosettes", range: 1...1_000_000, isWhole: true),
    Field(name: "scrap", label: "Scrap, %", range: 0...1000, placeholder: "0"),
    Field(name: "stick", label: "Stick, mm", range: 1...100_000, placeholder: "?"),
    Field(name: "kerf", label: "Kerf, mm", range: 0...1000, placeholder: "0"),
  ]

  /// The options of the cut list; `nil` if the count is missing or a value is invalid.
  private(set) var options: CutList.Options?
  /// Messages about invalid values.
  private(set) var complaints: [String] = []
  private var values: [String: String] = [:]

  /// Creates the empty form.
  init() {}

  /// Creates the form with the values of an address.
  init(_ target: RequestTarget) {
    var numbers: [String: Double] = [:]
    for field in Self.fields {
      values[field.name] = target[field.name]
      numbers[field.name] = number(field)
    }
    guard let count = numbers["count"], complaints.isEmpty else { return }
    options = CutList.Options(
      count: Int(count), scrapPercent: numbers["scrap"] ?? 0, stickMM: numbers["stick"],
      kerfMM: numbers["kerf"] ?? 0)
  }

  /// Whether the address has a count, valid or not.
  var hasCount: Bool { values["count"]?.isEmpty == false }

  private mutating func number(_ field: Field) -> Double? {
    guard let text = values[field.name], !text.isEmpty else { return nil }
    let range = field.range
    if let number = text.decimalNumber, range.contains(number),
      !field.isWhole || number == number.rounded()
    {
      return number
    }
    let (low, high) = (PageText.grouped(range.lowerBound), PageText.grouped(range.upperBound))
    complaints.append(
      "\"\(field.label)\" must be a \(field.isWhole ? "whole " : "")number from \(low) to \(high), "
        + "found \"\(text.prefix(40))\".")
    return nil
  }

  /// The form for a pattern.
  func form(of id: String) -> HTML {
    let fields = Self.fields.map { field -> HTML in
      let required: HTML = field.name == "count" ? " required" : ""
      return """
        <p><label for="\(field.name)">\(field.label)</label><input id="\(field.name)" \
        name="\(field.name)" type="number" min="\(String(Int(field.range.lowerBound)))" \
        max="\(String(Int(field.range.upperBound)))" step="\(field.isWhole ? "1" : "any")" \
        placeholder="\(field.placeholder)" value="\(values[field.name] ?? "")"\(required)></p>

        """
    }
    let (path, isInPath) = Self.path(of: id)
    let hidden: HTML = isInPath ? "" : "<input type=\"hidden\" name=\"id\" value=\"\(id)\">\n"
    return """
      <form class="tools" action="\(path)" method="get" aria-label="What to cut">
      \(hidden)\(fields)<p class="go"><button type="submit">Cut list</button></p>
      </form>

      """
  }

  /// The address of the list of a pattern as a file; `nil` if it would be too long.
  func link(of id: String, format: String) -> String? {
    let (path, isInPath) = Self.path(of: id)
    let given = Self.fields.compactMap { field in values[field.name].map { (field.name, $0) } }
    return PageLink.link(
      to: path, (isInPath ? [] : [("id", id)]) + given + [("format", format)])
  }

  /// The path of a pattern's cut list, and whether it contains the id.
  static func path(of id: String) -> (path: String, hasID: Bool) {
    // Browsers resolve the segments . and .., even if they are escaped.
    let path = "/patterns/\(id.percentEncoded)/cut-list"
    let isStep = id.isEmpty || id == "." || id == ".."
    return isStep || path.utf8.count > PageLink.longestLink ? ("/cut-list", false) : (path, true)
  }
}
