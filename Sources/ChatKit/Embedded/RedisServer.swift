import CLinux
import Glibc

/// The embedded Redis. On the servers' thread only.
final class RedisServer {
  /// Its data, and its working directory.
  let data: String
  private(set) var process: ServerProcess?
  private let folder: DataFolder
  private let options: EmbeddedOptions
  private let program: String

  init(_ folder: DataFolder, _ options: EmbeddedOptions) throws(EmbeddedError) {
    self.folder = folder
    self.options = options
    data = "\(folder.path)/redis"
    guard let found = ExecutablePath.folder(of: "redis-server") else {
      throw EmbeddedError(.missingPackage, "Redis is not installed: apt-get install redis-server")
    }
    program = "\(found)/redis-server"
  }

  static func socketPath(in sockets: String) -> String { "\(sockets)/redis.sock" }

  /// Throws the data away. The server must not run.
  func wipe() throws(EmbeddedError) { FileTree.remove(data) }

  func launch() throws(EmbeddedError) {
    try FileTree.makeDirectory(data, mode: 0o700)
    try folder.account.own(data)
    let socket = Self.socketPath(in: folder.sockets)
    unlink(socket)
    process = try ServerProcess.launch(
      .redis, program,
      [
        "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", data, "--daemonize", "no",
        "--appendonly", "yes", "--appendfsync", options.isDurable ? "everysec" : "no", "--save", "",
        "--maxmemory-policy", "noeviction", "--client-output-buffer-limit", "pubsub 256mb 64mb 60",
      ] + options.redisArguments,
      in: data, log: "\(folder.path)/redis.log", account: folder.account, stopSignal: SIGTERM)
  }

  /// Ready is what answers PING with PONG; while it loads its data it answers with an error.
  func awaitReady(_ progress: (String) -> Void) throws(EmbeddedError) {
    guard let process else { return }
    let socket = Self.socketPath(in: folder.sockets)
    try process.awaitReady(within: options.readyTimeout, progress) { Self.answers(socket) }
  }

  private static func answers(_ path: String) -> Bool {
    guard access(path, F_OK) == 0 else { return false }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isConnected, clinux_send(descriptor, "PING\r\n", 6) == 6 else { return false }
    var answer = [UInt8](repeating: 0, count: 64)
    let count = clinux_receive(descriptor, &answer, answer.count)
    return count > 0 && answer.starts(with: "+PONG".utf8)
  }
}
