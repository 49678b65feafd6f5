import CLinux
import Glibc

/// The embedded PostgreSQL. On the servers' thread only.
final class PostgresServer {
  static let database = "chat"
  static let user = "chatd"

  /// The data directory.
  let data: String
  private(set) var process: ServerProcess?
  private let folder: DataFolder
  private let options: EmbeddedOptions
  let programs: String

  init(_ folder: DataFolder, _ options: EmbeddedOptions) throws(EmbeddedError) {
    self.folder = folder
    self.options = options
    data = "\(folder.path)/pg"
    programs = try Self.programs(forData: data)
  }

  private var log: String { "\(folder.path)/postgres.log" }

  /// For libpq; quoted as its connection strings want it.
  static func connectionString(sockets: String, database: String = database) -> String {
    var host = ""
    for character in sockets {
      if character == "'" || character == "\\" { host.append("\\") }
      host.append(character)
    }
    return "host='\(host)' port=5432 user=\(user) dbname=\(database)"
  }

  /// The folder of the programs: of the version that wrote the data, or the newest.
  private static func programs(forData data: String) throws(EmbeddedError) -> String {
    let debian = "/usr/lib/postgresql"
    let installed = FileTree.names(in: debian).compactMap { Int($0) }.filter {
      access("\(debian)/\($0)/bin/postgres", X_OK) == 0 && access("\(debian)/\($0)/bin/initdb", X_OK) == 0
    }
    if let text = FileTree.contents("\(data)/PG_VERSION"), let version = Int(text.prefix { $0 != "\n" }) {
      if installed.contains(version) { return "\(debian)/\(version)/bin" }
      if installed.isEmpty, let found = ExecutablePath.folder(of: "postgres") { return found }
      throw EmbeddedError(
        .wrongVersion,
        "\(data) is of PostgreSQL \(version), which is not installed: apt-get install postgresql-\(version)")
    }
    if let newest = installed.filter({ $0 >= 15 }).max() { return "\(debian)/\(newest)/bin" }
    if let found = ExecutablePath.folder(of: "postgres") { return found }
    throw EmbeddedError(.missingPackage, "PostgreSQL 15 or newer is not installed: apt-get install postgresql")
  }

  // MARK: The data

  /// Makes the data directory where there is none, complete or not at all.
  func prepare(_ progress: (String) -> Void) throws(EmbeddedError) {
    if access("\(data)/PG_VERSION", F_OK) != 0 {
      try create(progress)
    }
    // The lock is ours and nothing runs here, so the file is stale, whoever has its pid now.
    unlink("\(data)/postmaster.pid")
    try folder.account.own(data)
    try FileTree.write(settings, to: "\(data)/chatd.conf", mode: 0o644)
  }

  private func create(_ progress: (String) -> Void) throws(EmbeddedError) {
    guard FileTree.names(in: data).isEmpty else {
      throw EmbeddedError(.serverFailed, "\(data) holds files but no PostgreSQL data: move it away and try again")
    }
    progress("making a new database in \(data)")
    let draft = "\(data).tmp"
    FileTree.remove(draft)
    try FileTree.makeDirectory(draft, mode: 0o700)
    try folder.account.own(draft)
    let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw EmbeddedError(errno: errno, "write \(log)") }
    defer { close(output) }
    let start = Int(lseek(output, 0, SEEK_END))
    let arguments = [
      "-D", draft, "-U", Self.user, "--auth-local=trust", "--auth-host=reject", "-E", "UTF8", "--locale=C.UTF-8",
      "--data-checksums", "--no-sync",
    ]
    var code = try run("\(programs)/initdb", arguments, draft, output)
    if code == 0 {
      // In single-user mode, so that the rename below publishes a folder that lacks nothing.
      let script = """
        echo "include_if_exists = 'chatd.conf'" >> "$2/postgresql.conf" && \
        echo "CREATE DATABASE \(Self.database)" | "$1" --single -F -D "$2" postgres
        """
      code = try run("/bin/sh", ["-c", script, "sh", "\(programs)/postgres", draft], draft, output)
    }
    guard code == 0 else {
      let tail = FileTree.tail(of: log, from: start)
      FileTree.remove(draft)
      if tail.contains("No space left on device") {
        throw EmbeddedError(
          .diskFull, "the disk of \(folder.path) is full: PostgreSQL needs 100 MB to begin", log: tail)
      }
      throw EmbeddedError(.serverFailed, "PostgreSQL's initdb failed; see \(log)", log: tail)
    }
    // All at once: a third of the time that initdb takes to sync file by file.
    if options.isDurable { FileTree.syncFileSystem(of: draft) }
    rmdir(data)
    guard rename(draft, data) == 0 else { throw EmbeddedError(errno: errno, "make \(data)") }
  }

  private func run(
    _ program: String, _ arguments: [String], _ directory: String, _ output: Int32
  ) throws(EmbeddedError) -> Int32 {
    try ServerProcess.run(program, arguments, in: directory, output: output, account: folder.account)
  }

  /// What may be changed by ALTER SYSTEM; the rest is on the command line.
  private var settings: String {
    var lines = [
      "# Written by chatd at each start; use ALTER SYSTEM to change a setting.",
      "max_connections = 100", "shared_buffers = 128MB", "synchronous_commit = on", "wal_level = minimal",
      "max_wal_senders = 0", "max_wal_size = 1GB", "checkpoint_timeout = 15min", "wal_compression = on", "jit = off",
      "log_line_prefix = '%m [%p] '", "log_checkpoints = off", "log_timezone = 'UTC'",
      "idle_in_transaction_session_timeout = 5min",
    ]
    if !options.isDurable { lines += ["fsync = off", "full_page_writes = off"] }
    for (name, value) in options.postgresSettings {
      lines.append(
        "\(name) = '\(value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: The process

  func launch() throws(EmbeddedError) {
    unlink("\(data)/postmaster.pid")
    let sockets = folder.sockets.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    process = try ServerProcess.launch(
      .postgres, "\(programs)/postgres",
      [
        "-D", data, "-c", "listen_addresses=", "-c", "port=5432", "-c", "unix_socket_directories=\"\(sockets)\"", "-c",
        "unix_socket_permissions=0700", "-c", "logging_collector=off",
      ],
      in: data, log: log, account: folder.account, stopSignal: SIGINT)
  }

  /// The eighth line of postmaster.pid is its state, which is what pg_ctl waits for.
  func awaitReady(_ progress: (String) -> Void) throws(EmbeddedError) {
    guard let process else { return }
    try process.awaitReady(within: options.readyTimeout, progress) {
      guard let text = FileTree.contents("\(data)/postmaster.pid") else { return false }
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      return lines.count >= 8 && lines[0] == "\(process.pid)" && lines[7].hasPrefix("ready")
    }
  }
}

/// Programs on PATH.
enum ExecutablePath {
  /// The folder in which an executable of that name is found.
  static func folder(of name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    for folder in path.split(separator: ":").map(String.init) + ["/usr/local/bin", "/usr/bin", "/bin"]
    where access("\(folder)/\(name)", X_OK) == 0 {
      return folder
    }
    return nil
  }
}
