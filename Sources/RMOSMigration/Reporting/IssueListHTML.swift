import RMOSHTML
import RMOSModels

/// The issues of a report by code: each problem once, and every issue in a disclosure.
struct IssueListHTML {
  /// The maximum number of groups shown per code.
  private static let groupsShown = 10

  private let report: MigrationReport
  private let issues: [IssueCode: [Issue]]

  init(_ report: MigrationReport) {
    self.report = report
    issues = Dictionary(grouping: report.issues, by: \.code)
  }

  /// Hides issues that lack one of the words typed; without scripts, the list is complete and the
  /// field hidden.
  static let script = """

    (()=>{const box=document.getElementById("filter"),form=document.getElementById("filter-form"),
    count=document.getElementById("filter-count"),
    groups=[...document.querySelectorAll(".group")].map(group=>({group,
    more:group.querySelector("details"),all:group.textContent.toLowerCase(),
    head:group.querySelector("h3").textContent.toLowerCase()+" ",
    ways:[...group.querySelectorAll("li.way")],
    issues:[...group.querySelectorAll("li:not(.way)")].map(item=>({item,
    text:item.textContent.toLowerCase()}))}));
    let timer=0;const apply=()=>{const words=box.value.toLowerCase().split(/\\s+/).filter(w=>w);
    let shown=0;for(const g of groups){let hits=0,deep=false;for(const i of g.issues){
    const text=g.head+i.text,hit=words.every(w=>text.includes(w));i.item.hidden=!hit;
    if(hit){hits++;if(g.more&&g.more.contains(i.item))deep=true}}
    for(const w of g.ways)w.hidden=words.length>0;
    g.group.hidden=words.length>0&&hits===0&&!(g.issues.length===0&&
    words.every(w=>g.all.includes(w)));
    if(g.more){g.more.hidden=words.length>0&&!deep;g.more.open=words.length>0&&deep}shown+=hits}
    count.textContent=words.length?shown.toLocaleString("en")+" shown":""};
    box.addEventListener("input",()=>{clearTimeout(timer);timer=setTimeout(apply,120)});
    form.hidden=false})();

    """

  /// Writes the section.
  func write(to stream: inout some TextOutputStream) {
    let head: HTML = """
      <section aria-labelledby="issues">
      <h2 id="issues">Issues</h2>
      <p>\(report.codeGroups.isEmpty ? "None." : report.severitySentence + ".")\(omission)</p>

      """
    stream.write(head.markup)
    if !report.issues.isEmpty {
      stream.write(
        """
        <div class="filter" id="filter-form" role="search" hidden>\
        <label for="filter">Filter the issues</label> \
        <input id="filter" type="search" autocomplete="off" placeholder="code, file, id, words"> \
        <output id="filter-count" for="filter"></output></div>

        """)
    }
    for code in report.codeGroups { write(code, to: &stream) }
    stream.write("</section>\n")
  }

  private var omission: String {
    guard report.issuesOmitted > 0 else { return "" }
    return
      " These are the first \(PlainText.grouped(report.issues.count)) errors and warnings; the "
      + "other \(PlainText.grouped(report.issuesOmitted)) are only counted."
  }

  private func write(
    _ code: MigrationReport.CodeGroup, to stream: inout some TextOutputStream
  ) {
    let severity: HTML =
      switch code.severity {
      case .error: "<span class=\"error\">✗ error</span>"
      case .warning: "<span class=\"warning\">! warning</span>"
      case .info: "<span class=\"dim\">note</span>"
      }
    let head: HTML = """
      <article class="group">
      <h3>\(severity) <code>\(code.code.rawValue)</code> \
      <span class="n">\(PlainText.grouped(code.count))</span></h3>

      """
    stream.write(head.markup)
    let groups = report.issueGroups(of: code).prefix(Self.groupsShown)
    if !groups.isEmpty {
      stream.write("<ol class=\"issues\">\n")
      for group in groups {
        stream.write((group.count == 1 ? item(group.firsts[0], of: code) : item(group)).markup)
      }
      stream.write("</ol>\n")
      // An issue that is alone in its group has been written already.
      let single = Set(groups.filter { $0.count == 1 }.map { $0.firsts[0] })
      let others = (issues[code.code] ?? []).filter {
        $0.severity == code.severity && !single.contains($0)
      }
      writeAll(others, of: code, to: &stream)
      let omitted = code.count - single.count - others.count
      if omitted > 0 {
        stream.write(
          "<p class=\"dim\">… and \(PlainText.grouped(omitted)) more, not listed.</p>\n")
      }
    }
    stream.write("</article>\n")
  }

  private func writeAll(
    _ issues: [Issue], of code: MigrationReport.CodeGroup, to stream: inout some TextOutputStream
  ) {
    guard !issues.isEmpty else { return }
    stream.write("<details>\n<summary>Each of \(PlainText.grouped(issues.count))")
    stream.write("</summary>\n<ol class=\"issues\">\n")
    for issue in issues { stream.write(item(issue, of: code).markup) }
    stream.write("</ol>\n</details>\n")
  }

  /// A group of issues: their number, their common directory and the first places.
  private func item(_ group: IssueGroups.Group) -> HTML {
    let within: HTML = group.narrowPlace.map { ", all in <code>\($0)</code>" } ?? ""
    let places = group.firsts.enumerated().map { index, issue -> HTML in
      let place = issue.place.isEmpty ? issue.id ?? "" : issue.place
      return (index == 0 ? "" : " · ") + "<code>\(place)</code>"
    }
    let mark = report.mark(of: group.firsts[0]).map { ", \($0)" } ?? ""
    let rest: HTML = group.count > group.firsts.count ? " · …" : ""
    return """
      <li class="way">\(group.message)<div class="place"><strong>\(group.subject)\(mark)</strong>\
      \(within): \(places)\(rest)</div></li>

      """
  }

  private func item(_ issue: Issue, of code: MigrationReport.CodeGroup) -> HTML {
    var facts: [HTML] = []
    if !issue.place.isEmpty { facts.append("<code>\(issue.place)</code>") }
    if let id = issue.id { facts.append("id <code>\(id)</code>") }
    if let pointer = issue.pointer, !pointer.isEmpty { facts.append("at <code>\(pointer)</code>") }
    if let mark = report.mark(of: issue) { facts.append("\(mark)") }
    let places = facts.enumerated().map { index, fact in index == 0 ? fact : " · " + fact }
    let place: HTML = places.isEmpty ? "" : "<div class=\"place\">\(places)</div>"
    let name = issue.severity.rawValue
    let severity: HTML =
      issue.severity == code.severity ? "" : "<span class=\"\(name)\">\(name):</span> "
    return "<li>\(severity)\(issue.message)\(place)</li>\n"
  }
}
