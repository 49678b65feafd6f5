import Primitives
package import Redis

extension RedisConfiguration {
  /// Without its password, which is read from its file.
  package init(_ options: RedisOptions) {
    self = options.url ?? RedisConfiguration(.unix(""))
    connectTimeout = options.connectTimeout
    commandTimeout = options.commandTimeout
    queueLimit = options.queueLimit
    outboundLimit = options.maxBuffered.bytes
  }
}
