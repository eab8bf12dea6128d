/// The first elements, in some order, of all that are added.
struct LeadingList<Element> {
  private var elements: [Element] = []
  private let limit: Int?
  private let precedes: (Element, Element) -> Bool
  /// The number of elements that were added.
  private(set) var total = 0
  /// An element that no later one may follow; `nil` while there is room.
  private var last: Element?

  /// Creates an empty list.
  ///
  /// - Parameters:
  ///   - limit: The maximum number of elements; `nil` for no limit.
  ///   - precedes: Whether one element comes before another.
  init(limit: Int?, by precedes: @escaping (Element, Element) -> Bool) {
    // Twice a limit must not overflow.
    self.limit = limit.flatMap { $0 < Int.max / 4 ? max(0, $0) : nil }
    self.precedes = precedes
  }

  mutating func add(_ element: Element) {
    total += 1
    if let last, !precedes(element, last) { return }
    append(element)
  }

  /// Adds an element that is costly to create, and is not created if it would come after the last
  /// one: if `isBehind` returns `true` for that.
  mutating func add(_ element: @autoclosure () -> Element, unless isBehind: (Element) -> Bool) {
    if let last, isBehind(last) {
      total += 1
    } else {
      add(element())
    }
  }

  private mutating func append(_ element: Element) {
    elements.append(element)
    guard let limit, elements.count >= 2 * limit + 16 else { return }
    sort(to: limit)
    last = elements.last
  }

  private mutating func sort(to limit: Int) {
    elements.sort(by: precedes)
    elements.removeSubrange(min(limit, elements.count)...)
  }

  /// The first elements, in order.
  var sorted: [Element] {
    var copy = self
    copy.sort(to: limit ?? elements.count)
    return copy.elements
  }
}
