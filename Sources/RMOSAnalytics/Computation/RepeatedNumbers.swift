/// Numbers, one per row, that may be missing, in two bytes each as long as few of them differ.
///
/// The sizes and counts of a shop's rows repeat, so that millions of them take little memory. Once
/// more than ``mostCodes`` differ, each takes eight bytes.
struct RepeatedNumbers<Number: EightByteNumber> {
  /// The position of each number in ``values``, or ``missing``.
  private var codes: [UInt16] = []
  /// The different numbers; once there are too many, all of them, with ``missingBits`` for missing
  /// ones.
  private var values: [UInt64] = []
  /// The positions in ``values``; `nil` once there are too many numbers.
  private var positions: [UInt64: UInt16]? = [:]

  private static var mostCodes: Int { 4096 }
  private static var missing: UInt16 { .max }
  /// The bits of a NaN and of -1, which do not occur.
  private static var missingBits: UInt64 { .max }

  /// Creates an empty list with room for `capacity` numbers.
  init(capacity: Int = 0) { codes.reserveCapacity(capacity) }

  /// The number at an index; `nil` if it is missing.
  subscript(index: Int) -> Number? {
    if positions == nil {
      return values[index] == Self.missingBits ? nil : Number(bitPattern: values[index])
    }
    return codes[index] == Self.missing ? nil : Number(bitPattern: values[Int(codes[index])])
  }

  /// Appends a number, neither NaN nor negative, or a missing one.
  mutating func append(_ number: Number?) {
    let bits = number?.bitPattern
    if positions == nil { return values.append(bits ?? Self.missingBits) }
    guard let bits else { return codes.append(Self.missing) }
    if let code = positions?[bits] { return codes.append(code) }
    guard values.count < Self.mostCodes else {
      values = codes.map { $0 == Self.missing ? Self.missingBits : values[Int($0)] } + [bits]
      (codes, positions) = ([], nil)
      return
    }
    let code = UInt16(values.count)
    values.append(bits)
    positions?[bits] = code
    codes.append(code)
  }
}

/// A number that its bits represent.
protocol EightByteNumber {
  var bitPattern: UInt64 { get }
  init(bitPattern: UInt64)
}

extension Double: EightByteNumber {}

extension Int64: EightByteNumber {
  var bitPattern: UInt64 { UInt64(bitPattern: self) }
}
