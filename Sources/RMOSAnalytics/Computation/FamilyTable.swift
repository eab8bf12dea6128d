import RMOSModels
import RMOSStore

/// The columns of strip families that figures need, and the stock.
///
/// A strip family is identified by its index; strip families that only jobs name have indices too,
/// after those of the store.
final class FamilyTable {
  private var ids: InternedTexts
  /// The ids, including those that only jobs name, once no more are inserted.
  private(set) var sortedIDs = SortedTexts(InternedTexts())
  /// The number of strip families in the store.
  var count: Int { materialOf.count }
  private(set) var materials = SpellingTable()
  private(set) var suppliers = SpellingTable()
  /// The material of each strip family; -1 if it is not known.
  private var materialOf: [Int32] = []
  /// The supplier of each strip family; -1 if it is not known.
  private var supplierOf: [Int32] = []
  /// The width of each strip family.
  private var widths: RepeatedNumbers<Double>
  /// The thickness of each strip family.
  private var thicknesses: RepeatedNumbers<Double>
  private var stock: [StockSums] = []
  /// The materials exactly as they are stored.
  private var spellings = InternedTexts()
  private var familiesBySupplier: [Int] = []
  private var widthCounts: [Double: Int] = [:]
  private var thicknessCounts: [Double: Int] = [:]

  /// Reads all strip families.
  init(reading rows: RowReader) throws {
    let count = try rows.count(.stripFamilies)
    ids = InternedTexts(capacity: count)
    widths = RepeatedNumbers(capacity: count)
    thicknesses = RepeatedNumbers(capacity: count)
    materialOf.reserveCapacity(count)
    supplierOf.reserveCapacity(count)
    let json = JSONMemberReader()
    let members = [
      "id", "strip_width_mm", "strip_thickness_mm", "material_type", "strips", "metadata",
    ]
    try rows.forEach(.stripFamilies, members) { values in
      _ = ids.insertRow(values[0].text)
      let (width, thickness) = (values[1].measure, values[2].measure)
      widths.append(width)
      thicknesses.append(thickness)
      if let width { widthCounts[Self.rounded(width), default: 0] += 1 }
      if let thickness { thicknessCounts[Self.rounded(thickness), default: 0] += 1 }
      supplierOf.append(addSupplier(in: values[5], json))
      guard let material = materials.insert(values[3].text) else {
        materialOf.append(-1)
        return
      }
      materialOf.append(material)
      if material == stock.count { stock.append(StockSums()) }
      let strips = StripSums(reading: values[4], json)
      if let text = values[3].text {
        let known = spellings.count
        if spellings.insert(text) == known { stock[Int(material)].spellings += 1 }
      }
      stock[Int(material)].add(strips, width: width, thickness: thickness)
    }
  }

  private func addSupplier(in metadata: Value, _ json: JSONMemberReader) -> Int32 {
    let name = json.member("supplier", of: metadata) { (value) throws(JSONScanError) in
      try value.text()
    }
    guard let supplier = suppliers.insert(name) else { return -1 }
    if supplier == familiesBySupplier.count { familiesBySupplier.append(0) }
    familiesBySupplier[Int(supplier)] += 1
    return supplier
  }

  /// Returns a size rounded to 0.05 mm, within which sizes are the same to a luthier.
  private static func rounded(_ size: Double) -> Double {
    let steps = (size * 20).rounded()
    return steps.isFinite ? steps / 20 : size
  }

  var indices: Range<Int> { 0..<count }

  /// Returns the index of a strip family; `nil` if neither the store nor a job read so far has its
  /// id.
  func index(of id: Value) -> Int? { id.text.flatMap { ids.index(of: $0) } }

  /// Returns the index of a strip family that a job names, and adds the family if it is new.
  func insert(_ id: String) -> Int { ids.insert(id) }

  /// Ends the insertion of strip families, so that the table takes less memory.
  func endInsertion() {
    sortedIDs = SortedTexts(ids)
    ids = InternedTexts()
  }

  /// Returns the material of a strip family; -1 if it is not known.
  func material(of index: Int) -> Int32 { materialOf[index] }

