import ChatKit
import Commands
import Glibc
import TestSupport
import Testing

@Suite("Secrets of the configuration")
struct SecretTests {
  private let folder: String

  init() throws { folder = try TemporaryFolder.make() }

  @Test("the file that was named, else the credential, else nothing")
  func sources() throws {
    try FileText.write("named\n", to: "\(folder)/file")
    try FileText.write("granted", to: "\(folder)/postgres-password")
    let named = Secret(name: "postgres.password", file: "\(folder)/file", credential: "postgres-password")
    let unnamed = Secret(name: "postgres.password", file: nil, credential: "postgres-password")
    #expect(try named.read(credentials: folder) == "named")
    #expect(try unnamed.read(credentials: folder) == "granted")
    #expect(try unnamed.read(credentials: "\(folder)/none") == nil)
    #expect(try unnamed.read(credentials: nil) == nil)
  }

  @Test("what cannot be used is said with the file's name and nothing of what is in it")
  func failures() throws {
    func failure(_ file: String) throws -> ConfigurationError {
      let secret = Secret(name: "redis.password", file: file, credential: "redis-password")
      return try #require(throws: ConfigurationError.self) { try secret.read(credentials: nil) }
    }
    #expect(try failure("\(folder)/none").message == "redis.password: there is no file \(folder)/none")
    #expect(try failure(folder).message == "redis.password: \(folder) is a folder, not a file")
    try FileText.write("\n", to: "\(folder)/empty")
    #expect(try failure("\(folder)/empty").message == "redis.password: \(folder)/empty is empty")
    try FileText.write(String(repeating: "x", count: 70_000), to: "\(folder)/long")
    #expect(try failure("\(folder)/long").message.hasSuffix("is longer than 64KiB"))
  }
}
