import ChatKit
import HTTP
import JSON
import Networking

/// `/api/auth`: getting in, the password, and the keys of the tokens.
struct AuthRoutes: Sendable {
  let accounts: AccountService
  let tokens: TokenVerifier

  func add(to router: Router) {
    router.post("/api/auth/register") { request, _ in
      let body = try Payload(request)
      let session = try await accounts.register(
        username: try body.string("username"), password: try body.string("password"),
        displayName: try body.optionalString("displayName"), client: ClientInfo(request))
      return Self.answer(.created, session)
    }
    router.post("/api/auth/login") { request, _ in
      let body = try Payload(request)
      let session = try await accounts.login(
        username: try body.string("username"), password: try body.string("password"), client: ClientInfo(request))
      return Self.answer(.ok, session)
    }
    router.post("/api/auth/refresh") { request, _ in
      let body = try Payload(request)
      let session = try await accounts.refresh(try body.string("refreshToken"), client: ClientInfo(request))
      return Self.answer(.ok, session)
    }
    router.post("/api/auth/password") { request, context in
      let claims = try context.claims()
      let body = try Payload(request)
      try await accounts.changePassword(
        for: claims, from: try body.string("current"), to: try body.string("new"))
      return HTTPResponse(status: .noContent)
    }
    router.get("/api/auth/jwks") { _, _ in
      var response = HTTPResponse(bytes: tokens.keys.publicKeys, contentType: "application/jwk-set+json")
      // A key is known everywhere before it signs; who exchanges keys waits longer than that in between.
      response.headers.set("Cache-Control", "public, max-age=300")
      return response
    }
  }

  private static func answer(_ status: HTTPStatus, _ session: AccountService.Session) -> HTTPResponse {
    var response = HTTPResponse.json(status) { json in
      json.beginObject()
      json.key("user")
      session.user.write(to: &json)
      json.field("accessToken", session.accessToken)
      json.field("expiresIn", session.expiresIn)
      json.field("refreshToken", session.refreshToken)
      json.endObject()
    }
    // RFC 6749, 5.1.
    response.headers.set("Cache-Control", "no-store")
    return response
  }
}

extension ClientInfo {
  /// Who sent the request, or whom a trusted proxy names.
  init(_ request: HTTPRequest) {
    self.init(userAgent: request.headers["user-agent"], address: request.peer?.host)
  }
}
