import HTTP
import Networking
import Testing

@Suite("who a request comes from")
struct TrustedProxiesTests {
  private func client(
    _ values: [String], from peer: String = "10.0.0.1", field: TrustedProxies.Field = .xForwardedFor
  ) throws -> String {
    let networks = try ["10.0.0.0/8", "fd00::/8"].map { try #require(IPNetwork($0)) }
    let proxies = try #require(TrustedProxies(networks, field: field))
    var headers = HTTPHeaders()
    for value in values { headers.append(field.rawValue, value) }
    return proxies.client(of: headers, from: try #require(SocketAddress(literal: peer, port: 4711))).host
  }

  @Test("is who has connected, unless that is a trusted proxy")
  func direct() throws {
    #expect(try client(["198.51.100.7"], from: "203.0.113.1") == "203.0.113.1")
    #expect(try client([]) == "10.0.0.1")
    #expect(try client(["198.51.100.7"]) == "198.51.100.7")
  }

  @Test("is the last in the chain that is no trusted proxy: what is before it anybody may have written")
  func chain() throws {
    #expect(try client(["1.1.1.1, 198.51.100.7, 10.0.0.2"]) == "198.51.100.7")
    #expect(try client(["1.1.1.1", "198.51.100.7,10.0.0.2"]) == "198.51.100.7")
    #expect(try client(["10.0.0.3, 10.0.0.2"]) == "10.0.0.3")
    #expect(try client(["198.51.100.7:51234"]) == "198.51.100.7")
    #expect(try client(["[2001:db8::7]:443"]) == "2001:db8::7")
    #expect(try client(["2001:db8::7"], from: "fd00::1") == "2001:db8::7")
  }

  @Test(
    "is the nearest that can be read, where something cannot",
    arguments: ["", "unknown", "_hidden", "/etc/passwd", "1.2.3"])
  func unreadable(value: String) throws {
    #expect(try client(["198.51.100.7, \(value)"]) == (value.isEmpty ? "198.51.100.7" : "10.0.0.1"))
  }

  @Test("does not follow a chain without an end")
  func long() throws {
    let chain = ["198.51.100.7"] + (0..<100).map { "10.0.1.\($0)" }
    #expect(try client([chain.joined(separator: ",")]) == "10.0.1.68")
  }

  @Test("is read from Forwarded where that is what the proxies write, and then from nothing else")
  func forwarded() throws {
    #expect(try client(["for=198.51.100.7;proto=https;by=10.0.0.2"], field: .forwarded) == "198.51.100.7")
    #expect(try client(["For=\"[2001:db8::7]:4711\", for=10.0.0.2"], field: .forwarded) == "2001:db8::7")
    #expect(try client(["for=\"a,b\", proto=https"], field: .forwarded) == "10.0.0.1")
    let network = try #require(IPNetwork("10.0.0.1"))
    let proxies = try #require(TrustedProxies([network], field: .forwarded))
    let peer = try #require(SocketAddress(literal: "10.0.0.1", port: 1))
    #expect(proxies.client(of: ["x-forwarded-for": "198.51.100.7"], from: peer).host == "10.0.0.1")
  }
}
