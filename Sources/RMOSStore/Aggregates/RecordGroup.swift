public import RMOSModels

/// Records that have the same values in some members.
public struct RecordGroup: Sendable, Hashable {
  /// What the numbers in one member come to.
  public struct Numbers: Sendable, Hashable {
    /// How many there are.
    public var count = 0
    /// Their sum.
    public var sum = 0.0
    /// The smallest; nil where there is none.
    public var minimum: Double?
    /// The largest; nil where there is none.
    public var maximum: Double?

    /// Their mean; nil where there is none.
    public var average: Double? { count > 0 ? sum / Double(count) : nil }

    /// No numbers.
    public init() {}

    /// Adds a number.
    public mutating func add(_ number: Double) {
      count += 1
      sum += number
      minimum = Swift.min(minimum ?? number, number)
      maximum = Swift.max(maximum ?? number, number)
    }

    /// Adds all of `other`.
    public mutating func add(_ other: Numbers) {
      count += other.count
      sum += other.sum
      minimum = [minimum, other.minimum].compactMap { $0 }.min()
      maximum = [maximum, other.maximum].compactMap { $0 }.max()
    }
  }

  /// The values they share, in the order of the members asked for.
  public var keys: [Value]
  /// How many records there are.
  public var count: Int
  /// What the numbers come to, in the order of the members asked for.
  public var numbers: [Numbers]

  /// A group.
  public init(keys: [Value], count: Int, numbers: [Numbers]) {
    self.keys = keys
    self.count = count
    self.numbers = numbers
  }
}
