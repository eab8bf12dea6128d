import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct DecimalTextTests {
  private func integer(_ token: String) -> DecimalText.IntegerResult {
    var token = token
    return token.withUTF8 { DecimalText.integerValue($0) }
  }
  private func double(_ token: String) -> Double {
    var token = token
    return token.withUTF8 { DecimalText.doubleValue($0) }
  }
  private func areEqual(_ left: String, _ right: String) -> Bool {
    var (left, right) = (left, right)
    return left.withUTF8 { left in right.withUTF8 { DecimalText.areEqual(left, $0) } }
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("0.000", 0), ("0e999999999999999999999", 0), ("7", 7), ("-12", -12),
    ("3.0", 3), ("1e2", 100), ("1E+2", 100), ("30e-1", 3), ("-30.00e-1", -3), ("0.05e2", 5),
    ("120e0", 120), ("1200e-2", 12), ("9223372036854775807", Int64.max),
    ("-9223372036854775808", Int64.min), ("9223372036854775807.000", Int64.max),
    ("922337203685477580.7e1", Int64.max), ("1e18", 1_000_000_000_000_000_000),
    ("0.00000000000000000000001e23", 1), ("1000000000000000000000000e-24", 1),
    ("1e00000000002", 100),
  ])
  func wholeNumbersAreReadHoweverWritten(token: String, value: Int64) {
    #expect(integer(token) == .value(value))
  }

  @Test(arguments: [
    ("3.5", DecimalText.IntegerResult.notIntegral), ("1e-1", .notIntegral),
    ("0.1e-999999999999999999999999999", .notIntegral), ("99999999999999999999.5", .notIntegral),
    ("9223372036854775808", .outOfRange), ("-9223372036854775809", .outOfRange),
    ("9999999999999999999", .outOfRange), ("18446744073709551616", .outOfRange),
    ("1e19", .outOfRange),
    ("1e999999999999999999999999999", .outOfRange), ("10e18", .outOfRange),
  ])
  func otherNumbersAreToldApart(token: String, result: DecimalText.IntegerResult) {
    #expect(integer(token) == result)
  }

  @Test(arguments: [
    ("0", 0.0), ("0.1", 0.1), ("7.699999999999999", 7.699999999999999), ("1e22", 1e22),
    ("1e23", 1e23), ("9007199254740993", 9007199254740992),
    ("9007199254740993.0000001", 9007199254740994),
    ("123456789012345678901234567890", 123456789012345678901234567890.0),
    ("1.7976931348623157e308", Double.greatestFiniteMagnitude),
    ("1.7976931348623158079e308", Double.greatestFiniteMagnitude),
    ("1.7976931348623159e308", .infinity),
    ("-1e400", -.infinity), ("1e999999999999999999999999", .infinity),
    ("4.9406564584124654e-324", .leastNonzeroMagnitude),
    ("2.4703282292062328e-324", .leastNonzeroMagnitude),
    ("2.47e-324", 0), ("1e-400", 0), ("1e-999999999999999999999999", 0),
    ("2.2250738585072011e-308", Double.leastNormalMagnitude.nextDown),
  ])
  func theNearestDoubleIsFound(token: String, value: Double) {
    #expect(double(token) == value)
  }

  /// The flag says whether a column of numbers can hold the token.
  @Test(arguments: [
    ("0", true), ("-0.0", true), ("0e99", true), ("2.5", true), ("1e400", true), ("1e30", true),
    ("0.1234567890123456", true), ("0.10000000000000001", true), ("7.699999999999999", true),
    ("9007199254740992", true), ("9007199254740992.000", true), ("123456789012345680000", true),
    ("0.300000000000000044", false), ("9007199254740993", false), ("12345678901234567890", false),
    ("0.1234567890123456789", false), ("1e-400", false),
    ("1000000000000000000000000000001", false),
  ])
  func numbersThatAreKept(token: String, isKept: Bool) {
    var token = token
    token.withUTF8 { token in
      #expect(DecimalText.isKept(token, as: DecimalText.doubleValue(token)) == isKept)
    }
  }

  @Test func theSignOfZeroIsKept() {
    #expect(double("-0.0").sign == .minus)
    #expect(double("-1e-500").sign == .minus)
    #expect(double("0.0").sign == .plus)
  }

  @Test func aDigitFarBehindDecidesATie() {
    let tie = "9007199254740993." + String(repeating: "0", count: 2000)
    #expect(double(tie + "0") == 9_007_199_254_740_992)
    #expect(double(tie + "1") == 9_007_199_254_740_994)
  }

  @Test func doublesAgreeWithTheStandardLibrary() {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<20_000 {
      let token = token(&random, exponents: 340)
      #expect(double(token).bitPattern == Double(token)?.bitPattern, "\(token)")
    }
  }

  @Test func everyShortestTextReadsBack() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      #expect(double(value.description).bitPattern == value.bitPattern)
    }
  }

  @Test(arguments: [
    ("1.0", "1"), ("10e-1", "1"), ("-0", "0"), ("0e5", "0.00"), ("0.001", "1E-3"),
    ("12.50", "1250e-2"),
    ("1e999999999999999999999", "1.0E+999999999999999999999"), ("100e00000000000000000000", "1e2"),
  ])
  func spellingsOfOneNumberAreEqual(left: String, right: String) {
    #expect(areEqual(left, right) && areEqual(right, left))
  }

  @Test(arguments: [
    ("1", "-1"), ("1", "10"), ("0", "1e-999999999999999999999"), ("12", "1.3e1"), ("1e5", "1e-5"),
    ("1e999999999999999999999", "1e999999999999999999998"),
    ("1e999999999999999999999", "1e-999999999999999999999"),
    ("123456789012345678901234567890", "123456789012345678901234567891"),
  ])
  func otherNumbersAreNot(left: String, right: String) {
    #expect(!areEqual(left, right) && !areEqual(right, left))
  }

  @Test func shiftingThePointLeavesANumberEqual() {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<5_000 {
      let digits = String(random.int(1...999_999_999))
      let exponent = random.int(-30...30)
      let zeros = random.int(0...12)
      let plain = "\(digits)e\(exponent)"
      let padded = "\(digits)\(String(repeating: "0", count: zeros)).00e\(exponent - zeros)"
      let small =
        "0.\(String(repeating: "0", count: zeros))\(digits)e\(exponent + zeros + digits.count)"
      #expect(areEqual(plain, padded) && areEqual(plain, small), "\(plain) \(padded) \(small)")
      #expect(!areEqual(plain, "\(digits)e\(exponent + 1)"))
      #expect(!areEqual(plain, "\(digits)1e\(exponent)"))
      #expect(integer(plain) == integer(padded) && integer(plain) == integer(small))
    }
  }

  @Test func wholeNumbersAgreeWithExactArithmetic() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<5_000 {
      let value = Int64(bitPattern: random.next()) >> Int64(random.int(0...62))
      #expect(integer(String(value)) == .value(value))
      let scale = random.int(1...20)
      let zeros = String(repeating: "0", count: scale)
      #expect(integer("\(value)\(zeros)e-\(scale)") == .value(value))
      #expect(integer("\(value).\(zeros)") == .value(value))
      #expect(integer("\(value).\(zeros)1") == .notIntegral)
    }
  }

  private func token(_ random: inout SeededGenerator, exponents: Int) -> String {
    var token = random.chance(30) ? "-" : ""
    let digits = random.int(1...(random.chance(10) ? 60 : 19))
    for index in 0..<digits {
      token += String(random.int(index == 0 && digits > 1 ? 1...9 : 0...9))
    }
    if random.chance(60) {
      token += "."
      for _ in 0..<random.int(1...(random.chance(10) ? 60 : 8)) {
        token += String(random.int(0...9))
      }
    }
    if random.chance(50) {
      token += random.pick(["e", "E", "e+", "e-", "E-"]) + String(random.int(0...exponents))
    }
    return token
  }
}
