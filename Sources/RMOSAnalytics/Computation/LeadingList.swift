/// The first elements in some order, of any number that are added.
struct LeadingList<Element> {
  private var elements: [Element] = []
  private let limit: Int?
  private let precedes: (Element, Element) -> Bool
  /// How many were added.
  private(set) var total = 0
  /// The last that counts, once there are more than enough.
  private var last: Element?

  /// Creates an empty list; `limit` is the most elements, `nil` for all.
  ///
  /// A limit that no list reaches is none.
  init(limit: Int?, by precedes: @escaping (Element, Element) -> Bool) {
    self.limit = limit.flatMap { $0 < Int.max / 4 ? max(0, $0) : nil }
    self.precedes = precedes
  }

  mutating func add(_ element: Element) {
    total += 1
    if let last, !precedes(element, last) { return }
    append(element)
  }

  /// Adds an element that takes work to make, which is not done if it `isBehind` the last that
  /// counts.
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
