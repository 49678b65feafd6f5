import ChatKit
import Commands
import Networking
import Primitives

extension ManifestCommands {
  private static let planFile = Argument<String?>(
    optional: "plan", .file, help: "A plan of 'chatctl plan --out', in place of -f.")
  private static let wait = Flag(
    "wait",
    help:
      "Wait until all of it is in force: nothing differs, events are published, the manifests' Checks hold (--timeout)."
  )

  static let apply = Command.operation(
    "apply", summary: "Bring about what manifests say",
    discussion: """
      Plans, shows the plan, asks where something may be lost, and carries it out in order, each change by itself. Applying \
      twice changes nothing. An empty database is given its schema first. What manifests do not name stays as it is.
      """,
    examples: [
      Example("chatctl apply -f manifests/ --embedded .chatd", "Safe to repeat"),
      Example("chatctl apply next.plan --yes --embedded .chatd", "A plan that somebody has looked at"),
      Example("chatctl apply -f manifests/ --prune --owner ops --yes --wait --timeout 2m --embedded .chatd", "In CI"),
    ],
    group: heading, options: planning + [wait], arguments: [planFile],
    rules: [
      .custom { invocation in
        let isGiven = !invocation[files].isEmpty
        guard isGiven != (invocation[planFile] != nil) else {
          throw UsageError(
            isGiven ? .conflict : .missingOption,
            isGiven ? "a plan has its manifests: give -f or a plan" : "give -f PATH or a plan")
        }
      }
    ],
    exitCodes: [
      .init(.done, "all is as the manifests have it"), .init(.no, "refused: it cannot be done, or the state has moved"),
      .init(.partlyDone, "some changes were carried out, then one failed"),
      .init(.invalidInput, "a manifest is wrong"), .init(.busy, "somebody else applies, or --timeout is over"),
      .init(.usage), .init(.unavailable), .init(.interrupted),
    ], records: changes, changes: true, asks: true
  ) { session in
    let manifests = Manifests(try backends(session))
    let plan = try await planned(session, manifests)
    for note in plan.notes { session.talk(note) }
    if plan.changes.isEmpty {
      session.talk("all is as the manifests have it")
    } else if !session.isDryRun {
      try ask(plan, session)
    }
    let writer = try session.records()
    if session.isDryRun {
      for change in plan.changes { try write(change, to: writer) }
    } else {
      try await carryOut(plan, manifests, session, writer)
    }
    if !plan.changes.isEmpty || session[CommonOptions.output] != .table { try writer.finish() }
    if session[wait], !session.isDryRun { try await settle(plan, manifests, session) }
    return .done
  }

  private static func planned(_ session: Session, _ manifests: Manifests) async throws -> ManifestPlan {
    guard let path = session[planFile] else {
      return try await manifests.plan(self.manifests(session), options(session))
    }
    let file = try ManifestPlanFile.read(path)
    let plan = try await manifests.plan(file.manifests, file.options)
    guard plan.stateHash == file.stateHash else {
      throw ManifestError(
        .moved,
        "the state has moved since \(path) was made (\(file.createdAt)): look at a new plan, 'chatctl plan --out'")
    }
    return plan
  }

  private static func ask(_ plan: ManifestPlan, _ session: Session) throws {
    let risky = plan.changes.filter { $0.risk == .caution || $0.risk == .destructive }
    guard !risky.isEmpty else { return }
    for change in risky {
      for difference in change.differences where difference.risk > .safe {
        let (from, to) = (difference.from?.text ?? "none", difference.to?.text ?? "none")
        session.talk(
          "\(difference.risk.rawValue): \(change.action.rawValue) \(change.id) \(difference.field) \(from) -> \(to)"
            + (difference.note.map { ": \($0)" } ?? ""))
      }
    }
    let count = plan.changes.count
    try session.confirm(
      "Carry out \(count) change\(count == 1 ? "" : "s"), \(risky.count) of them not safe",
      typing: plan.risk == .destructive ? "destroy" : nil)
  }

  private static func carryOut(
    _ plan: ManifestPlan, _ manifests: Manifests, _ session: Session, _ writer: RecordWriter
  ) async throws {
    var done = 0
    let progress = Progress("applying", total: plan.changes.count, unit: "changes", session)
    let configuration = try session.connections.postgresConfiguration()
    do {
      try await session.resumable {
        try await manifests.apply(plan) {
          _ = try await Migrator.with(configuration, loop: session.loop) { migrator in
            try await migrator.up { if case .waitingForLock(let holder) = $0 { session.talk("waiting for \(holder)") } }
          }
        } progress: { step in
          switch step {
          case .started: try session.checkpoint(resume: resume(session))
          case .finished(let change):
            done += 1
            progress.advance()
            try write(change, to: writer)
          }
        }
      }
      progress.finish()
    } catch {
      progress.finish()
      guard done > 0 else { throw error }
      try writer.finish()
      if let failure = error as? CommandFailure, failure.exitCode == .interrupted { throw failure }
      let meaning = Failures.meaning(error)
      throw CommandFailure(
        .partlyDone,
        "\(done) of \(plan.changes.count) changes were carried out, then: \(meaning?.message ?? "\(error)")",
        hint: meaning?.hint ?? "Mend it and apply again: what is done stays done.")
    }
  }

  /// What is done is no change any more. A plan's file is refused by then, for the state has moved by what was done of it.
  private static func resume(_ session: Session) -> String {
    session[planFile] == nil
      ? session.invocation.line()
      : "chatctl plan -f, of the manifests that the plan was made of: what is left is a plan of its own"
  }

  private static func settle(_ plan: ManifestPlan, _ manifests: Manifests, _ session: Session) async throws {
    let waiting = Waiting(session)
    while let reason = try await manifests.unsettled(plan) {
      waiting.show(reason)
      try await session.sleep(for: .milliseconds(250))
    }
    waiting.finish()
    session.talk("all of it is in force")
  }
}
