/// Finds the known word that a misspelled word probably means.
package enum Suggestion {
  /// A question with the known word that was probably meant; `nil` if none is similar enough.
  package static func hint(
    for word: String, among known: [String], prefix: String = ""
  ) -> String? {
    nearest(to: word, among: known).map { "Did you mean \(prefix)\($0)?" }
  }

  /// The known word that was probably meant; `nil` if none is similar enough.
  package static func nearest(to word: String, among known: [String]) -> String? {
    if let longer = known.first(where: { $0.hasPrefix(word) && word.count > 1 }) { return longer }
    let length = word.count
    let most = max(1, length / 3)
    // The distance is at least the difference of the lengths.
    let near = known.filter { abs($0.count - length) <= most }
      .map { (word: $0, distance: distance(word, $0)) }
      .min { $0.distance < $1.distance }
    guard let near, near.distance <= most else { return nil }
    return near.word
  }

  /// The number of letters to insert, delete, replace or swap with the next one to turn one word
  /// into the other; only the first 64 letters of each count.
  ///
  /// - Complexity: O(m·n) for words of m and n letters.
  package static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
    var rows = [Array(0...right.count)]
    for i in 0..<left.count {
      var row = [i + 1]
      for j in 0..<right.count {
        var best = min(
          rows[i][j] + (left[i] == right[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}
