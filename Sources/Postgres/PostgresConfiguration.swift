import CPostgres
import Networking

/// How to reach a server and what a connection and a pool may use. Every limit has a default that suits a service.
package struct PostgresConfiguration: Sendable {
  /// A URI (`postgresql://user@host:5432/db`) or keywords and values (`host=/run/postgresql dbname=chat`), as libpq
  /// reads them. Names are looked up off the loop.
  package var connectionString: String
  /// Replaces the connection string's password, so that it can come from a file of its own.
  package var password: String?
  package var applicationName = "chatd"
  /// The time to connect and authenticate.
  package var connectTimeout = Duration.seconds(5)
  /// The time a statement may run: the server's `statement_timeout`. Zero means no limit.
  package var statementTimeout = Duration.seconds(30)
  /// What is waited beyond `statementTimeout` before the request is cancelled from here, and then once more before the
  /// connection is given up.
  package var cancelGrace = Duration.seconds(2)
  /// Server settings of each session (`lock_timeout`, `search_path` …).
  package var settings: [String: String] = [:]
  /// Statements kept prepared on a connection.
  package var statementCacheLimit = 256
  /// Requests on one connection, sent or waiting to be; more are refused as overloaded.
  package var pipelineLimit = 4096

  /// Connections of a pool at most.
  package var poolSize = 8
  /// Connections that a pool keeps open when there is nothing to do.
  package var minimumIdle = 1
  /// The time to wait for a connection of the pool.
  package var acquireTimeout = Duration.seconds(5)
  /// Requests that may wait for a connection; more are refused as overloaded.
  package var queueLimit = 1024
  /// The age at which a connection is replaced, give or take a tenth.
  package var maximumLifetime = Duration.seconds(3600)
  /// The time after which a connection above `minimumIdle` is closed.
  package var idleTimeout = Duration.seconds(300)
  /// The first pause after a failed connect; it doubles up to `maximumBackoff`, and is shortened at random.
  package var minimumBackoff = Duration.milliseconds(50)
  package var maximumBackoff = Duration.seconds(5)

  package init(connectionString: String) { self.connectionString = connectionString }

  /// Throws `PostgresError` (configuration) when the connection string cannot be read.
  package func validate() throws(PostgresError) { _ = try options() }

  /// Where this leads to, without secrets: `chat@/run/postgresql:5432/chat`.
  package var endpoint: String {
    guard let options = try? options() else { return "(invalid connection string)" }
    let user = options["user"].map { "\($0)@" } ?? ""
    return "\(user)\(options["host"] ?? "local"):\(options["port"] ?? "5432")/\(options["dbname"] ?? "")"
  }

  /// The connection string's keywords and values, with what this client wants of its own.
  func options() throws(PostgresError) -> [String: String] {
    var message: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(connectionString, &message) else {
      defer { PQfreemem(message) }
      throw PostgresError(.configuration, PostgresError.trimmed(message))
    }
    defer { PQconninfoFree(parsed) }
    var options: [String: String] = [:]
    var next = parsed
    while let keyword = next.pointee.keyword {
      if let value = next.pointee.val { options[String(cString: keyword)] = String(cString: value) }
      next += 1
    }
    if let password { options["password"] = password }
    if options["application_name"] == nil { options["application_name"] = applicationName }
    // The encoders and decoders rely on it.
    options["client_encoding"] = "UTF8"
    // Asking Kerberos for credentials blocks; who needs it says so.
    if options["gssencmode"] == nil { options["gssencmode"] = "disable" }
    // A peer that vanished without a word is noticed after a minute.
    for (keyword, value) in [
      "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
    ] where options[keyword] == nil { options[keyword] = value }
    var settings = settings
    settings["statement_timeout"] = "\(statementTimeout.milliseconds)"
    let arguments = settings.sorted { $0.key < $1.key }.map { "-c \($0.key)=\(Self.escaped($0.value))" }
    options["options"] = ([options["options"]].compactMap { $0 } + arguments).joined(separator: " ")
    return options
  }

  /// Backslashes before what the server's splitting of `options` would take apart.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for character in value {
      if character.isWhitespace || character == "\\" { text.append("\\") }
      text.append(character)
    }
    return text
  }
}