  /// Returns the supplier of a strip family; -1 if it is not known.
  func supplier(of index: Int) -> Int32 { supplierOf[index] }

  /// Returns a measure of a strip family; `nil` if it is not known.
  func measure(_ measure: Measure, _ index: Int) -> Double? {
    switch measure {
    case .familyStripWidthMM: widths[index]
    case .familyStripThicknessMM: thicknesses[index]
    default: nil
    }
  }

  // MARK: Figures

  // These figures do not depend on jobs, so they are computed once for all reports.

  /// The indices of the strip families in byte order of their ids.
  var inByteOrder: some Sequence<Int> {
    sortedIDs.inByteOrder.lazy.map { Int($0) }.filter { $0 < self.count }
  }
  private(set) lazy var materialNames = materials.names
  private(set) lazy var materialsInByteOrder = materialNames.inByteOrder
  private(set) lazy var supplierNames = suppliers.names
  private(set) lazy var suppliersInByteOrder = supplierNames.inByteOrder
  private(set) lazy var stockFigures = materialsInByteOrder.map { material in
    let name = materialNames[Int(material)]
    return stock[Int(material)].figures(name, isSpelled: spellings.index(of: name) != nil)
  }
  private(set) lazy var widthFigures = Self.figures(widthCounts)
  private(set) lazy var thicknessFigures = Self.figures(thicknessCounts)

  private static func figures(_ counts: [Double: Int]) -> [Grouped<Double, Int>] {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { Grouped($0.key, $0.value) }
  }

  /// Returns the number of strip families of a supplier.
  func families(ofSupplier supplier: Int) -> Int { familiesBySupplier[supplier] }
}

/// The totals of the strips of one family.
struct StripSums {
  var count = 0
  var quantity = 0.0
  var withoutLength = 0
  var length = 0.0

  /// Reads a column `strips`; a value that is not JSON has no strips.
  init(reading strips: Value, _ json: JSONMemberReader) {
    var sums = StripSums()
    let isRead = json.read(strips) { (cursor) throws(JSONScanError) in
      _ = try cursor.forEachElement { (strip) throws(JSONScanError) in
        var (length, quantity): (Double??, Double??) = (nil, nil)
        try strip.forEachMember { (member, value) throws(JSONScanError) in
          switch member {
          case "length_mm" where length == nil: length = .some(try value.measure())
          case "quantity" where quantity == nil: quantity = .some(try value.measure())
          default: try value.skip()
          }
        }
        sums.add(length: length ?? nil, quantity: (quantity ?? nil) ?? 1)
      }
    }
    self = isRead ? sums : StripSums()
  }

  private init() {}

  private mutating func add(length: Double?, quantity: Double) {
    count += 1
    self.quantity += quantity
    if let length { self.length += quantity * length } else { withoutLength += 1 }
  }
}

/// The totals of the strips of one material.
private struct StockSums {
  /// The number of different spellings of the material.
  var spellings = 0
  private var families = 0
  private var strips = 0
  private var withoutLength = 0
  private var quantity = ExactSum()
  private var (length, area, volume) = (KnownSum(), KnownSum(), KnownSum())

  mutating func add(_ sums: StripSums, width: Double?, thickness: Double?) {
    families += 1
    strips += sums.count
    withoutLength += sums.withoutLength
    if sums.quantity.isFinite { quantity.add(sums.quantity) }
    guard sums.count > sums.withoutLength else { return }
    length.add(sums.length)
    guard let width else { return }
    area.add(sums.length * width)
    guard let thickness else { return }
    volume.add(sums.length * width * thickness)
  }

  func figures(_ material: String, isSpelled: Bool) -> MaterialFigures.Stock {
    MaterialFigures.Stock(
      material: material, isSpelledAlike: isSpelled && spellings == 1, families: families,
      strips: strips, quantity: quantity.value, stripsWithoutLength: withoutLength,
      totalLengthMM: length.value(), areaCM2: area.value(in: 100), volumeCM3: volume.value(in: 1000)
    )
  }
}
