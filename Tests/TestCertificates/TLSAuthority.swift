import Glibc

/// Certificates for tests, signed by an authority of their own, made with the `openssl` program. In a folder that is
/// removed with this value.
package final class TLSAuthority: Sendable {
  package let folder: String

  /// What a certificate is for.
  package enum Use: String, Sendable { case server = "serverAuth", client = "clientAuth" }

  package init() throws {
    var template = Array("/tmp/tls-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "cannot make a folder")
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try Self.openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=Test Authority' "
        + "-keyout \(folder)/ca.key -out \(folder)/ca.pem")
    _ = Self.shell("touch \(folder)/index")
  }

  deinit { _ = system("rm -rf \(folder)") }

  package var certificate: String { "\(folder)/ca.pem" }

  package struct Failure: Error {
    package var command: String
    package var output: String
  }

  /// Runs the program and returns what it printed on its standard output and error.
  @discardableResult
  package static func openssl(_ arguments: String) throws -> String {
    let (code, output) = shell("openssl \(arguments)")
    guard code == 0 else { throw Failure(command: arguments, output: output) }
    return output
  }

  /// Runs a command to its end; nothing of the loop's is blocked when this is called on a thread of its own.
  package static func shell(_ command: String) -> (code: Int32, output: String) {
    guard let pipe = popen("(\(command)) 2>&1", "r") else { return (-1, "") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      guard count > 0 else { break }
      output += buffer[..<count]
    }
    let status = pclose(pipe)
    return ((status >> 8) & 0xff, String(decoding: output, as: UTF8.self))
  }

  /// Makes `NAME.pem`, with the authority's certificate behind it, and `NAME.key`.
  package func issue(
    _ name: String, names: [String] = ["localhost"], use: Use = .server, isExpired: Bool = false, rsa: Bool = false,
    days: Int = 2
  ) throws -> (certificate: String, key: String) {
    let base = "\(folder)/\(name)"
    let kind = rsa ? "rsa:2048" : "ec -pkeyopt ec_paramgen_curve:P-256"
    let alternatives = names.map { $0.first?.isNumber == true ? "IP:\($0)" : "DNS:\($0)" }.joined(separator: ",")
    try Self.openssl("req -newkey \(kind) -nodes -subj '/O=Test/CN=\(name)' -keyout \(base).key -out \(base).csr")
    let extensions = "subjectAltName=\(alternatives)\nextendedKeyUsage=\(use.rawValue)\n"
    if isExpired {
      // `x509` cannot sign for the past.
      try Self.openssl(
        "ca -batch -notext -config /dev/stdin -in \(base).csr -out \(base).leaf -startdate 20200101000000Z "
          + "-enddate 20210203000000Z <<'END'\n[ca]\ndefault_ca=a\n[a]\ndatabase=\(folder)/index\nnew_certs_dir=\(folder)\n"
          + "default_md=sha256\npolicy=p\nrand_serial=yes\ncertificate=\(folder)/ca.pem\nprivate_key=\(folder)/ca.key\n"
          + "x509_extensions=e\n[e]\n\(extensions)[p]\ncommonName=supplied\norganizationName=optional\nEND\n")
    } else {
      try Self.openssl(
        "x509 -req -in \(base).csr -CA \(folder)/ca.pem -CAkey \(folder)/ca.key -set_serial \(Int.random(in: 1...(1 << 60))) "
          + "-days \(days) -out \(base).leaf -extfile /dev/stdin <<'END'\n\(extensions)END\n")
    }
    _ = Self.shell("cat \(base).leaf \(folder)/ca.pem > \(base).pem")
    return ("\(base).pem", "\(base).key")
  }
}
