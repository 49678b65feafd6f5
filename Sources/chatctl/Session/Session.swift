// Session: what every command of chatctl has in common.
//
// Pattern. A command is declared with `Command.operation`, whose body is given a `Session`: the values of its options, the
// connections to the backends, a writer of records for its answer, progress, confirmation, and what to do on Ctrl-C.
//
//     Command.operation("list", summary: "List the nodes", records: schema) { session in
//       let writer = try session.records()
//       for node in try await Node.all(session.connections.postgres()) { try writer.add(node.id, …) }
//       try writer.finish()
//       return .done
//     }
//
// Concurrency. A command runs on the program's one loop; nothing here is called from another thread.
//
// Lifecycle. A session lives as long as its command. What it opened is closed when the command returns or throws.
//
// Invariants.
// - Data goes to standard output through `records` or `Output.line`, all talk to standard error; progress is drawn on a
//   terminal only.
// - What changes something understands `--dry-run` and changes nothing then; what destroys something asks first, or needs
//   `--yes`.
// - A secret is read from a file, from standard input or from a credential, never from an argument or a variable.

import ChatKit
import Commands
import Networking

/// One run of a command.
final class Session: @unchecked Sendable {
  let invocation: Invocation
  let loop: EventLoop
  let connections: Connections
  let interruption: Interruption

  init(_ invocation: Invocation, loop: EventLoop) {
    self.invocation = invocation
    self.loop = loop
    connections = Connections(invocation, loop: loop)
    interruption = Interruption.of(loop, output: invocation.output)
  }

  var output: Output { invocation.output }

  /// What standard output is laid out for, as it is now: windows change.
  var terminal: Terminal {
    Terminal.of(descriptor: invocation.output.data.descriptor, environment: Program.environment)
  }

  subscript<Key: ParameterKey>(key: Key) -> Key.Value { invocation[key] }

  /// Whether nothing is to be changed; a command that changes nothing anyway has no such option.
  var isDryRun: Bool {
    invocation.command.options.contains { $0.name == CommonOptions.dryRun.parameter.name }
      && invocation[CommonOptions.dryRun]
  }

  /// Says a line to people.
  func talk(_ text: String) { output.talk(text) }

  // MARK: Answers

  /// A writer for what the command answers with, in the format that was asked for.
  /// - Parameter isList: whether there may be none or many; else there is exactly one record.
  func records(isList: Bool = true) throws -> RecordWriter {
    guard let schema = invocation.command.records else {
      throw CommandFailure(.internalError, "'\(invocation.path.joined(separator: " "))' has no records")
    }
    return try RecordWriter(
      schema, format: invocation[CommonOptions.output], fields: invocation[CommonOptions.fields], isList: isList,
      output: output, terminal: terminal)
  }

  // MARK: Steps

  /// Runs what works in steps, each of which leaves everything consistent: it calls `checkpoint` after each.
  func resumable<Result>(_ body: () async throws -> Result) async throws -> Result {
    interruption.hold()
    defer { interruption.release() }
    return try await body()
  }

  /// Throws when the command is to stop here.
  /// - Parameter resume: the command line that goes on from here.
  func checkpoint(resume: @autoclosure () -> String? = nil) throws { try interruption.check(resume: resume()) }

  /// Waits, or less when the command is to stop.
  func sleep(for duration: Duration) async throws {
    await interruption.sleep(for: duration)
    // Who sleeps between steps can be called again; who does not has been ended by now.
    try interruption.check(resume: invocation.line())
  }
}

extension Command {
  /// A command of chatctl.
  /// - Parameters:
  ///   - records: what it answers with; brings `-o` and `--fields`.
  ///   - changes: whether it changes something; brings `--dry-run`.
  ///   - asks: whether it asks before it destroys something; brings `--yes`.
  static func operation(
    _ name: String, summary: String, discussion: String = "", examples: [Example] = [], aliases: [String] = [],
    group: String? = nil, isHidden: Bool = false, options: [any ParameterKey] = [],
    arguments: [any ParameterKey] = [], rules: [Rule] = [], exitCodes: [ExitCode.Meaning] = [],
    records: RecordSchema? = nil, changes: Bool = false, asks: Bool = false,
    perform: @escaping @Sendable (Session) async throws -> ExitCode
  ) -> Command {
    var all = options
    if records != nil { all += [CommonOptions.output, CommonOptions.fields] as [any ParameterKey] }
    if changes { all.append(CommonOptions.dryRun) }
    if asks { all.append(CommonOptions.yes) }
    return Command(
      name, summary: summary, discussion: discussion, examples: examples, aliases: aliases, group: group,
      isHidden: isHidden, options: all, arguments: arguments, rules: rules,
      exitCodes: exitCodes.isEmpty ? CommonOptions.exitCodes : exitCodes, records: records
    ) { invocation in
      guard let loop = EventLoop.current else {
        throw CommandFailure(.internalError, "a command runs on a loop")
      }
      let session = Session(invocation, loop: loop)
      let timer = loop.timer { session.interruption.request(.busy, "not done within --timeout") }
      if let timeout = invocation[CommonOptions.timeout] { timer.arm(after: timeout) }
      do {
        let code = try await perform(session)
        timer.cancel()
        await session.connections.close()
        return code
      } catch {
        timer.cancel()
        await session.connections.close()
        throw error
      }
    }
  }
}
