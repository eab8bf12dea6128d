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

/// Finds the known value of a field that an unknown one probably means.
package enum KnownValues {
  /// The known value that `text` probably means; `nil` if there is none.
  static func meant(by text: String, among known: [String]) -> String? {
    if let same = named(text, among: known) { return same }
    return folded(text).count < 4 ? nil : Suggestion.nearest(to: text.lowercased(), among: known)
  }

  /// The known value that `text` is another spelling of, or another word for; `nil` if there is
  /// none.
  package static func named(_ text: String, among known: [String]) -> String? {
    let plain = folded(text)
    return known.first { !plain.isEmpty && folded($0) == plain }
      ?? JobStatus.otherWords[plain].map(\.rawValue).flatMap { known.contains($0) ? $0 : nil }
  }

  /// The letters and digits of a text, in lower case.
  private static func folded(_ text: String) -> String {
    text.lowercased().filter { $0.isLetter || $0.isNumber }
  }
}

extension JobStatus {
  /// Other words for the states, in lower case and without spaces, by which programs and people
  /// name them.
  fileprivate static let otherWords: [String: JobStatus] = [
    "created": .pending, "new": .pending, "queued": .pending, "waiting": .pending,
    "open": .pending, "todo": .pending, "draft": .pending, "submitted": .pending,
    "scheduled": .planned, "ready": .planned, "accepted": .planned,
    "inprogress": .running, "started": .running, "active": .running, "processing": .running,
    "busy": .running, "executing": .running, "ongoing": .running, "working": .running,
    "complete": .completed, "done": .completed, "finished": .completed, "success": .completed,
    "successful": .completed, "succeeded": .completed, "ok": .completed, "closed": .completed,
    "passed": .completed,
    "error": .failed, "failure": .failed, "fail": .failed, "errored": .failed,
    "crashed": .failed, "broken": .failed,
    "plan": .planned, "run": .running,
    "canceled": .cancelled, "cancel": .cancelled, "aborted": .cancelled, "abort": .cancelled,
    "stopped": .cancelled, "terminated": .cancelled, "killed": .cancelled,
    "abandoned": .cancelled, "interrupted": .cancelled,
    // German, French, Italian and Spanish.
    "neu": .pending, "offen": .pending, "wartend": .pending, "wartet": .pending,
    "ausstehend": .pending, "geplant": .planned, "läuft": .running, "laufend": .running,
    "inarbeit": .running, "inbearbeitung": .running, "aktiv": .running, "gestartet": .running,
    "erledigt": .completed, "fertig": .completed, "abgeschlossen": .completed,
    "fehler": .failed, "fehlgeschlagen": .failed, "gescheitert": .failed,
    "abgebrochen": .cancelled, "storniert": .cancelled,
    "enattente": .pending, "ouvert": .pending, "planifié": .planned, "prévu": .planned,
    "encours": .running, "terminé": .completed, "terminée": .completed, "fini": .completed,
    "achevé": .completed, "échoué": .failed, "échec": .failed, "erreur": .failed,
    "annulé": .cancelled, "annulée": .cancelled, "interrompu": .cancelled,
    "inattesa": .pending, "pianificato": .planned, "incorso": .running,
    "completato": .completed, "finito": .completed, "terminato": .completed,
    "fallito": .failed, "errore": .failed, "annullato": .cancelled, "interrotto": .cancelled,
    "pendiente": .pending, "planificado": .planned, "programado": .planned,
    "encurso": .running, "enproceso": .running, "completado": .completed,
    "terminado": .completed, "finalizado": .completed, "hecho": .completed,
    "fallido": .failed, "cancelado": .cancelled,
  ]
}
