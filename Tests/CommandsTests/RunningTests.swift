import Commands
import Glibc
import Testing

@Suite("Running commands")
struct RunningTests {
  private func run(_ line: String, failure: @Sendable (any Error) -> CommandFailure? = { _ in nil }) async -> (
    code: ExitCode, data: String, talk: String
  ) {
    let output = Output.capturing()
    let code = await Tool.program.run(
      line.split(separator: " ").map(String.init), environment: { _ in nil }, output: output, failure: failure)
    return (code, output.data.captured, output.talked)
  }

  @Test("data goes to standard output, talk to standard error")
  func streams() async {
    let result = await run("topic list chat --wait 2s")
    #expect(result.code == .done)
    #expect(result.data == "table chat 2s\n")
    #expect(result.talk == "tool: warning: --wait is deprecated: write --timeout\none moment\n")
    #expect(await run("add 1 2 -4").data == "-1\n")
  }

  @Test("wrong usage exits with 64 and says where to read on")
  func usage() async {
    let result = await run("topic lst")
    #expect(result.code == .usage && result.code.rawValue == 64)
    #expect(result.data == "")
    #expect(
      result.talk == "tool: unknown command 'lst'; did you mean list?\n'tool topic --help' shows what can be said.\n")
  }

  @Test("a failure exits with its code and its hint")
  func failure() async {
    let result = await run("topic create t -p1")
    #expect(result.code == .busy)
    #expect(result.talk == "tool: somebody else is at it\nTry again.\n")
  }

  @Test("an error of another kind is the caller's to name")
  func foreignErrors() async {
    struct Down: Error {}
    let program = Program(Command("x", summary: "X") { _ in throw Down() }, version: "1")
    let output = Output.capturing()
    let named = await program.run(
      [], output: output, failure: { $0 is Down ? CommandFailure(.unavailable, "down") : nil })
    #expect(named == .unavailable)
    #expect(await program.run([], output: .capturing()) == .internalError)
    let cancelled = Program(Command("x", summary: "X") { _ in throw CancellationError() }, version: "1")
    #expect(await cancelled.run([], output: .capturing()) == .interrupted)
  }

  @Test("a closed pipe ends the program quietly")
  func closedPipe() async {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    let errors = OutputStream()
    let output = Output(data: OutputStream(descriptor: ends[1]), errors: errors)
    let code = await Tool.program.run(["--help"], environment: { _ in nil }, output: output)
    close(ends[1])
    #expect(code == .brokenPipe && code.rawValue == 141)
    #expect(errors.captured == "")
  }

  @Test("a full disk does not end the program quietly")
  func fullDisk() async throws {
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    defer { close(full) }
    let errors = OutputStream()
    let output = Output(data: OutputStream(descriptor: full), errors: errors)
    #expect(await Tool.program.run(["--help"], environment: { _ in nil }, output: output) == .cannotCreate)
    #expect(errors.captured == "tool: cannot write the output: No space left on device\n")
  }

  @Test("the exit codes are those of the manual")
  func codes() {
    let codes: [ExitCode] = [
      .done, .no, .partlyDone, .usage, .invalidInput, .unavailable, .cannotCreate, .busy, .notPermitted,
      .thresholdCrossed, .interrupted,
    ]
    #expect(codes.map(\.rawValue) == [0, 1, 4, 64, 65, 69, 73, 75, 77, 99, 130])
  }
}
