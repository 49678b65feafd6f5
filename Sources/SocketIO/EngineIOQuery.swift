import HTTP

/// The parameters that Engine.IO knows; all others are ignored.
struct EngineIOQuery: Sendable {
  var transport: EngineIOMachine.Transport?
  var isVersion4 = false
  var sid: String?
  /// False where an escape cannot be decoded: the request is refused, whatever else it says.
  let isWellFormed: Bool

  init(_ query: HTTPQuery) {
    isWellFormed = query.isWellFormed
    for (name, value) in query {
      switch name {
      case "EIO": isVersion4 = value == "4"
      case "transport":
        switch value {
        case "polling": transport = .polling
        case "websocket": transport = .webSocket
        default: transport = nil
        }
      case "sid": sid = value.isEmpty ? nil : value
      default: break
      }
    }
  }
}
