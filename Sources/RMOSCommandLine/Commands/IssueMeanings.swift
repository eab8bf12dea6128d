/// The meanings of the codes of a migration's issues, in the words of `Documentation/Input.md`.
enum IssueMeanings {
  /// All codes.
  static var codes: [String] {
    table.flatMap { $0.codes.split(separator: ", ").map(String.init) }
  }

  /// The codes, with their meanings.
  static let table: [(codes: String, meaning: String)] = [
    ("input.unreadable", "no permission to read the file or directory, or it is gone"),
    ("input.nothing-found", "the source has no file to read; belongs to no entity"),
    ("input.not-read", "a file that looks like data is not read; belongs to no entity"),
    ("input.copy", "a file is a copy of one next to it; belongs to no entity"),
    (
      "mapping.skipped",
      "a rule of a mapping left out objects that are not entities; belongs to no entity"
    ),
    ("input.changed", "a large file changed while it was being read; belongs to no entity"),
    (
      "source.unreadable, source.changed",
      "the source could not be read any further, so the run stopped; belong to no entity"
    ),
    (
      "source.too-large, system.no-thread",
      "the run stopped, because the source is too large for a dry run, or because the system "
        + "refused a thread; belong to no entity"
    ),
    ("input.encoding", "neither UTF-8 nor UTF-16 with a byte-order mark"),
    ("input.empty", "the file is empty"),
    ("input.too-large", "an entity is larger than 64 MiB"),
    (
      "input.loop",
      "a link leads to a directory that contains it, or to one that was followed before"
    ),
    ("json.syntax, json.depth", "not JSON; nested deeper than 512"),
    ("json.duplicate-key", "a member appears twice in an entity, or around entities"),
    ("shape.not-object", "an entity is not a JSON object"),
    (
      "shape.wrapper",
      "the file is an object around entities, or the name of a member became an id; belongs to no "
        + "entity"
    ),
    ("shape.ambiguous", "more than one collection of a file could be the entities"),
    (
      "id.missing, id.derived, id.number, id.white-space, id.mismatch",
      "there is no id, and none may be derived; one was derived; the id is a number, has white "
        + "space around it, or differs from the dictionary's key"
    ),
    (
      "field.missing, field.type, field.empty, field.range, field.format, field.unknown-value",
      "a required member is missing; a value has the wrong type, is empty, out of range, "
        + "malformed, or not a known one"
    ),
    ("id.alias, field.column-name", "a member was read under another name"),
    ("field.look-alike", "a member that is not read almost has the name of a missing one"),
    (
      "field.unit",
      "a member that is not read states inches or another unit, and the fields beside it are read "
        + "as millimeters"
    ),
    ("time.derived", "a mapping derived a time that the source does not record"),
    ("field.not-derived", "a mapping could not derive a value"),
    ("time.order", "an end is before its start"),
    (
      "reference.missing",
      "an entity refers to one that is neither in the database nor migrated by this run"
    ),
    (
      "duplicate.identical, duplicate.differs",
      "the id is already in the database, or the same bytes are there under another id"
    ),
    ("store.rejected", "the database refused the row"),
    (
      "store.incomplete",
      "the database lacks a table or column, which the run creates; belongs to no entity"
    ),
    (
      "store.unforeseen",
      "only in a dry run: the outcome of the run is not certain, and why; belongs to no entity"
    ),
    (
      "store.locked",
      "only in a dry run: another process is writing, and a run would be refused until it ends; "
        + "belongs to no entity"
    ),
  ]
}
