import ChatKit
import HTTP
import Networking
import Primitives

/// Until when certificates are valid: those of the files that the configuration names, and those that others see, which may be
/// a proxy's.
struct Certificates {
  private let session: Session

  init(_ session: Session) { self.session = session }

  func findings() async -> [HealthFinding] {
    let options = session.connections.options
    var findings: [HealthFinding] = []
    if let path = options.tls.certificate { findings.append(HostHealth.certificate(path)) }
    for (index, files) in options.tls.more.enumerated() {
      findings.append(
        HostHealth.certificate(files.certificate, name: "certificate.more.\(index + 1)", setting: "tls.more"))
    }
    if let path = options.kafka.certificate {
      findings.append(HostHealth.certificate(path, name: "certificate.kafka", setting: "kafka.certificateFile"))
    }
    findings += await served("certificate.url", session.connections.tool.url)
    if let url = session.connections.tool.adminURL { findings += await served("certificate.admin", url) }
    guard findings.isEmpty else { return findings }
    return [
      HealthFinding("certificate", .ok, "no certificate is configured here (tls.certificate), and --url is not https")
    ]
  }

  /// What the server of a URL shows; nothing without TLS.
  private func served(_ name: String, _ url: String) async -> [HealthFinding] {
    guard url.hasPrefix("https://") else { return [] }
    // Also one that ended yesterday, or is nobody's, has a date.
    var anybody = TLSClientConfiguration()
    anybody.verifies = false
    anybody.resumes = false
    var configuration = HTTPClientConfiguration()
    configuration.tls = TLSClientContext(anybody)
    do {
      guard let shown = try await session.connections.http(configuration).certificate(of: url) else { return [] }
      let fix = "renew it where it lies (tls.certificate, or the proxy's); chatd takes it up with systemctl reload"
      let finding = HostHealth.certificate(
        name, "\(url) (\(CellText.printable(shown.subject)))", until: shown.notAfter, fix: fix)
      guard finding.status != .critical, let refusal = await refusal(of: url) else { return [finding] }
      return [
        HealthFinding(
          name, .critical, "\(url) shows a certificate that is not trusted here: \(refusal)",
          fix:
            "serve the whole chain, for that name; give this machine the authority's certificate where it is your own",
          metrics: finding.metrics)
      ]
    } catch {
      return [
        HealthFinding(
          name, .critical, "\(url) shows no certificate: \(error)",
          fix: "see that --url is right and that something listens there")
      ]
    }
  }

  /// Why an ordinary client would not go on; nil where it does.
  private func refusal(of url: String) async -> String? {
    do {
      _ = try await session.connections.http().certificate(of: url)
      return nil
    } catch let error as NetworkError {
      return error.code == .untrusted ? "\(error)" : nil
    } catch {
      return nil
    }
  }
}
