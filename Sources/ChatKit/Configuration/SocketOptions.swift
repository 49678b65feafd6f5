import Commands
package import Primitives

/// Engine.IO and Socket.IO.
package struct SocketOptions: Sendable {
  package let pingInterval: Duration
  package let pingTimeout: Duration
  package let upgradeTimeout: Duration
  package let connectTimeout: Duration
  package let maxPayload: ByteCount
  package let maxBuffered: ByteCount
  package let maxSessions: Int
  package let polling: Bool
  package let affinityCookie: String?
  package let maxRooms: Int
  package let maxReplay: Int
  package let compression: Bool
  package let compressionThreshold: ByteCount
  package let compressionContext: Bool
  package let compressionWindow: Int
  package let recoveryWindow: Duration
  package let maxRecoverable: Int
  package let maxRecovered: Int

  init(_ settings: inout SettingReader) {
    settings.section("sockets", "Sockets", "Engine.IO and Socket.IO, at /socket.io/ of the HTTP listener.")
    pingInterval = settings.value(
      "sockets.pingInterval", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(25),
      "How often a client is pinged; it is told when it connects.")
    pingTimeout = settings.value(
      "sockets.pingTimeout", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(20),
      "How long a client may take to answer a ping before it is closed.")
    upgradeTimeout = settings.value(
      "sockets.upgradeTimeout", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(10),
      "How long a client may take to move from polling to a WebSocket that is there.")
    connectTimeout = settings.value(
      "sockets.connectTimeout", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(45),
      "How long a client may take to join a namespace after it has connected.")
    maxPayload = settings.value(
      "sockets.maxPayload", .size(.kibibytes(1) ... .mebibytes(100)), default: ByteCount(bytes: 1_000_000),
      "The longest packet or polling body of a client; it is told when it connects. At most http.maxBody.")
    maxBuffered = settings.value(
      "sockets.maxBuffered", .size(.kibibytes(64) ... .gibibytes(1)), default: .mebibytes(4),
      "What may wait for a client that does not keep up before it is closed.")
    maxSessions = settings.value(
      "sockets.maxSessions", .int(1...10_000_000), default: 250_000, "Sessions of one loop; more are refused with 503.")
    polling = settings.flag(
      "sockets.polling", default: true, "Whether clients may use HTTP long-polling, or WebSocket only.")
    affinityCookie = settings.optional(
      "sockets.affinityCookie", .string("NAME", example: "io"),
      "The name of the cookie by which a proxy finds this process again when a client polls.")
    maxRooms = settings.value(
      "sockets.maxRooms", .int(1...1_000_000), default: 1000, "Conversations that one socket may have joined.")
    maxReplay = settings.value(
      "sockets.maxReplay", .int(0...1_000_000), default: 5000,
      "Messages that a join with afterSeq resends; where there are more, the client is told to read the history.")
    compression = settings.flag(
      "sockets.compression", default: false,
      "Whether WebSocket messages are compressed (permessage-deflate) for clients that offer it.")
    compressionThreshold = settings.value(
      "sockets.compressionThreshold", .size(ByteCount(bytes: 1) ... .mebibytes(16)), default: .kibibytes(1),
      "Messages shorter than this are not compressed.")
    compressionContext = settings.flag(
      "sockets.compressionContext", default: false,
      "Whether messages are compressed with regard to earlier ones: smaller, for about 200 KiB a socket.")
    compressionWindow = settings.value(
      "sockets.compressionWindow", .int(9...15), default: 15,
      "How far back compression looks, as a power of two of bytes.")
    recoveryWindow = settings.value(
      "sockets.recoveryWindow", .duration(.zero ... .seconds(3600)), default: .seconds(120),
      "How long a client may be away and be continued as the socket that it was; 0s offers no recovery.")
    maxRecoverable = settings.value(
      "sockets.maxRecoverable", .int(1...10_000_000), default: 20_000,
      "Clients that are away and may be continued, of each loop; beyond it those that left first are forgotten.")
    maxRecovered = settings.value(
      "sockets.maxRecovered", .int(1...4000), default: 1000,
      "Messages that a recovery sends; a client that has missed more is told that it is a new one.")
  }
}
