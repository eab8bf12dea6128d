// Numbers: checked against the grammar, never converted here.

extension JSONScanner {
  @inline(__always)
  func scanNumber(
    from start: UnsafePointer<UInt8>
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    var p = start
    if p.pointee == UInt8(ascii: "-") { p += 1 }
    if p.pointee == UInt8(ascii: "0") {
      p += 1
    } else {
      try scanDigits(&p)
    }
    if p.pointee == UInt8(ascii: ".") {
      p += 1
      try scanDigits(&p)
    }
    if p.pointee | 0x20 == UInt8(ascii: "e") {
      p += 1
      if p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { p += 1 }
      try scanDigits(&p)
    }
    return p
  }

  @inline(__always)
  private func scanDigits(_ p: inout UnsafePointer<UInt8>) throws(JSONScanError) {
    guard p.pointee &- UInt8(ascii: "0") < 10 else { throw unexpected(at: p, .digit) }
    repeat { p += 1 } while p.pointee &- UInt8(ascii: "0") < 10
  }
}
