/// The meanings of the codes of a migration's issues, in the words of `Documentation/Input.md`.
enum IssueMeanings {
  /// The codes, with their meanings.
  static let table: [(codes: String, meaning: String)] = [
    ("input.unreadable", "the file or directory may not be read, or is gone"),
    ("input.nothing-found", "there is no file to read in the source; belongs to no entity"),
    ("input.not-read", "a file that looks like data is not read; belongs to no entity"),
    ("input.copy", "a file is a copy of the one next to it; belongs to no entity"),
    (
      "mapping.skipped",
      "objects of a file are not entities, as a rule of a mapping says; belongs to no "
        + "entity"
    ),
    ("input.changed", "a large file changed while it was being read; belongs to no entity"),
    (
      "source.unreadable, source.changed",
      "the source could not be read any further, so the run stopped; belong to no "
        + "entity"
    ),
    (
      "source.too-large, system.no-thread",
      "the source is too large for a dry run; the system refused a thread: the run "
        + "stopped; belong to no entity"
    ),
    ("input.encoding", "neither UTF-8 nor UTF-16 with a mark"),
    ("input.empty", "the file holds nothing"),
    ("input.too-large", "one entity has more than 64 MiB"),
    ("input.loop", "a link leads back to a directory it is in, or to one that was followed before"),
    ("json.syntax, json.depth", "not JSON; nested deeper than 512"),
    ("json.duplicate-key", "a member appears twice in an entity, or around entities"),
    ("shape.not-object", "an entity is no object"),
    (
      "shape.wrapper",
      "the file is an object around entities, or the name of a member became an id; belongs to no "
        + "entity"
    ),
    ("shape.ambiguous", "it is open which of a file's collections are the entities"),
    (
      "id.missing, id.derived, id.number, id.mismatch",
      "no id (and none may be derived); one was derived; the id is a number; the id "
        + "disagrees with the dictionary's key"
    ),
    (
      "field.missing, field.type, field.empty, field.range, field.format, field.unknown-value",
      "a required member is absent; a value has another type, is empty, out of range, of another "
        + "form, or not a known one"
    ),
    ("id.alias, field.column-name", "a member was read under another name"),
    ("field.look-alike", "a member that is not read is almost named as one that is absent"),
    (
      "field.unit",
      "a member that is not read states inches or another unit, and the fields beside it are read "
        + "as millimeters"
    ),
    ("time.derived", "a mapping derived a time that the source does not record"),
    ("field.not-derived", "a mapping could not derive a value"),
    ("time.order", "an end before its start"),
    ("reference.missing", "it refers to what is neither in the database nor migrated in this run"),
    (
      "duplicate.identical, duplicate.differs",
      "the id is in the database already, or the same bytes are under another id"
    ),
    ("store.rejected", "the database refused the row"),
    ("store.incomplete", "of no entity: the database lacks a table, which the run creates"),
    (
      "store.unforeseen",
      "of no entity, in a dry run only: the outcome is not certain, and because of "
        + "what"
    ),
    (
      "store.locked",
      "of no entity, in a dry run only: another process is writing now, and a run "
        + "would be refused until that ends"
    ),
  ]
}
