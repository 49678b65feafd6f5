import ChatKit
import Glibc
import TestSupport
import Testing

@Suite(
  "Connection state recovery with the official client", .serialized,
  .enabled("node and the official clients are installed") { await OfficialClients.canRunJavaScript() })
struct RecoveryTests {
  private func run(_ arguments: [String], environment: [String: String] = [:]) async throws {
    try await ClientStack.with(environment: environment) { stack in
      let script = "\(try await OfficialClients.workspace())/recovery.mjs"
      let process = try await TestProcess.start(
        OfficialClients.program("node") ?? "node", [script] + arguments, environment: stack.environment)
      try await serve(process, stack)
      try await expectDone(process, arguments)
      // What it says of itself, for the record.
      for line in process.output.split(separator: "\n") where line.contains("recovered") { print(line) }
    }
  }

  /// Does to the servers what the script asks for, one after the other, until it ends.
  private func serve(_ process: TestProcess, _ stack: ClientStack) async throws {
    var served = 0
    var wishes: [String] {
      process.output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("KILL ") || $0 == "EMPTY" }
    }
    while process.isRunning {
      guard wishes.count > served else {
        try await Task.sleep(for: .milliseconds(10))
        continue
      }
      let wish = wishes[served]
      served += 1
      if wish == "EMPTY" {
        try await stack.redis.kill(.redis)
        try await stack.redis.restart(.redis, wipe: true)
      } else {
        try await stack.gateways[wish.hasSuffix("1") ? 1 : 0].process.killNow()
      }
      process.signal(SIGUSR2)
    }
  }

  @Test(
    "a client whose transport breaks continues on any gateway, with its rooms and what it has missed, once",
    arguments: ["websocket", "polling", "polling+websocket"])
  func cut(transports: String) async throws { try await run(["cut", transports]) }

  @Test(
    "cuts at any moment under load lose nothing and repeat nothing, recovered or not",
    arguments: ["websocket", "polling"])
  func storm(transports: String) async throws { try await run(["storm", transports]) }

  @Test(
    "a client of a gateway that is killed continues on another", arguments: ["websocket", "polling"])
  func kill(transports: String) async throws { try await run(["kill", transports]) }

  @Test("a Redis that comes back empty costs nobody a recovery, not even with the gateway killed afterwards")
  func redis() async throws { try await run(["redis"]) }

  @Test("a Redis that is flushed unnoticed costs none while the gateway lives")
  func flushed() async throws { try await run(["flushed"]) }

  @Test("with Redis flushed and the gateway killed the client is a new one, and resumes")
  func forgotten() async throws { try await run(["forgotten"]) }

  @Test("who was removed from a conversation while away is a new client")
  func removed() async throws { try await run(["removed"]) }

  @Test("who was put out, or left, is a new client")
  func disconnected() async throws { try await run(["disconnected"]) }

  @Test("who was away too long is a new client")
  func expired() async throws { try await run(["expired"], environment: ["CHATD_SOCKETS_RECOVERY_WINDOW": "2s"]) }

  @Test("another user's token, a guessed secret and invented offsets recover nothing and disturb nobody")
  func forged() async throws { try await run(["forged"]) }

  @Test("a client that is back before its gateway has noticed the cut continues, and the old connection ends")
  func unnoticed() async throws { try await run(["unnoticed"]) }
}
