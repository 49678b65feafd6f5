import JSON
import Networking
import TestSupport
import Testing

@Suite("Tokens in cookies")
struct CookieTests {
  private static let access = "__Host-chatd-access"
  private static let refresh = "__Secure-chatd-refresh"

  /// The cookies that an answer sets, by name.
  private func cookies(_ answer: Answer) throws -> [String: String] {
    var found: [String: String] = [:]
    for cookie in answer.cookies {
      let parts = cookie.split(separator: ";").map { $0.drop { $0 == " " } }
      let pair = try #require(parts.first).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let attributes = Set(parts.dropFirst().map(String.init))
      #expect(attributes.isSuperset(of: ["Secure", "HttpOnly", "SameSite=Strict"]))
      let isRefresh = pair[0] == Self.refresh
      #expect(attributes.contains(isRefresh ? "Path=/api/auth" : "Path=/"))
      #expect(attributes.contains { $0.hasPrefix("Max-Age=") } && !attributes.contains { $0.hasPrefix("Domain") })
      found[String(pair[0])] = String(pair[1])
    }
    return found
  }

  private func header(_ cookies: [String: String]) -> String {
    (["theme=dark"] + cookies.map { "\($0.key)=\($0.value)" }).joined(separator: "; ")
  }

  @Test("a page logs in, asks, connects, refreshes and logs out without seeing a token")
  func wholeLife() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let api = stack.client()
      let login = try await api.post(
        "/api/auth/login?cookies=true", ["username": .string(ann.name), "password": "correct horse battery"]
      ).expect(200)
      #expect(login["accessToken"] == nil && login["refreshToken"] == nil && login["user"] != nil)
      let first = try cookies(login)
      #expect(first.count == 2 && first.values.allSatisfy { $0.utf8.count > 40 })
      #expect(!login.text.contains(try #require(first[Self.refresh])))
      let me = try await api.get("/api/users/me", headers: ["Cookie": header(first)]).expect(200)
      #expect(try me.string("id") == ann.id)
      let ticket = try await api.request("POST", "/api/auth/ticket", headers: ["Cookie": header(first)]).expect(200)
      #expect(try ticket.int("expiresIn") == 60)
      let socket = try await SocketClient.connect(
        to: stack.gateways[0].port, token: try ticket.string("token"), loop: stack.loop)
      let refreshed = try await api.request(
        "POST", "/api/auth/refresh?cookies=true", headers: ["Cookie": header([Self.refresh: first[Self.refresh] ?? ""])]
      ).expect(200)
      #expect(refreshed["refreshToken"] == nil && refreshed["accessToken"] == nil)
      let second = try cookies(refreshed)
      #expect(second[Self.refresh] != first[Self.refresh])
      let logout = try await api.request("POST", "/api/auth/logout", headers: ["Cookie": header(second)]).expect(204)
      #expect(logout.cookies.count == 2 && logout.cookies.allSatisfy { $0.contains("Max-Age=0") })
      try await socket.waitForClose()
      let gone = try await api.request(
        "POST", "/api/auth/refresh?cookies=true", headers: ["Cookie": header(second)])
      #expect(gone.status == 401)
      // The session that was not asked for cookies goes on as it was.
      #expect(try await ann.api.get("/api/users/me").status == 200)
    }
  }

  @Test("a cookie counts in requests of pages of the same origin only")
  func forgery() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let cookie = header([Self.access: ann.token, Self.refresh: ann.refreshToken])
      let host = "127.0.0.1:\(stack.api.port)"
      let good: [[String: String]] = [
        [:], ["Sec-Fetch-Site": "same-origin"], ["Sec-Fetch-Site": "none"], ["Origin": "http://\(host)"],
        ["Sec-Fetch-Site": "same-origin", "Origin": "https://chat.example"],
      ]
      let bad: [[String: String]] = [
        ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Origin": "https://evil.example"],
        ["Origin": "null"], ["Origin": "http://\(host).evil.example"],
        ["Sec-Fetch-Site": "same-site", "Origin": "http://\(host)"],
      ]
      for (list, status) in [(good, 200), (bad, 401)] {
        for headers in list {
          let all = headers.merging(["Cookie": cookie]) { $1 }
          #expect(try await stack.client().get("/api/users/me", headers: all).status == status, "\(headers)")
        }
      }
      for headers in bad {
        let all = headers.merging(["Cookie": cookie]) { $1 }
        let answer = try await stack.client().request(
          "POST", "/api/auth/refresh?cookies=true", bytes: Array("{}".utf8), headers: all)
        #expect(try ProblemAnswer(answer, 400).field == "refreshToken", "\(headers)")
        #expect(try await stack.client().request("POST", "/api/auth/logout", headers: all).status == 401)
      }
      // A token that is named wins over the cookie, be it good or not.
      let named = ["Cookie": cookie, "Authorization": "Bearer nonsense"]
      #expect(try await stack.client().get("/api/users/me", headers: named).status == 401)
      let broken = ["Cookie": "\(Self.access)=nonsense"]
      #expect(try await stack.client().get("/api/users/me", headers: broken).status == 401)
      let wish = try await stack.client().post("/api/auth/login?cookies=1", ["username": "x", "password": "y"])
      #expect(try ProblemAnswer(wish, 400).field == "cookies")
      #expect(
        try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(ann.refreshToken)]).status == 200)
    }
  }
}
