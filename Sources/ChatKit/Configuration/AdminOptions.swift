package import Networking

/// The listener for those who run the system.
package struct AdminOptions: Sendable {
  package let listen: SocketAddress?

  init(_ settings: inout SettingReader) {
    settings.section(
      "admin", "Admin", "The listener for those who run the system, without authentication: keep it private.")
    listen = settings.optional(
      "admin.listen", .adminListener, defaultText: "none; with --embedded the Unix socket admin.sock in its folder",
      isCommon: true,
      "Where /livez, /readyz and /metrics are served: HOST:PORT, :PORT on the loopback interface, or a socket's path.")
  }
}
