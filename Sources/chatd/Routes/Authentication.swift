import ChatKit
import HTTP
import JSON
import Primitives

/// Who asks: the claims of the bearer token (RFC 6750), or of the one in the cookie, checked once a request.
enum Authentication {
  /// Where the claims lie in a request's context.
  enum Key: RequestContextKey {
    typealias Value = Result<AccessClaims, ChatError>
  }

  /// Reads the token where there is one, and turns away who has none from routes that are described as needing it. Routes
  /// that want to know who asks say `context.claims()`; the others pay nothing for it.
  ///
  /// Who asks decides whose limits count, so these are looked at here too.
  static func middleware(_ tokens: TokenVerifier, _ limits: CallLimits?) -> Middleware {
    { request, context, next in
      let claims = claims(of: request, tokens)
      if let claims { context[Key.self] = claims }
      guard let limits else {
        if context.access == .authenticated { _ = try context.claims() }
        return try await next(request, context)
      }
      var user: UUID?
      var workspace: UUID?
      if case .success(let claims)? = claims { (user, workspace) = (claims.user, claims.workspace) }
      let quota = try await limits.admit(request, context, user: user, workspace: workspace)
      if context.access == .authenticated { _ = try context.claims() }
      var response = try await next(request, context)
      quota?.write(to: &response.headers)
      return response
    }
  }

  /// nil without the field.
  private static func claims(of request: HTTPRequest, _ tokens: TokenVerifier) -> Result<AccessClaims, ChatError>? {
    guard request.headers.contains("authorization") else { return cookieClaims(of: request, tokens) }
    return request.headers.withValue(of: "authorization") { field in
      guard field.count > 7, zip(field, "bearer ".utf8).allSatisfy({ $0 | 0x20 == $1 }) else {
        return .failure(
          ChatError(.unauthenticated, "Only bearer tokens are understood: Authorization: Bearer …"))
      }
      do {
        let token = UnsafeRawBufferPointer(rebasing: field[7...])
        return .success(try tokens.verify(utf8: token, at: Timestamp.now().seconds))
      } catch {
        return .failure(ChatError(.unauthenticated, "The access token is not valid: \(error)."))
      }
    }
  }
}

extension Authentication {
  /// nil without a cookie that counts.
  private static func cookieClaims(
    of request: HTTPRequest, _ tokens: TokenVerifier
  ) -> Result<AccessClaims, ChatError>? {
    guard var token = TokenCookies.value(of: TokenCookies.access, in: request) else { return nil }
    return token.withUTF8 { bytes in
      do {
        return .success(try tokens.verify(utf8: UnsafeRawBufferPointer(bytes), at: Timestamp.now().seconds))
      } catch {
        return .failure(ChatError(.unauthenticated, "The access token is not valid: \(error)."))
      }
    }
  }
}

extension RequestContext {
  /// Somebody asks, and has shown who.
  var hasClaims: Bool { if case .success = self[Authentication.Key.self] { true } else { false } }

  /// The claims of who asks. Throws `ChatError` unauthenticated.
  func claims() throws -> AccessClaims {
    guard let result = self[Authentication.Key.self] else {
      throw ChatError(.unauthenticated, "This needs a token: Authorization: Bearer …")
    }
    return try result.get()
  }
}

extension HTTPResponse {
  /// An answer in JSON.
  static func json(_ status: HTTPStatus, _ body: (inout JSONWriter) -> Void) -> HTTPResponse {
    var json = JSONWriter()
    body(&json)
    return HTTPResponse(status: status, json: json.bytes)
  }
}
