import Networking
import Testing

@Suite("IP networks")
struct IPNetworkTests {
  @Test(
    "have the addresses with their prefix",
    arguments: [
      ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("127.0.0.1", "127.0.0.1", true),
      ("127.0.0.1", "127.0.0.2", false), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
      ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("2001:db8::/32", "2001:db8:ffff::1", true),
      ("2001:db8::/32", "2001:db9::1", false), ("::/0", "1.2.3.4", true),
      ("2001:db8::/65", "2001:db8:0:0:8000::", false),
      ("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true), ("::1/128", "::1", true),
      ("192.0.2.128/25", "192.0.2.127", false),
    ])
  func contains(network: String, address: String, isWithin: Bool) throws {
    let network = try #require(IPNetwork(network))
    let address = try #require(SocketAddress(literal: address, port: 1))
    #expect(network.contains(address) == isWithin)
  }

  @Test(
    "are refused where they are none, or name an address and a shorter prefix",
    arguments: [
      "", "x", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "/8", "/run/x", "::/129", "1.2.3.4/8/8",
    ])
  func malformed(text: String) {
    #expect(IPNetwork(text) == nil)
  }

  @Test("have no Unix socket in them")
  func unix() throws {
    let all = try #require(IPNetwork("0.0.0.0/0"))
    #expect(!all.contains(SocketAddress(.unix("/x"))))
  }
}
