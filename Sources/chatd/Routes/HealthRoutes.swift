import ChatKit
import HTTP
import JSON
import Postgres
import Redis

/// `/livez`: this process answers. `/health`: its backends do too; 200, or 503 with what does not.
struct HealthRoutes: Sendable {
  let role: Options.Role
  let pool: PostgresPool
  let redis: RedisClient

  func add(to router: Router) {
    let status = Schema.oneOf("ok", "away")
    let life = Operation("getLife", "Ask whether the process answers", tag: "Service").open
      .answer(.ok, .object(.required("status", .oneOf("ok"))))
    router.getImmediately("/livez", life) { _, _ in
      .json(.ok) { json in
        json.beginObject()
        json.field("status", "ok")
        json.endObject()
      }
    }
    let health = Schema.component(
      "Health",
      .object(
        .required("status", .oneOf("ok", "degraded")), .required("role", .string), .required("version", .string),
        .required("postgres", status), .required("redis", status)))
    let operation = Operation("getHealth", "Ask whether the server and its backends answer", tag: "Service").open
      .answer(.ok, health).answer(.serviceUnavailable, health, "A backend is away.")
    router.get("/health", operation) { _, _ in
      let postgres = await answers { _ = try await pool.query("SELECT 1") }
      let redis = await answers { try await self.redis.ping() }
      return .json(postgres && redis ? .ok : .serviceUnavailable) { json in
        json.beginObject()
        json.field("status", postgres && redis ? "ok" : "degraded")
        json.field("role", role.rawValue)
        json.field("version", Version.current)
        json.field("postgres", postgres ? "ok" : "away")
        json.field("redis", redis ? "ok" : "away")
        json.endObject()
      }
    }
  }

  private func answers(_ question: () async throws -> Void) async -> Bool {
    do {
      try await question()
      return true
    } catch {
      return false
    }
  }
}
