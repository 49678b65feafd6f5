import COpenSSL
import Glibc
package import Primitives

/// This machine, for those chatds that run on it.
package enum HostHealth {
  /// Descriptors that each chatd here may have open, and has.
  /// - Parameter nodes: all that live; those of other machines are told of only.
  package static func files(_ nodes: [Node], host: String) -> [HealthFinding] {
    let here = nodes.filter { $0.isAlive && $0.host == host }
    guard !here.isEmpty else {
      return [
        HealthFinding(
          "files", .ok,
          nodes.isEmpty ? "no chatd is alive" : "no chatd runs on \(host): look there, on each of its machines")
      ]
    }
    return here.map { node in
      let name = "files.\(node.pid)"
      guard let limit = limit(of: node.pid) else {
        return HealthFinding(
          name, .unknown, "the limits of pid \(node.pid) cannot be read",
          fix: "run this as its account, or as root")
      }
      let open = FileTree.names(in: "/proc/\(node.pid)/fd").count
      var finding = HealthFinding(
        name, "\(node.role) (pid \(node.pid)) may open \(limit) files and has \(max(open, 0))",
        fix: "LimitNOFILE=1048576 in its systemd unit: each socket needs one",
        metrics: [.init("open", Double(open), warning: Double(limit) * 0.8, critical: Double(limit) * 0.95)])
      if finding.status == .ok, limit < 10_000, node.role != "inbox", node.role != "presence" {
        finding.status = .warning
        finding.fix = "LimitNOFILE=1048576 in its systemd unit: each socket needs one"
      }
      return finding
    }
  }

  /// The soft limit of open files; nil when it cannot be read.
  private static func limit(of pid: Int32) -> Int? {
    guard let bytes = try? FileBytes.read("/proc/\(pid)/limits", limit: 1 << 16, what: "limits") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") }) else { return nil }
    let words = line.dropFirst("Max open files".count).split(separator: " ")
    return words.first.flatMap { $0 == "unlimited" ? Int.max : Int($0) }
  }

  // MARK: Certificates

  /// When the certificate of a file ends.
  /// - Parameters:
  ///   - name: the finding's.
  ///   - setting: where the file is named.
  package static func certificate(
    _ path: String, name: String = "certificate", setting: String = "tls.certificate"
  ) -> HealthFinding {
    guard let seconds = expiry(ofCertificate: path) else {
      return HealthFinding(
        name, .critical, "\(path) is no certificate in PEM that can be read", fix: "see that \(setting) is right")
    }
    return certificate(
      name, path, until: seconds, fix: "renew \(path) (certbot renew); chatd takes it up with systemctl reload")
  }

  /// How a certificate is that ends then.
  /// - Parameters:
  ///   - place: whose it is: a file, a URL.
  ///   - seconds: since 1970.
  package static func certificate(
    _ name: String, _ place: String, until seconds: Int64, fix: String, now: Timestamp = .now()
  ) -> HealthFinding {
    let end = Timestamp(seconds: seconds)
    let days = LagReport.seconds(end - now) / 86_400
    var status = HealthFinding.Status.ok
    if days < 14 { status = .warning }
    if days < 3 { status = .critical }
    let whole = Int(days.rounded(.down))
    let summary =
      days < 0
      ? "\(place): the certificate has ended on \(end)"
      : "\(place): the certificate is valid until \(end), \(whole) day\(whole == 1 ? "" : "s") from now"
    return HealthFinding(name, status, summary, fix: fix, metrics: [.init("days", (days * 10).rounded() / 10)])
  }

  /// Seconds since 1970.
  private static func expiry(ofCertificate path: String) -> Int64? {
    guard let context = copenssl_new_context(0, TLS1_2_VERSION) else { return nil }
    defer { SSL_CTX_free(context) }
    defer { ERR_clear_error() }
    guard SSL_CTX_use_certificate_chain_file(context, path) == 1, let leaf = SSL_CTX_get0_certificate(context) else {
      return nil
    }
    return Int64(copenssl_not_after(leaf))
  }
}
