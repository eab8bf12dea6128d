import RMOSStore
import Synchronization
import Testing

@testable import RMOSDashboard

@Suite struct DerivedAnswersTests {
  private func basis(_ revision: Int, isCurrent: Bool = true) -> KeptAnswer<String> {
    KeptAnswer(
      value: "basis \(revision)", asOf: "second \(revision)", revision: revision,
      isCurrent: isCurrent)
  }

  private func withAnswers(
    _ body: (DerivedAnswers<String, String, String>, () -> [String]) throws -> Void
  ) throws {
    let computed = Recorder()
    let answers = DerivedAnswers<String, String, String>(capacity: 2) { question, basis in
      let answer = "\(question) of \(basis)"
      computed.list.withLock { $0.append(answer) }
      if question == "failing" { throw StoreError(.busy, "it is busy") }
      return answer
    }
    try body(answers) { computed.list.withLock { $0 } }
  }

  private final class Recorder: Sendable {
    let list = Mutex<[String]>([])
  }

  @Test func anAnswerIsMadeOncePerBasis() throws {
    try withAnswers { answers, computed in
      let first = try answers.answer("a", from: basis(1))
      #expect(first.value == "a of basis 1" && first.asOf == "second 1" && first.isCurrent)
      let again = try answers.answer("a", from: basis(1, isCurrent: false))
      #expect(again.revision == first.revision && !again.isCurrent)
      let next = try answers.answer("a", from: basis(2))
      #expect(next.value == "a of basis 2" && next.revision != first.revision)
      #expect(computed() == ["a of basis 1", "a of basis 2"])
    }
  }

  @Test func anOlderBasisReplacesNothing() throws {
    try withAnswers { answers, computed in
      _ = try answers.answer("a", from: basis(2))
      #expect(try answers.answer("a", from: basis(1)).value == "a of basis 1")
      #expect(try answers.answer("a", from: basis(2)).value == "a of basis 2")
      #expect(computed() == ["a of basis 2", "a of basis 1"])
    }
  }

  @Test func theQuestionNotAskedForLongestIsForgotten() throws {
    try withAnswers { answers, computed in
      for question in ["a", "b", "a", "c", "a", "b"] {
        _ = try answers.answer(question, from: basis(1))
      }
      #expect(computed() == ["a", "b", "c", "b"].map { "\($0) of basis 1" })
    }
  }

  @Test func aFailureIsNotKept() throws {
    try withAnswers { answers, computed in
      for _ in 0..<2 {
        #expect(throws: StoreError.self) { try answers.answer("failing", from: basis(1)) }
      }
      #expect(computed().count == 2)
    }
  }
}
