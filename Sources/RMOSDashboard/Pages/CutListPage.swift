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
    let content: HTML =
      list.map { "<p class=\"lead\">\($0.title)</p>\n\(origin)\($0.content)" }
      ?? "<p class=\"nothing\">How many rosettes?</p>\n"
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
  static let parameters = ["count", "scrap", "stick", "kerf"]

  /// The options of the cut list; `nil` if the count is missing or a value is invalid.
  private(set) var options: CutList.Options?
  /// Messages about invalid values.
  private(set) var complaints: [String] = []
  private var values: [String: String] = [:]

  /// Creates the empty form.
  init() {}

  /// Creates the form with the values of an address.
  init(_ target: RequestTarget) {
    for name in Self.parameters { values[name] = target[name] }
    let count = number("count", in: 1...1_000_000, isWhole: true)
    let scrap = number("scrap", in: 0...1000)
    let stick = number("stick", in: 1...100_000)
    let kerf = number("kerf", in: 0...1000)
    guard let count, complaints.isEmpty else { return }
    options = CutList.Options(
      count: Int(count), scrapPercent: scrap ?? 0, stickMM: stick, kerfMM: kerf ?? 0)
  }

  private mutating func number(
    _ name: String, in range: ClosedRange<Double>, isWhole: Bool = false
  ) -> Double? {
    guard let text = values[name], !text.isEmpty else { return nil }
    if let number = Double(text), range.contains(number), !isWhole || number == number.rounded() {
      return number
    }
    let (low, high) = (PageText.grouped(range.lowerBound), PageText.grouped(range.upperBound))
    complaints.append(
      "\"\(name)\" must be a \(isWhole ? "whole " : "")number from \(low) to \(high), "
        + "found \"\(text.prefix(40))\".")
    return nil
  }

  /// The form for a pattern.
  func form(of id: String) -> HTML {
    let fields = [
      ("count", "Rosettes", "1", "1", ""), ("scrap", "Scrap, %", "0", "any", "0"),
      ("stick", "Stick, mm", "1", "any", "?"), ("kerf", "Kerf, mm", "0", "any", "0"),
    ].map { name, label, minimum, step, placeholder -> HTML in
      let required: HTML = name == "count" ? " required" : ""
      return """
        <p><label for="\(name)">\(label)</label><input id="\(name)" name="\(name)" type="number" \
        min="\(minimum)" step="\(step)" placeholder="\(placeholder)" \
        value="\(values[name] ?? "")"\(required)></p>

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

  /// The path of a pattern's cut list, and whether it contains the id.
  static func path(of id: String) -> (path: String, hasID: Bool) {
    // Browsers resolve the segments . and .., even if they are escaped.
    let path = "/patterns/\(id.percentEncoded)/cut-list"
    let isStep = id.isEmpty || id == "." || id == ".."
    return isStep || path.utf8.count > PageLink.longestLink ? ("/cut-list", false) : (path, true)
  }
}
