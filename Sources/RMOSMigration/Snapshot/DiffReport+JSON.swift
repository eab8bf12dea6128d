import RMOSModels

extension DiffReport {
  /// The report as a JSON object: `success` (whether no more differs than `limits` allow),
  /// `source`, `database`, `counts` (per kind and `total`), `nothing_found` (a message where there
  /// was no file to read in the source, else null), `limits`, `entries` and `entries_omitted`.
  ///
  /// - Parameter limits: How much may differ.
  /// - Returns: The text, without a line break at its end.
  public func json(limits: Limits = Limits()) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object { writer in
      writer.member("success", isWithin(limits))
      writer.member("source", source)
      writer.member("database", database)
      writer.member("counts") {
        $0.object {
          for kind in EntityKind.allCases { $0.member(kind.rawValue, self[kind]) }
          $0.member("total", total)
        }
      }
      writer.member("nothing_found", nothingFound)
      writer.member("limits") {
        $0.object {
          $0.member("only_in_source", limits.onlyInSource)
          $0.member("only_in_database", limits.onlyInDatabase)
          $0.member("different", limits.different)
          if limits.allowsEmptySource { $0.member("allow_empty", true) }
        }
      }
      writer.member("entries") {
        $0.array {
          for entry in entries { $0.entry(entry) }
        }
      }
      writer.member("entries_omitted", entriesOmitted)
    }
    return writer.text
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: String, _ counts: DiffReport.Counts) {
    member(name) {
      $0.object {
        $0.member("equal", counts.equal)
        $0.member("different", counts.different)
        $0.member("only_in_source", counts.onlyInSource)
        $0.member("only_in_database", counts.onlyInDatabase)
        $0.member("invalid", counts.invalid)
        $0.member("repeated", counts.repeated)
      }
    }
  }

  fileprivate mutating func entry(_ entry: DiffReport.Entry) {
    object { writer in
      writer.member("category", entry.category.rawValue)
      writer.member("kind", entry.kind.rawValue)
      writer.member("id", entry.id)
      writer.member("path", entry.path)
      switch entry.locator {
      case .index(let number), .line(let number): writer.member("locator", number)
      case .key(let key): writer.member("locator", key)
      case nil: writer.member("locator") { $0.null() }
      }
      writer.member("line", entry.line)
      writer.member("changed", entry.change?.rawValue)
      writer.member("run", entry.run)
      writer.member("fields") {
        $0.array {
          for difference in entry.differences {
            $0.object {
              $0.member("member", difference.member)
              $0.member("source", difference.source)
              $0.member("database", difference.database)
            }
          }
        }
      }
      writer.member("problem", entry.problem)
    }
  }
}
