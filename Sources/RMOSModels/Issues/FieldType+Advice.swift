import RMOSSystem

// Advice in messages about values of the wrong type.

extension FieldType {
  /// How to write the value that was probably meant by a value of another type.
  ///
  /// - Parameters:
  ///   - kind: The type of the value.
  ///   - token: The value as it appears in the source.
  /// - Returns: The end of a sentence; `nil` if there is no advice.
  func advice(
    insteadOf kind: JSONScanner.Kind, _ token: UnsafeBufferPointer<UInt8>
  ) -> String? {
    if case .json(let shape, _, _) = self { return unsafe jsonAdvice(shape, kind, token) }
    guard let text = unsafe FieldType.shortText(token) else { return nil }
    if kind == .object { return FieldType.extendedJSONAdvice(text) }
    switch (self, kind) {
    case (.text(let rule), .number), (.text(let rule), .true), (.text(let rule), .false):
      guard !rule.knownValues.isEmpty, rule.unknownValue == .error else {
        return "write \"\(text)\""
      }
      return "write one of \(rule.knownValues.joined(separator: ", "))"
    case (.timestamp, .number): return Timestamp.advice(forNumber: text)
    case (.reference, .number):
      // Data frames write a column of whole numbers as 7.0 if one of them is missing.
      if case .value(let number) = unsafe DecimalText.integerValue(token) {
        return "write \"\(number)\""
      }
      return "write \"\(text)\""
    case (.integer, .string), (.real, .string):
      return numberAdvice(for: String(text.dropFirst().dropLast()))
    case (.integer, .number) where text.utf8.count <= 20:
      guard let dot = text.firstIndex(of: "."), dot > text.startIndex else { return nil }
      return "write a whole number, such as \(text[..<dot])"
    default: return nil
    }
  }

  /// Advice about an object by which MongoDB represents a value that JSON has no type for, or
  /// DynamoDB any value.
  private static func extendedJSONAdvice(_ text: String) -> String? {
    let type = ["S", "N"].first { text.drop { $0 != "\"" }.hasPrefix("\"\($0)\"") }
    if let type {
      return "it is DynamoDB's JSON; write the value of \"\(type)\", or let a mapping read it there"
    }
    let names = ["$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"]
    let name = names.first { text.drop { $0 != "\"" }.hasPrefix("\"\($0)\"") }
    return name.map {
      "it is MongoDB's extended JSON; write the value of \"\($0)\", or let a mapping read it there"
    }
  }

  /// How to write an id that is neither text nor a whole number.
  static func idAdvice(
    insteadOf kind: JSONScanner.Kind, _ token: UnsafeBufferPointer<UInt8>
  ) -> String? {
    guard let text = unsafe shortText(token) else { return nil }
    if kind == .object { return extendedJSONAdvice(text) }
    guard kind == .number || kind == .true || kind == .false else { return nil }
    if kind == .number, case .value(let number) = unsafe DecimalText.integerValue(token) {
      return "write \(number) or \"\(number)\""
    }
    return "write \"\(text)\""
  }

  private func numberAdvice(for text: String) -> String? {
    if text.allSatisfy(\.isWhitespace) || ["null", "none", "n/a", "-"].contains(text.lowercased()) {
      return Violation.adviceForAbsence(
        writtenAs: text, if: "if there is none and it is optional")
    }
    if JSONNumberForm.isNumber(text) { return "write \(text) without quotes" }
    if let number = JSONNumberForm.number(meantBy: text) { return "write \(number)" }
    // The text may be a number with its unit.
    var end = text.endIndex
    while end > text.startIndex {
      let before = text.index(before: end)
      if text[before].isASCII, text[before].isNumber { break }
      end = before
    }
    guard end > text.startIndex, end < text.endIndex,
      let number = JSONNumberForm.number(meantBy: text[..<end])
    else { return nil }
    let unit = text[end...].filter { !$0.isWhitespace }.lowercased()
    let isKept = ["mm", "s", "sec", "secs", "second", "seconds", "%"].contains(unit)
    return isKept
      ? "write \(number) alone" : "write the number alone, in the unit that the member is in"
  }

