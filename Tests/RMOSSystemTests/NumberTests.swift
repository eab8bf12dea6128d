import RMOSSystem
import Testing

@Suite struct NumberTests {
  @Test(
    arguments: [
      ("0", 0), ("007", 7), ("9223372036854775807", Int64.max), ("9223372036854775808", nil),
      ("", nil), ("+1", nil), ("-1", nil), (" 1", nil), ("1 ", nil), ("1.0", nil), ("0x1", nil),
      ("1_0", nil), ("\u{661}", nil),
    ] as [(String, Int64?)])
  func aWholeNumberHasDigitsAlone(_ text: String, _ expected: Int64?) {
    #expect(text.wholeNumber == expected)
    #expect(text[...].wholeNumber == expected)
  }

  @Test(
    arguments: [
      ("0", 0), ("2.50", 2.5), (".5", 0.5), ("", nil), (".", nil), ("1.2.3", nil), ("+1", nil),
      ("-1", nil), (" 1", nil), ("1e3", nil), ("0x10", nil), ("nan", nil), ("inf", nil),
      (String(repeating: "9", count: 400), nil),
    ] as [(String, Double?)])
  func aDecimalNumberHasAtMostAPoint(_ text: String, _ expected: Double?) {
    #expect(text.decimalNumber == expected)
  }
}
