/// A stable name for a kind of issue.
///
/// Codes are API: programs may rely on them. The codes that programs usually distinguish are
/// constants; any other is created as in `IssueCode(rawValue: "field.range")`.
/// `Documentation/Input.md` lists them all.
public struct IssueCode: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The code's text, such as `field.missing`.
  public let rawValue: String

  /// Creates a code.
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ rawValue: String) { self.rawValue = rawValue }

  /// The code's text.
  public var description: String { rawValue }

  /// The file or directory cannot be read.
  public static let inputUnreadable = IssueCode("input.unreadable")
  /// The bytes are neither UTF-8 nor UTF-16 with a byte-order mark.
  public static let inputEncoding = IssueCode("input.encoding")
  /// The file is empty.
  public static let inputEmpty = IssueCode("input.empty")
  /// One entity is larger than 64 MiB.
  public static let inputTooLarge = IssueCode("input.too-large")
  /// A symbolic link leads back to a directory that is being read.
  public static let inputLoop = IssueCode("input.loop")
  /// The source has no file to read.
  public static let inputNothingFound = IssueCode("input.nothing-found")
  /// A file of the source that looks like data is not read.
  public static let inputNotRead = IssueCode("input.not-read")
  /// A file is a copy of another, which is read before it.
  public static let inputCopy = IssueCode("input.copy")
  /// A file changed while it was being read.
  public static let inputChanged = IssueCode("input.changed")
  /// Objects of a file are not entities, as a rule of a mapping says.
  public static let mappingSkipped = IssueCode("mapping.skipped")
  /// The source could not be read further; the run stopped.
  public static let sourceUnreadable = IssueCode("source.unreadable")
  /// The source changed while it was being read; the run stopped.
  public static let sourceChanged = IssueCode("source.changed")
  /// The source is too large for a dry run, which stopped.
  public static let sourceTooLarge = IssueCode("source.too-large")
  /// The system refused a thread; the run stopped.
  public static let noThread = IssueCode("system.no-thread")
  /// The text is not valid JSON (RFC 8259).
  public static let jsonSyntax = IssueCode("json.syntax")
  /// The JSON is nested deeper than 512 levels.
  public static let jsonDepth = IssueCode("json.depth")
  /// An entity has two members with the same name.
  public static let jsonDuplicateKey = IssueCode("json.duplicate-key")
  /// An entity is not a JSON object.
  public static let shapeNotObject = IssueCode("shape.not-object")
  /// The file is an object around the entities.
  public static let shapeWrapper = IssueCode("shape.wrapper")
  /// More than one of a file's collections may be the entities.
  public static let shapeAmbiguous = IssueCode("shape.ambiguous")
  /// The entity has no id, and ids are not derived.
  public static let idMissing = IssueCode("id.missing")
  /// The entity has no id; one was derived from its place.
  public static let idDerived = IssueCode("id.derived")
  /// The id is a number; its text is used.
  public static let idNumber = IssueCode("id.number")
  /// The id begins or ends with white space.
  public static let idWhiteSpace = IssueCode("id.white-space")
  /// Another member was read as the id.
  public static let idAlias = IssueCode("id.alias")
  /// The entity's id differs from its key in the dictionary.
  public static let idMismatch = IssueCode("id.mismatch")
  /// A required member is absent or null.
  public static let fieldMissing = IssueCode("field.missing")
  /// A value has the wrong type.
  public static let fieldType = IssueCode("field.type")
  /// A value is blank or empty.
  public static let fieldEmpty = IssueCode("field.empty")
  /// A number is out of range.
  public static let fieldRange = IssueCode("field.range")
  /// A text has the wrong format.
  public static let fieldFormat = IssueCode("field.format")
  /// A text is not one of the known values.
  public static let fieldUnknownValue = IssueCode("field.unknown-value")
  /// A mapping could not derive a value from what the source has.
  public static let fieldNotDerived = IssueCode("field.not-derived")
  /// A mapping derived a time that the source does not record.
  public static let timeDerived = IssueCode("time.derived")
  /// A member was read under its column's name.
  public static let fieldColumnName = IssueCode("field.column-name")
  /// The name of an unknown member differs from the name of an absent one only in case, `_`, `-`
  /// and spaces.
  public static let fieldLookAlike = IssueCode("field.look-alike")
  /// An unknown member states another unit of length than the one its entity's fields are in.
  public static let fieldUnit = IssueCode("field.unit")
  /// An end is before its start.
  public static let timeOrder = IssueCode("time.order")
  /// The referenced entity is neither in the store nor migrated by this run.
  public static let referenceMissing = IssueCode("reference.missing")
  /// The entity is already in the store, with the same content.
  public static let duplicateIdentical = IssueCode("duplicate.identical")
  /// The id is already in the store, with other content.
  public static let duplicateDiffers = IssueCode("duplicate.differs")
  /// The store lacks a table; the run creates it.
  public static let storeIncomplete = IssueCode("store.incomplete")
  /// A dry run cannot predict what the store would do.
  public static let storeUnforeseen = IssueCode("store.unforeseen")
  /// Another process is writing to the store; a run would be refused now.
  public static let storeLocked = IssueCode("store.locked")
  /// The store rejected the row.
  public static let storeRejected = IssueCode("store.rejected")
}

extension IssueCode {
  /// Whether an issue with this code is the reason why a run stopped.
  package var endsRun: Bool {
    [.sourceUnreadable, .sourceChanged, .sourceTooLarge, .noThread].contains(self)
  }

  /// Whether issues with this code concern the source as a whole, not an entity.
  package var concernsSource: Bool {
    switch self {
    case .inputLoop, .inputNothingFound, .inputNotRead, .inputCopy, .inputChanged,
      .mappingSkipped, .shapeWrapper, .sourceUnreadable, .sourceChanged, .sourceTooLarge:
      true
    default: false
    }
  }
}