  /// Advice about text in place of an object or a list, and about an object in place of a list.
  private func jsonAdvice(
    _ shape: JSONShape, _ kind: JSONScanner.Kind, _ token: UnsafeBufferPointer<UInt8>
  ) -> String? {
    if shape == .array, kind == .object {
      if let place = unsafe FieldType.list(in: token) { return place }
      return "if it is the only element, put it in [ ], which PowerShell omits around one"
    }
    guard kind == .string || kind == .escapedString,
      let text = unsafe JSONScanner.decoded(
        UnsafeBufferPointer(rebasing: token.dropFirst().dropLast()))
    else { return nil }
    if let lost = StringifiedValue(String(decoding: text, as: UTF8.self)) { return lost.advice }
    let first = text.first { $0 > 0x20 }
    guard first == UInt8(ascii: shape == .object ? "{" : "[") else { return nil }
    do throws(ParsingError) {
      _ = try JSONText(parsing: String(decoding: text, as: UTF8.self))
    } catch {
      return FieldType.isOfPython(text, from: error.offset)
        ? "it is in Python's notation, not JSON (which has double quotes, null, true and false); "
          + "write it with json.dumps"
        : "what begins like JSON in it is none: \(error.message)"
    }
    return "write the JSON that is in it without the quotes around it, or let a mapping read it as "
      + "\"json\""
  }

  /// Whether a text that is not JSON from an offset on is a value as Python writes it.
  private static func isOfPython(_ text: [UInt8], from offset: Int) -> Bool {
    let rest = text[min(offset, text.count)...]
    return rest.first == UInt8(ascii: "'")
      || ["None", "True", "False"].contains { rest.starts(with: $0.utf8) }
  }

  /// Names of the member that holds the elements where a program writes a list as an object.
  private static let namesOfLists: Set = [
    "value", "values", "$values", "L", "list", "items", "item", "elements", "strips", "strip",
  ]
  /// The size up to which an object is looked into for the list that it is, in bytes.
  private static let largestExamined = 1 << 20

  /// What to do about an object that holds, or is, the list that is meant; `nil` if it is neither.
  private static func list(in object: UnsafeBufferPointer<UInt8>) -> String? {
    guard object.count <= largestExamined else { return nil }
    let text = unsafe String(decoding: object, as: UTF8.self)
    guard case .object(let members)? = (try? JSONText(parsing: text))?.value else { return nil }
    let lists = members.filter { if case .array = $0.value { true } else { false } }
    if lists.count == 1, let list = lists.first,
      members.count == 1 || namesOfLists.contains(list.name)
    {
      if list.name == "L" {
        return "it is DynamoDB's JSON, in which \"L\" is a list; write its plain values"
      }
      return "the list is in \(Violation.quoted(list.name)); write that in place of the object, or "
        + "let a mapping read it there"
    }
    let isNumbered = members.enumerated().allSatisfy { $0.element.name == String($0.offset) }
    guard members.count > 0, isNumbered else { return nil }
    return "it is a list whose elements are numbered; write them in [ ] without their numbers"
  }

  /// A token as text, if it is short enough for a message.
  private static func shortText(_ token: UnsafeBufferPointer<UInt8>) -> String? {
    unsafe token.count <= 60 ? String(decoding: token, as: UTF8.self) : nil
  }
}

/// Finds the known value of a field that an unknown one probably means.
enum KnownValues {
  /// The known value that `text` probably means; `nil` if there is none.
  static func meant(by text: String, among known: [String]) -> String? {
    let plain = folded(text)
    guard !plain.isEmpty else { return nil }
    if let same = known.first(where: { folded($0) == plain }) { return same }
    if let other = JobStatus.otherWords[plain], known.contains(other.rawValue) {
      return other.rawValue
    }
    return plain.count < 4 ? nil : Suggestion.nearest(to: text.lowercased(), among: known)
  }

  /// The letters and digits of a text, in lower case.
  private static func folded(_ text: String) -> String {
    text.lowercased().filter { $0.isLetter || $0.isNumber }
  }
}

extension JobStatus {
  /// Other words for the states, in lower case and without spaces, by which programs and people
  /// name them.
  package static let otherWords: [String: JobStatus] = [
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
