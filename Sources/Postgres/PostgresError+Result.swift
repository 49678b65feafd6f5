import CPostgres

/// A message of the server's that is not an error: RAISE NOTICE, a warning.
package struct PostgresNotice: Sendable {
  package var severity: String
  package var message: String
  package var sqlState: SQLState?
}

/// What another session said with NOTIFY.
package struct PostgresNotification: Sendable {
  package var channel: String
  package var payload: String
  /// The process of the session that sent it.
  package var process: Int32
}

extension PostgresError {
  /// The error that a result carries. `result` is only read.
  init(result: OpaquePointer, outcome: Outcome = .notExecuted) {
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    // The codes are libpq's PG_DIAG_… (postgres_ext.h), which are characters.
    var fields = Fields()
    fields.severity = field("V") ?? field("S")
    fields.detail = field("D")
    fields.hint = field("H")
    fields.schema = field("s")
    fields.table = field("t")
    fields.column = field("c")
    fields.dataType = field("d")
    fields.constraint = field("n")
    fields.context = field("W")
    fields.position = field("P").flatMap { Int($0) }
    fields.routine = field("R")
    let sqlState = field("C").map { SQLState($0) }
    let message = field("M") ?? Self.trimmed(PQresultErrorMessage(result))
    // A result without a state was made by libpq itself, when the connection failed.
    let code: Code =
      sqlState == nil ? .connectionLost : sqlState == .queryCanceled ? .timeout : .server
    self.init(code, message, sqlState: sqlState, outcome: outcome, fields: fields)
  }

  /// libpq's last message about a connection, without its final newline.
  static func message(of connection: OpaquePointer?) -> String { trimmed(PQerrorMessage(connection)) }

  static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "out of memory" }
    var message = String(cString: text)
    while message.last?.isNewline == true { message.removeLast() }
    return message
  }
}

extension PostgresNotice {
  init(result: OpaquePointer) {
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    self.init(
      severity: field("V") ?? field("S") ?? "NOTICE", message: field("M") ?? "",
      sqlState: field("C").map { SQLState($0) })
  }
}
