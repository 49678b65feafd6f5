/// gzip (RFC 9110, 8.4.1.3) for the answers of a server, where the client takes it, the type is one that shrinks and the
/// handler has not encoded the body itself.
///
/// Do not compress what holds a secret beside what an attacker can choose (BREACH): the length tells. Such an answer
/// says `Cache-Control: no-transform`.
package struct HTTPCompression: Sendable {
  /// Bodies of fewer bytes go as they are. Streamed ones have no size and are compressed.
  package var threshold = 1024
  /// 1 (fast) to 9 (small).
  package var level = 4

  package init() {}
}
