import JSON

/// What a refusal is counted as: its code, or as much of it as can be told.
enum ErrorCode {
  /// Of an acknowledgement, `[{"ok":false,"error":{"code":…}}]`.
  static func of(_ acknowledgement: [UInt8]) -> String {
    guard let root = try? JSONDocument(parsing: acknowledgement).root, let code = root[0]?["error"]?["code"]?.string
    else { return "refused" }
    return code
  }

  /// Of a problem (RFC 9457) that came with an HTTP status.
  static func of(status: UInt16, _ body: [UInt8]) -> String {
    guard let root = try? JSONDocument(parsing: body).root, let code = root["code"]?.string else {
      return "HTTP \(status)"
    }
    return "HTTP \(status) \(code)"
  }
}
