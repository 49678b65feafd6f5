import ChatKit
import HTTP
import JSON
import Primitives

/// Who asks: the claims of the bearer token (RFC 6750), checked once a request.
enum Authentication {
  /// Where the claims lie in a request's context.
  enum Key: RequestContextKey {
    typealias Value = Result<AccessClaims, ChatError>
  }

  /// Reads the token where there is one. Routes that need it ask for `context.claims()`.
  static func middleware(_ keys: SigningKeySet) -> Middleware {
    { request, context, next in
      context[Key.self] = claims(of: request, keys)
      return try await next(request, context)
    }
  }

  private static func claims(of request: HTTPRequest, _ keys: SigningKeySet) -> Result<AccessClaims, ChatError> {
    guard let header = request.headers["authorization"] else {
      return .failure(ChatError(.unauthenticated, "This needs a token: Authorization: Bearer …"))
    }
    guard header.count > 7, header.prefix(7).lowercased() == "bearer " else {
      return .failure(ChatError(.unauthenticated, "Only bearer tokens are understood: Authorization: Bearer …"))
    }
    do {
      return .success(try keys.verify(String(header.dropFirst(7)), at: Timestamp.now().seconds))
    } catch {
      return .failure(ChatError(.unauthenticated, "The access token is not valid: \(error)."))
    }
  }
}

extension RequestContext {
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
