/// What kind of work a job is.
///
/// An open set: applications may add types of their own.
///
/// ```swift
/// let known = JobType.slice
/// let own: JobType = "inlay_routing"
/// print(own.isKnown)  // false
/// ```
public struct JobType: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The type's text, such as `slice`.
  public let rawValue: String

  /// A type from its text.
  public init(rawValue: String) { self.rawValue = rawValue }
  /// A type from its text.
  public init(stringLiteral value: String) { self.init(rawValue: value) }

  /// The type's text.
  public var description: String { rawValue }

  /// Cutting strips into slices.
  public static let slice: JobType = "slice"
  /// Several slices in one go.
  public static let batch: JobType = "batch"
  /// Cutting a contour.
  public static let contour: JobType = "contour"
  /// Putting pieces together.
  public static let assembly: JobType = "assembly"
  /// Slicing all strips of a rosette.
  public static let rosetteSliceBatch: JobType = "rosette_slice_batch"
  /// Computing a rosette's pattern.
  public static let rosettePatternGeneration: JobType = "rosette_pattern_generation"
  /// Drawing a rosette.
  public static let rosettePreview: JobType = "rosette_preview"
  /// Writing a rosette's machine program.
  public static let rosetteCNCExport: JobType = "rosette_cnc_export"
  /// Dividing a rosette's rings into segments.
  public static let rosetteSegmentation: JobType = "rosette_segmentation"
  /// Checking a rosette.
  public static let rosetteValidation: JobType = "rosette_validation"
  /// Simulating a rosette's machine program.
  public static let rosetteCNCSimulation: JobType = "rosette_cnc_simulation"

  /// The types the RMOS applications know.
  public static let known: [JobType] = [
    slice, batch, contour, assembly, rosetteSliceBatch, rosettePatternGeneration, rosettePreview,
    rosetteCNCExport, rosetteSegmentation, rosetteValidation, rosetteCNCSimulation,
  ]

  /// Whether the RMOS applications know the type.
  public var isKnown: Bool { JobType.known.contains(self) }
}
