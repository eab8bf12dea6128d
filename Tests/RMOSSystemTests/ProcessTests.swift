import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSSystem

@Suite struct ProcessTests {
  init() {
    // Writing to a program that does not read its input would end the tests.
    Signals.ignoreWriteSignals()
  }

  private func shell(
    _ command: String, input: String = "", environment: [String: String] = [:],
    timeout: Duration? = nil
  ) -> ChildProcess.Ending {
    ChildProcess.run(
      "/bin/sh", ["-c", command], input: input, environment: environment, timeout: timeout)
  }

  @Test func endingsAreToldApart() {
    #expect(shell("exit 0") == .exited(0))
    #expect(shell("exit 7") == .exited(7))
    #expect(shell("kill -9 $$") == .signalled(9))
    #expect(shell("sleep 60", timeout: .milliseconds(50)) == .tookTooLong)
    #expect(ChildProcess.run("/no/such", [], input: "") == .notStarted(.notFound))
    #expect(ChildProcess.Ending.exited(0).problem == nil)
    #expect(ChildProcess.Ending.exited(7).problem != nil)
  }

  @Test func usersAreNamedOrNumbered() {
    #expect(ProcessEnvironment.userName(0) == "root")
    #expect(ProcessEnvironment.userName(4_294_967_294 - 7) == "user 4294967287")
  }

  @Test func aProgramGetsItsInputAndVariables() throws {
    try TemporaryDirectory.use { directory in
      // The input is longer than the buffer of a pipe.
      let input = String(repeating: "line\n", count: 40_000)
      let file = directory.file("copy")
      let ending = shell(
        "cat > \"$RMOS_TEST_FILE\"; test -n \"$PATH\"", input: input,
        environment: ["RMOS_TEST_FILE": file])
      #expect(ending == .exited(0))
      let copied = try String(contentsOfFile: file, encoding: .utf8)
      #expect(copied == input)
    }
    // A process that does not read its input ends too.
    #expect(shell("exit 3", input: String(repeating: "x", count: 200_000)) == .exited(3))
  }

  @Test func variablesAndProgramsAreFound() {
    #expect(ProcessEnvironment.variable("RMOS_NO_SUCH_VARIABLE") == nil)
    #expect(ProcessEnvironment.variable("PATH") != nil)
    #expect(ProcessEnvironment.path(ofProgram: "sh")?.hasSuffix("/sh") == true)
    #expect(ProcessEnvironment.path(ofProgram: "rmos-no-such-program") == nil)
    #expect(ProcessEnvironment.variables.contains { $0.hasPrefix("PATH=") })
    #expect(ProcessEnvironment.processID == ProcessInfo.processInfo.processIdentifier)
  }
}
