import Glibc
import Networking
import Postgres
import TestCertificates
import TestSupport
import Testing

/// A PostgreSQL of its own that takes nothing but TLS. libpq does the client's side.
private func withSecurePostgres(_ body: @escaping @Sendable (TLSAuthority, UInt16) async throws -> Void) async throws {
  let authority = try TLSAuthority()
  let made = try authority.issue("postgres")
  let port = try FreePort.pick()
  let folder = try TemporaryFolder.make()
  let script = """
    set -e
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
    mkdir \(folder)/pg
    cp \(made.certificate) \(folder)/server.pem
    cp \(made.key) \(folder)/server.key
    chmod 600 \(folder)/server.key
    as=
    if [ $(id -u) = 0 ]; then
      chown -R postgres \(folder)/pg \(folder)/server.key \(folder)/server.pem
      as='setpriv --reuid=postgres --regid=postgres --clear-groups --'
    fi
    cd \(folder)/pg
    $as $bin/initdb -D \(folder)/pg -U chatd --auth-local=trust --auth-host=reject -E UTF8 --no-sync
    echo 'hostssl all all 127.0.0.1/32 trust' >\(folder)/pg/pg_hba.conf
    exec $as $bin/postgres -D \(folder)/pg -c listen_addresses=127.0.0.1 -c port=\(port) \\
      -c unix_socket_directories= -c fsync=off -c ssl=on -c ssl_cert_file=\(folder)/server.pem \\
      -c ssl_key_file=\(folder)/server.key
    """
  let process = try await TestProcess.start("/bin/sh", ["-c", script])
  try await process.waitForLine(containing: "database system is ready to accept connections")
  do {
    try await body(authority, port)
  } catch {
    process.signal(SIGQUIT)
    throw error
  }
  process.signal(SIGQUIT)
  try await process.waitForExit()
}

@Suite("PostgreSQL over TLS")
struct PostgresTLSTests {
  @Test("the pipeline, large rows both ways and LISTEN work as without TLS; a stranger's certificate is refused")
  func pipeline() async throws {
    try await withSecurePostgres { authority, port in
      try await withLoop { loop in
        let base = "postgresql://chatd@localhost:\(port)/postgres?sslmode=verify-full&sslrootcert="
        let configuration = PostgresConfiguration(connectionString: base + authority.certificate)
        let connection = try await PostgresConnection.connect(configuration, loop: loop)
        let rows = try await connection.query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        #expect(try rows.get(0, 0, as: String.self) == "TLSv1.3")
        // Many at once: some larger than a record, than libpq's buffer, and than what the socket takes at a time.
        let sizes = (0..<200).map { [1, 100, 8_000, 17_000, 70_000, 1_000_000][$0 % 6] }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (index, size) in sizes.enumerated() {
            group.addTask {
              try await loop.submit {
                let text = String(repeating: "\(index % 10)", count: size)
                let rows = try await connection.query("SELECT $1::text", text)
                #expect(try rows.get(0, 0, as: String.self) == text)
              }
            }
          }
          try await group.waitForAll()
        }
        connection.close()
        let other = try TLSAuthority()
        let error = await #expect(throws: PostgresError.self) {
          try await PostgresConnection.connect(
            PostgresConfiguration(connectionString: base + other.certificate), loop: loop)
        }
        #expect("\(String(describing: error))".contains("certificate verify failed"), "\(String(describing: error))")
        await #expect(throws: PostgresError.self) {
          try await PostgresConnection.connect(
            PostgresConfiguration(connectionString: "postgresql://chatd@localhost:\(port)/postgres?sslmode=disable"),
            loop: loop)
        }
      }
    }
  }
}
