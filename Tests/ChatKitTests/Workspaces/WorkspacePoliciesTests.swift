import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@testable import ChatKit

@Suite("Policies of workspaces")
struct WorkspacePoliciesTests {
  private func change(_ domain: Domain, _ settings: String) async throws {
    _ = try await domain.pool.run(
      PostgresStatement(unchecked: "UPDATE workspaces SET \(settings) WHERE id = '\(Workspace.main)'"),
      PostgresParameters())
  }

  @Test("what is known is answered at once, and a change is in force when it has become old")
  func changes() async throws {
    try await Domain.with { domain in
      var settings = WorkspacePolicies.Settings()
      settings.freshness = .milliseconds(50)
      settings.lifetime = .milliseconds(100)
      let policies = WorkspacePolicies(pool: domain.pool, loop: domain.loop, settings: settings)
      #expect(policies.known(Workspace.main) == nil)
      let first = await policies.policy(of: Workspace.main)
      #expect(first.sends == nil && first.isFiltered && first.words.isEmpty)
      #expect(policies.known(Workspace.main) != nil)
      try await change(domain, "send_count = 7, send_window = 60, filter = 'off', filter_words = 'darn'")
      try await eventually("the change") {
        await policies.policy(of: Workspace.main).sends == Rate(7, per: .seconds(60))
      }
      let second = await policies.policy(of: Workspace.main)
      #expect(!second.isFiltered && second.words.verdict(on: "Darn") == .refused)
      // Of one that there is not nothing is known, and that is remembered.
      #expect(await policies.policy(of: .v7()).isFiltered)
    }
  }

  @Test("a store that does not answer holds nobody up for long, and what was known goes on")
  func frozen() async throws {
    try await Domain.with { domain in
      try await change(domain, "send_count = 7, send_window = 60")
      var settings = WorkspacePolicies.Settings()
      settings.freshness = .milliseconds(1)
      settings.lifetime = .milliseconds(1)
      settings.patience = .milliseconds(50)
      let policies = WorkspacePolicies(pool: domain.pool, loop: domain.loop, settings: settings)
      // On a busy machine its patience may be over before the store's answer is there.
      try await eventually("the store's first answer") {
        await policies.policy(of: Workspace.main).sends?.count == 7
      }
      try await domain.pool.transaction { transaction in
        _ = try await transaction.query("LOCK TABLE workspaces IN ACCESS EXCLUSIVE MODE")
        try await domain.loop.sleep(for: .milliseconds(5))
        #expect(policies.known(Workspace.main) == nil)
        #expect(await policies.policy(of: Workspace.main).sends?.count == 7)
        #expect(await policies.policy(of: .v7()).sends == nil)
        _ = try await transaction.query("UPDATE workspaces SET send_count = 8")
      }
      try await eventually("the store's answer") { await policies.policy(of: Workspace.main).sends?.count == 8 }
    }
  }
}
