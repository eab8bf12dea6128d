/// Words for units of length, by which members state a unit.
package enum LengthUnit {
  package static let millimetres: Set = [
    "mm", "millimeter", "millimeters", "millimetre", "millimetres", "millimètre", "millimètres",
    "millimetro", "millimetri", "milímetro", "milímetros",
  ]
  package static let inches: Set = [
    "in", "ins", "inch", "inches", "\"", "zoll", "pouce", "pouces", "pollice", "pollici", "pulgada",
    "pulgadas",
  ]
  package static let others: Set = [
    "cm", "centimeter", "centimeters", "centimetre", "centimetres", "zentimeter", "dm", "m",
    "meter", "meters", "metre", "metres", "ft", "foot", "feet", "fuß", "yd", "yard", "yards",
    "mil", "mils", "thou", "µm", "μm", "um", "micron", "microns",
  ]

  /// Whether a member with a folded name states a unit.
  package static func isStated(byName folded: String) -> Bool {
    folded.hasPrefix("unit") || folded.hasSuffix("unit") || folded.hasSuffix("units")
      || genericNames.contains(folded)
  }

  /// Folded names of members that may state the unit of any other.
  package static let genericNames = ["uom", "einheit", "einheiten"]

  /// Whether a word is a unit of length other than the millimeter.
  package static func isForeign(_ word: String) -> Bool {
    let word = word.lowercased()
    return inches.contains(word) || others.contains(word)
  }
}
