extension Array {
  /// The first position whose element satisfies `holds`, as all elements after it do; the end if
  /// none does.
  ///
  /// - Complexity: O(log n).
  package func partitioningIndex(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
