import ChatKit
import JSON
import Networking
import TestSupport
import Testing

/// A chatd with small limits, which believes the loopback interface about who its clients are.
@Suite("Limits of rates")
struct LimitTests {
  private func withLimits(
    _ options: [String], _ body: @escaping @Sendable (Stack, EmbeddedServers) async throws -> Void
  ) async throws {
    let own = ["--http-trusted-proxies", "127.0.0.1", "--limits-exempt", "192.0.2.0/24"]
    try await withOwnChatd(own + options, limits: nil) { stack, redis, _ in try await body(stack, redis) }
  }

  @Test(
    "beyond a user's limit a request is 429 with when to come again, over HTTP and over a socket, and nothing is done")
  func users() async throws {
    try await withLimits([
      "--limits-user-sends", "5/1h", "--limits-user-reads", "none", "--limits-address-reads", "none",
    ]) { stack, _ in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let group = try await stack.group(ann, [bob])
      for left in [4, 3, 2] {
        let answer = try await stack.send("hello", to: group, by: ann).expect(201)
        #expect(answer.headers["ratelimit-limit"] == "5")
        #expect(answer.headers["ratelimit-remaining"] == "\(left)")
        #expect(answer.headers["ratelimit-policy"] == "5;w=3600")
        #expect(answer.headers["ratelimit-reset"].flatMap { Int($0) }.map { (0...3600).contains($0) } == true)
      }
      // A socket's messages count in the same limit.
      let socket = try await stack.socket(ann)
      let message: JSONLiteral = ["conversationId": .string(group), "body": "from a socket"]
      for _ in 0..<2 { #expect(try await socket.emit("message:send", message)["ok"]?.bool == true) }
      let refused = try await socket.emit("message:send", message)
      #expect(refused["ok"]?.bool == false)
      #expect(refused["error"]?["code"]?.string == "rate_limited")
      #expect(refused["error"]?["retryAfter"]?.int.map { (1...7200).contains($0) } == true)
      let answer = try await stack.send("one more", to: group, by: ann)
      #expect(try ProblemAnswer(answer, 429).code == "rate_limited")
      #expect(answer.headers["retry-after"].flatMap { Int($0) }.map { (1...7200).contains($0) } == true)
      #expect(answer.headers["ratelimit-remaining"] == "0")
      // Other people and other kinds of calls have limits of their own.
      try await stack.send("hello", to: group, by: bob).expect(201)
      let history = try await ann.api.get("/api/conversations/\(group)/messages").expect(200)
      #expect(history["messages"]?.array?.filter { $0["type"]?.string == "text" }.count == 6)
      #expect(history.headers["ratelimit-limit"] == nil)
      socket.cut()
    }
  }

  @Test("an address is who a trusted proxy says it is, has limits of its own, and may be exempt")
  func addresses() async throws {
    try await withLimits(["--limits-address-logins", "3/1h"]) { stack, _ in
      func login(_ address: String?) async throws -> Answer {
        try await stack.client().request(
          "POST", "/api/auth/login", ["username": "nobody-there", "password": "whatever it is"],
          headers: address.map { ["X-Forwarded-For": $0] } ?? [:])
      }
      // A client can write what it likes before what the proxy has added.
      for forged in ["1.1.1.1, ", "2.2.2.2, ", "unknown, "] {
        try await login("\(forged)198.51.100.7").expect(401)
      }
      let refused = try await login("3.3.3.3, 198.51.100.7")
      #expect(try ProblemAnswer(refused, 429).code == "rate_limited")
      #expect(refused.headers["retry-after"] != nil)
      try await login("198.51.100.8").expect(401)
      // No name was locked in vain: the fifth wrong password has not been looked at.
      for _ in 0..<4 { #expect(try await login("192.0.2.9").status != 200) }
      let exempt = try await login("192.0.2.9")
      #expect(exempt["code"]?.string != "rate_limited")
    }
  }

  @Test(
    "without Redis each loop counts by itself, or nothing goes that has a limit", arguments: ["local", "deny", "allow"])
  func withoutRedis(fallback: String) async throws {
    try await withLimits(["--limits-when-unavailable", fallback, "--limits-user-reads", "3/1h"]) { stack, redis in
      let ann = try await stack.person("ann")
      try await ann.api.get("/api/users/me").expect(200)
      try await redis.kill(.redis)
      var answers: [Answer] = []
      for _ in 0..<6 { answers.append(try await ann.api.get("/api/users/me")) }
      let statuses = answers.map(\.status)
      switch fallback {
      case "local": #expect(statuses == [200, 200, 429, 429, 429, 429])
      case "deny":
        #expect(statuses.allSatisfy { $0 == 503 })
        #expect(answers[0]["code"]?.string == "unavailable")
        #expect(answers[0].headers["retry-after"] == "1")
      default: #expect(statuses.allSatisfy { $0 == 200 })
      }
      // What has no limit is answered in any case.
      try await stack.client().get("/livez").expect(200)
    }
  }

  @Test("connects of a user are limited")
  func connects() async throws {
    try await withLimits(["--limits-user-connects", "2/1h"]) { stack, _ in
      let ann = try await stack.person("ann")
      for _ in 0..<2 { try await stack.socket(ann).cut() }
      await #expect { try await stack.socket(ann) } throws: { ($0 as? Refused)?.code == "rate_limited" }
    }
  }
}
