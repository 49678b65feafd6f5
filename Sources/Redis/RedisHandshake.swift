/// What a fresh connection says first, and how it judges the answers: AUTH, SELECT, CLIENT SETNAME, who are you, and is
/// the data loaded. All is sent at once.
struct RedisHandshake {
  /// What the server has answered so far.
  enum Progress: Equatable {
    case waiting
    case ready(RedisServer)
    case failed(RedisError)
  }

  private enum Step {
    case authenticate, select, name, identify, ping
  }

  private var steps: [Step] = []
  private var next = 0
  private var server = RedisServer()
  private let configuration: RedisConfiguration

  init(_ configuration: RedisConfiguration) {
    self.configuration = configuration
    if configuration.password != nil { steps.append(.authenticate) }
    if configuration.database != 0 { steps.append(.select) }
    if configuration.clientName != nil { steps.append(.name) }
    steps += [.identify, .ping]
  }

  func encode(into encoder: CommandEncoder) {
    for step in steps {
      switch step {
      case .authenticate:
        let password = configuration.password ?? ""
        if let username = configuration.username {
          encoder.command("AUTH", username, password)
        } else {
          encoder.command("AUTH", password)
        }
      case .select: encoder.command("SELECT", configuration.database)
      case .name: encoder.command("CLIENT", "SETNAME", configuration.clientName ?? "")
      case .identify: encoder.command("INFO", "server")
      case .ping: encoder.command("PING")
      }
    }
  }

  /// Takes the next reply.
  mutating func receive(_ reply: RedisValue) -> Progress {
    guard next < steps.count else { return .failed(.unexpected("PING")) }
    let step = steps[next]
    next += 1
    switch (step, reply) {
    // A name is a convenience, and INFO may be forbidden to an application's account.
    case (.name, .error), (.identify, .error): break
    case (_, .error(let error)): return .failed(error)
    case (.identify, _): server = RedisServer(info: reply.string ?? "")
    default: break
    }
    return next == steps.count ? .ready(server) : .waiting
  }
}

/// The server that a connection has reached. Another `runID` than before means that it was restarted, or is another
/// one, and may have lost what was in it.
package struct RedisServer: Equatable, Sendable {
  /// 40 hexadecimal digits, new at each start of the server; empty where INFO is not permitted.
  package private(set) var runID = ""
  package private(set) var version = ""

  init() {}

  /// Reads the answer to `INFO server`.
  init(info: String) {
    for line in info.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = String(line[line.index(after: colon)...])
      switch line[..<colon] {
      case "run_id": runID = value
      case "redis_version": version = value
      default: break
      }
    }
  }
}
