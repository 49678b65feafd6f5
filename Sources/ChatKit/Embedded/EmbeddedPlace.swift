import Glibc

/// Where the embedded servers of a folder are, for whoever is not the process that owns them.
package struct EmbeddedPlace: Sendable {
  /// The folder's absolute path.
  package let directory: String
  /// For libpq: socket folder, user and database.
  package let postgresConnectionString: String
  /// The path of Redis's Unix socket.
  package let redisSocket: String

  /// The keys that sign tokens and wrap the keys of messages.
  package var secrets: String { "\(directory)/secrets" }
  /// The socket of chatd's admin listener, where no other was configured.
  package var adminSocket: String { "\(directory)/admin.sock" }

  /// Finds the servers of `directory`. Throws `EmbeddedError` when it is no such folder, or nothing runs there.
  package init(_ directory: String) throws(EmbeddedError) {
    guard let real = realpath(directory, nil) else { throw EmbeddedError(errno: errno, "open \(directory)") }
    let path = String(cString: real)
    free(real)
    let run = "\(path)/run"
    let sockets = FileTree.target(ofLink: run) ?? run
    self.directory = path
    postgresConnectionString = PostgresServer.connectionString(sockets: sockets)
    redisSocket = RedisServer.socketPath(in: sockets)
    guard access("\(path)/pg", F_OK) == 0 || access("\(path)/redis", F_OK) == 0 else {
      throw EmbeddedError(.notRunning, "\(directory) is no folder of 'chatd all --embedded'")
    }
    guard access(redisSocket, F_OK) == 0 || errno == EACCES else {
      throw EmbeddedError(.notRunning, "nothing runs in \(directory): start 'chatd all --embedded \(directory)'")
    }
  }
}
