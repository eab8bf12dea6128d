import CLibrary

extension Double {
  /// The logarithm to the base 2: `log2`.
  package var binaryLogarithm: Double { log2(self) }
}
