import ChatKit
import HTTP

/// The tokens as cookies that scripts cannot read, for pages that ask for it (`?cookies=true`).
///
/// Both are Secure and SameSite=Strict: another site's page cannot make a browser send them. The names' prefixes make
/// browsers refuse such cookies from elsewhere, a sibling domain or plain HTTP. The refresh token goes to `/api/auth` only.
///
/// SameSite knows sites and not origins, and a sibling domain is the same site. So a cookie counts only in a request that
/// the browser says comes from a page of this very origin: `Sec-Fetch-Site: same-origin` (or `none`, an address that was
/// typed in), or for a browser that does not say so, no `Origin` or that of the host that is asked. What is refused that way is
/// as if there were no cookie.
enum TokenCookies {
  static let access = "__Host-chatd-access"
  static let refresh = "__Secure-chatd-refresh"
  private static let attributes = "; Secure; HttpOnly; SameSite=Strict"

  /// Whether the request wants its tokens as cookies. Throws `ChatError` invalidRequest.
  static func areWanted(_ request: HTTPRequest) throws -> Bool {
    switch request.query["cookies"] {
    case nil, "false": return false
    case "true": return true
    default: throw ChatError.invalid("cookies", "cookies must be true or false.")
    }
  }

  static func set(_ session: AccountService.Session, on response: inout HTTPResponse) {
    response.headers.append(
      "Set-Cookie", "\(access)=\(session.accessToken); Path=/; Max-Age=\(session.expiresIn)\(attributes)")
    response.headers.append(
      "Set-Cookie",
      "\(refresh)=\(session.refreshToken); Path=/api/auth; Max-Age=\(session.refreshExpiresIn)\(attributes)")
  }

  /// Has the browser forget them.
  static func clear(on response: inout HTTPResponse) {
    response.headers.append("Set-Cookie", "\(access)=; Path=/; Max-Age=0\(attributes)")
    response.headers.append("Set-Cookie", "\(refresh)=; Path=/api/auth; Max-Age=0\(attributes)")
  }

  /// The value of a cookie that counts; nil without one.
  static func value(of name: String, in request: HTTPRequest) -> String? {
    guard request.headers.contains("cookie"), isOfOurOrigin(request) else { return nil }
    for field in request.headers.values(of: "cookie") {
      for pair in field.split(separator: ";") {
        let pair = pair.drop { $0 == " " }
        guard pair.hasPrefix(name), pair.dropFirst(name.count).first == "=" else { continue }
        return String(pair.dropFirst(name.count + 1))
      }
    }
    return nil
  }

  private static func isOfOurOrigin(_ request: HTTPRequest) -> Bool {
    if let site = request.headers["sec-fetch-site"] { return site == "same-origin" || site == "none" }
    guard let origin = request.headers["origin"] else { return true }
    guard let host = request.host else { return false }
    return origin == "https://\(host)" || origin == "http://\(host)"
  }
}
