import ChatKit
import HTTP
import Primitives

extension HTTPRequest {
  /// The `limit` parameter. Throws `ChatError` invalidRequest.
  func limit(default standard: Int, most: Int) throws -> Int {
    guard let text = query["limit"] else { return standard }
    guard let limit = Int(text), (1...most).contains(limit) else {
      throw ChatError.invalid("limit", "limit must be 1 to \(most).")
    }
    return limit
  }

  /// The `cursor` parameter of lists in the order of identifiers. Throws `ChatError` invalidRequest.
  func cursor() throws -> UUID? {
    guard let text = query["cursor"] else { return nil }
    guard let id = UUID(text) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
    return id
  }

  /// A parameter that is a UUID; nil without it. Throws `ChatError` invalidRequest.
  func uuid(_ name: String) throws -> UUID? {
    guard let text = query[name] else { return nil }
    guard let id = UUID(text) else { throw ChatError.invalid(name, "\(name) must be a UUID.") }
    return id
  }

  /// The version that `If-Match` (RFC 9110, 13.1.1) names, which has one entity tag here: nil without it, and for `*`.
  /// Throws `ChatError` preconditionFailed for what was never a tag of ours.
  func ifMatch() throws -> Int64? {
    guard let field = headers["if-match"] else { return nil }
    if field == "*" { return nil }
    guard field.utf8.count >= 3, field.hasPrefix("\""), field.hasSuffix("\""),
      let version = Int64(field.dropFirst().dropLast())
    else { throw ChatError(.preconditionFailed, "If-Match names no state of this resource.", field: "If-Match") }
    return version
  }
}
