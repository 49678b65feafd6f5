import Commands
import Load
import Primitives

extension LoadCommands {
  private static let runs = Argument(
    repeated: "run", ValueType<String>.string, help: "The runs to remove, by their names; all of them without one.")

  static let clean = Command.operation(
    "clean", summary: "Remove the users and rooms of runs",
    discussion:
      "From the store, with their messages and all else. What is not of a run (load-<run>-<number>) is not touched.",
    examples: [
      Example("chatctl load clean --embedded .chatd --dry-run", "What is left of which runs"),
      Example("chatctl load clean 3fa2c1 --yes --embedded .chatd", "One run"),
    ],
    arguments: [runs],
    exitCodes: [
      .init(.done), .init(.no, "there is no such run"), .init(.usage), .init(.unavailable), .init(.interrupted),
    ],
    records: RecordSchema(
      "run",
      [
        .init("run", "Its name"), .init("users", .integer, "Users of it"), .init("rooms", .integer, "Rooms of it"),
        .init("since", .time, "When they were made"),
      ]), changes: true, asks: true
  ) { session in
    let cleanup = PopulationCleanup(try session.connections.postgres())
    let all = try await cleanup.runs()
    let chosen = session[runs].isEmpty ? all : all.filter { session[runs].contains($0.run) }
    for name in session[runs] where !all.contains(where: { $0.run == name }) {
      throw CommandFailure(.no, "nothing is left of a run '\(name)'")
    }
    if !session.isDryRun, !chosen.isEmpty {
      let users = chosen.reduce(0) { $0 + $1.users }
      try session.confirm("Remove \(users.grouped) users of \(chosen.count) runs, with their rooms and messages")
      let progress = Progress(
        "removing", total: chosen.reduce(0) { $0 + $1.users + $1.rooms }, unit: "users and rooms", session)
      defer { progress.finish() }
      try await session.resumable {
        for (index, run) in chosen.enumerated() {
          let rest = session[runs].isEmpty ? [] : [(runs.parameter.name, chosen[index...].map(\.run) as [String]?)]
          try await cleanup.remove(run.run) { count in
            progress.advance(by: count)
            try session.checkpoint(resume: session.invocation.line(with: rest))
          }
        }
      }
    }
    let writer = try session.records()
    for run in chosen {
      try writer.add([.string(run.run), .integer(run.users), .integer(run.rooms), .time(run.since)])
    }
    try writer.finish()
    return .done
  }
}
