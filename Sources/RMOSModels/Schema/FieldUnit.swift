/// The unit of a field's numbers; the raw value is for messages.
package enum FieldUnit: String, Sendable {
  case millimeters = "mm"
  case seconds = "seconds"
  case percent = "%"

  /// The words by which members and people state the unit, in lower case.
  package var words: Set<String> {
    switch self {
    case .millimeters: Self.millimeterWords
    case .seconds: Self.secondWords
    case .percent: ["%"]
    }
  }

  /// The words for other units of the same quantity.
  package var otherWords: Set<String> {
    switch self {
    case .millimeters: Self.inches.union(Self.otherLengths)
    case .seconds: Self.otherTimes
    case .percent: []
    }
  }

  private static let millimeterWords: Set = [
    "mm", "millimeter", "millimeters", "millimetre", "millimetres", "millimètre", "millimètres",
    "millimetro", "millimetri", "milímetro", "milímetros",
  ]
  private static let secondWords: Set = [
    "s", "sec", "secs", "second", "seconds", "sekunde", "sekunden", "seconde", "secondes",
    "secondi", "segundo", "segundos",
  ]
  /// The words for inches, which a mapping converts.
  package static let inches: Set = [
    "in", "ins", "inch", "inches", "\"", "zoll", "pouce", "pouces", "pollice", "pollici", "pulgada",
    "pulgadas",
  ]
  private static let otherLengths: Set = [
    "cm", "centimeter", "centimeters", "centimetre", "centimetres", "zentimeter", "dm", "m",
    "meter", "meters", "metre", "metres", "ft", "foot", "feet", "fuß", "yd", "yard", "yards",
    "mil", "mils", "thou", "µm", "μm", "um", "micron", "microns",
  ]
  private static let otherTimes: Set = [
    "us", "microsecond", "microseconds", "ns", "nanosecond", "nanoseconds", "ms", "msec", "msecs",
    "millis", "millisecond", "milliseconds", "millisekunden", "m", "min", "mins", "minute",
    "minutes", "minuten", "minuti", "minutos", "h", "hr", "hrs", "hour", "hours", "std",
    "stunde", "stunden", "heure", "heures", "ore", "horas", "d", "day", "days", "tag", "tage",
  ]

  /// Whether a word is one for any unit.
  package static func isKnown(_ word: String) -> Bool {
    let word = word.lowercased()
    return [millimeters, seconds].contains {
      $0.words.contains(word) || $0.otherWords.contains(word)
    }
  }

  /// Whether a member with a folded name states a unit.
  package static func isStated(byName folded: String) -> Bool {
    folded.hasPrefix("unit") || folded.hasSuffix("unit") || folded.hasSuffix("units")
      || genericNames.contains(folded)
  }

  /// Folded names of members that may state the unit of any other.
  package static let genericNames = ["uom", "einheit", "einheiten"]
}

extension FieldUnit {
  /// Creates the unit with which the name of a field ends; `nil` if there is none.
  package init?(ofFieldNamed name: String) {
    if name.hasSuffix("_mm") {
      self = .millimeters
    } else if name.hasSuffix("_seconds") {
      self = .seconds
    } else if name.hasSuffix("_percent") || name.hasSuffix("_percentage") {
      self = .percent
    } else {
      return nil
    }
  }
}

extension FieldSchema {
  /// The unit of the field's numbers; `nil` if it has none.
  package var unit: FieldUnit? { FieldUnit(ofFieldNamed: member) }
}
