/// What a peer may send.
package struct HTTPLimits: Sendable {
  /// The head: request or status line and fields, in bytes. Beyond: 431. At most 1 MiB.
  package var headBytes = 16 << 10
  /// Fields of a head, or of trailers. Beyond: 431.
  package var fields = 100
  /// The request target, in bytes. Beyond: 414.
  package var targetBytes = 8 << 10
  /// The body, in bytes. Beyond: 413.
  package var bodyBytes = 1 << 20

  package init() {}
}
