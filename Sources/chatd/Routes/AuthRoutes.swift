import ChatKit
import HTTP
import JSON
import Networking

/// `/api/auth`: getting in, the password, and the keys of the tokens.
struct AuthRoutes: Sendable {
  let accounts: AccountService
  let tokens: TokenVerifier

  func add(to router: Router) {
    let register = Operation("register", "Make an account, and log in to it", tag: "Accounts").open.cost(.login)
      .withCookies()
      .body(
        .object(
          .required("username", .username), .required("password", .password),
          .omittable("displayName", .displayName, "The username where it is absent."),
          .omittable("workspace", .workspaceName, "The main one where it is absent."))
      )
      .answer(.created, .session).problems(.conflict, .tooManyAttempts, .registrationClosed, .limitReached)
    router.post("/api/auth/register", register) { request, _ in
      let inCookies = try TokenCookies.areWanted(request)
      let body = try Payload(request)
      let session = try await accounts.register(
        username: try body.string("username"), password: try body.string("password"),
        displayName: try body.optionalString("displayName"), workspace: try body.optionalString("workspace"),
        client: ClientInfo(request))
      return Self.answer(.created, session, inCookies)
    }
    let login = Operation("login", "Log in", tag: "Accounts").open.cost(.login)
      .details("After five wrong passwords in a row a name is locked for 1, then 5, 15 and 60 minutes.")
      .withCookies()
      .body(
        .object(
          .required("username", .string), .required("password", .string),
          .omittable("workspace", .string, "Its name; the main one where it is absent."))
      )
      .answer(.ok, .session).problems(.unauthenticated, .accountDisabled, .tooManyAttempts)
    router.post("/api/auth/login", login) { request, _ in
      let inCookies = try TokenCookies.areWanted(request)
      let body = try Payload(request)
      let session = try await accounts.login(
        username: try body.string("username"), password: try body.string("password"),
        workspace: try body.optionalString("workspace"), client: ClientInfo(request))
      return Self.answer(.ok, session, inCookies)
    }
    let refresh = Operation("refresh", "Exchange a refresh token for the next one", tag: "Accounts").open.cost(.login)
      .details(
        """
        A refresh token is good for one refresh. Used again within 10 s it gives the same next one; later the session \
        is revoked, for two have the token.
        """
      )
      .withCookies()
      .body(.object(.omittable("refreshToken", .string, "From the cookie with `cookies=true`.")), isRequired: false)
      .answer(.ok, .session).problems(.unauthenticated)
    router.post("/api/auth/refresh", refresh) { request, _ in
      let inCookies = try TokenCookies.areWanted(request)
      let token: String
      if inCookies, let cookie = TokenCookies.value(of: TokenCookies.refresh, in: request) {
        token = cookie
      } else {
        token = try Payload(request).string("refreshToken")
      }
      return Self.answer(.ok, try await accounts.refresh(token, client: ClientInfo(request)), inCookies)
    }
    let ticket = Operation("makeTicket", "Get a token for connecting a socket", tag: "Accounts")
      .details("For pages whose tokens are cookies.")
      .answer(
        .ok,
        .object(
          .required("token", .string, "An access token."), .required("expiresIn", .integer(0...Int64.max), "Seconds.")))
    router.post("/api/auth/ticket", ticket) { _, context in
      let ticket = try await accounts.ticket(for: try context.claims())
      var response = HTTPResponse.json(.ok) { json in
        json.beginObject()
        json.field("token", ticket.token)
        json.field("expiresIn", ticket.expiresIn)
        json.endObject()
      }
      response.headers.set("Cache-Control", "no-store")
      return response
    }
    let password = Operation("changePassword", "Change one's password", tag: "Accounts").cost(.login)
      .details("Ends all other sessions.")
      .body(.object(.required("current", .string), .required("new", .password)))
      .answer(.noContent).problems(.forbidden, .conflict, .tooManyAttempts)
    router.post("/api/auth/password", password) { request, context in
      let claims = try context.claims()
      let body = try Payload(request)
      try await accounts.changePassword(
        for: claims, from: try body.string("current"), to: try body.string("new"))
      return HTTPResponse(status: .noContent)
    }
    let keys = Operation("getKeys", "Read the public keys of access tokens", tag: "Accounts").open
      .answer(
        .ok, .object(.required("keys", .array(.map(.any)))), "A JWK set (RFC 7517).", as: "application/jwk-set+json")
    router.get("/api/auth/jwks", keys) { _, _ in
      var response = HTTPResponse(bytes: tokens.keys.publicKeys, contentType: "application/jwk-set+json")
      // A key is known everywhere before it signs; who exchanges keys waits longer than that in between.
      response.headers.set("Cache-Control", "public, max-age=300")
      return response
    }
  }

  /// - Parameter inCookies: the tokens are in cookies, and not in the body, where a script would find them.
  private static func answer(
    _ status: HTTPStatus, _ session: AccountService.Session, _ inCookies: Bool
  ) -> HTTPResponse {
    var response = HTTPResponse.json(status) { json in
      json.beginObject()
      json.key("user")
      session.user.write(to: &json)
      if !inCookies { json.field("accessToken", session.accessToken) }
      json.field("expiresIn", session.expiresIn)
      if !inCookies { json.field("refreshToken", session.refreshToken) }
      json.endObject()
    }
    if inCookies { TokenCookies.set(session, on: &response) }
    // RFC 6749, 5.1.
    response.headers.set("Cache-Control", "no-store")
    return response
  }
}

extension Operation {
  /// The parameter `cookies` of what logs somebody in.
  fileprivate func withCookies() -> Operation {
    query(
      "cookies", .boolean.standard(false),
      "Set the tokens as cookies that scripts cannot read, and leave them out of the body.")
  }
}

extension ClientInfo {
  /// Who sent the request, or whom a trusted proxy names.
  init(_ request: HTTPRequest) {
    self.init(userAgent: request.headers["user-agent"], address: request.peer?.host)
  }
}
