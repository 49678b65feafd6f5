import HTTP
import Networking

/// What the command line asks for.
struct ConformanceOptions: Sendable {
  enum Mode: String, CaseIterable, Sendable {
    case http, websocket, engineio, socketio
  }

  struct UsageError: Error, CustomStringConvertible {
    let description: String
  }

  static let usage =
    "usage: ConformanceServer \(Mode.allCases.map(\.rawValue).joined(separator: "|")) --port N "
    + "[--ping-interval MS] [--ping-timeout MS] [--max-payload BYTES] [--connect-timeout MS] [--deflate] [--tls CERTIFICATE KEY]"

  var mode: Mode
  var port: UInt16 = 0
  var pingInterval = Duration.milliseconds(25_000)
  var pingTimeout = Duration.milliseconds(20_000)
  var maxPayload: Int?
  var connectTimeout = Duration.milliseconds(45_000)
  var deflate = false
  var tls: TLSFiles?

  /// All that RFC 7692 has, for as little as a byte, where the client offers it.
  var compression: WebSocketCompression? {
    guard deflate else { return nil }
    var compression = WebSocketCompression()
    compression.serverContextTakeover = true
    compression.clientContextTakeover = true
    compression.threshold = 1
    return compression
  }

  init(arguments: [String]) throws(UsageError) {
    guard let first = arguments.first, let mode = Mode(rawValue: first) else {
      throw UsageError(description: "the first argument is the mode")
    }
    self.mode = mode
    var rest = arguments.dropFirst()
    while let flag = rest.popFirst() {
      switch flag {
      case "--port": port = try Self.number(&rest, flag)
      case "--ping-interval": pingInterval = .milliseconds(try Self.number(&rest, flag) as Int)
      case "--ping-timeout": pingTimeout = .milliseconds(try Self.number(&rest, flag) as Int)
      case "--max-payload": maxPayload = try Self.number(&rest, flag)
      case "--connect-timeout": connectTimeout = .milliseconds(try Self.number(&rest, flag) as Int)
      case "--deflate": deflate = true
      case "--tls":
        guard let certificate = rest.popFirst(), let key = rest.popFirst() else {
          throw UsageError(description: "--tls needs a certificate and its key, both files in PEM")
        }
        tls = TLSFiles(certificate: certificate, key: key)
      default: throw UsageError(description: "unknown option \(flag)")
      }
    }
  }

  private static func number<Value: FixedWidthInteger>(
    _ rest: inout ArraySlice<String>, _ flag: String
  ) throws(UsageError) -> Value {
    guard let text = rest.popFirst(), let value = Value(text), value >= 0 else {
      throw UsageError(description: "\(flag) needs a number")
    }
    return value
  }
}

extension ConformanceOptions {
  /// Where to listen, and how.
  var server: HTTPServerConfiguration {
    get throws {
      var configuration = HTTPServerConfiguration(address: .loopback(port: port))
      if let tls { configuration.tls = try TLSServerContext(TLSServerConfiguration(files: [tls])) }
      return configuration
    }
  }
}
