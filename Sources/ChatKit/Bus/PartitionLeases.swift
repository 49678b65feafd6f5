import Networking
import Primitives
import Redis

/// Who of a group's members consumes which partition: Kafka's assignment, in Redis.
///
/// Members say every third of the lease that they live, in a sorted set by the time at which that ends; partition `p`
/// belongs to the member at rank `p mod n`. A member takes a partition that is its own and free, and gives back one
/// that is not its own any more, so two never hold the same. Who says nothing for a lease's time has lost all.
struct PartitionLeases {
  let topic: String
  let group: String
  let member: String
  let partitions: Int
  let lease: Duration

  private var members: String { "\(topic):\(group):members" }
  private func owner(_ partition: Int) -> String { "\(topic):\(group):owner:\(partition)" }

  /// Renews, takes and gives back; the answer is what this member holds now.
  ///
  /// One script, with Redis' clock: members with different clocks agree.
  func renew(_ redis: RedisClient) async throws -> [Int] {
    let reply = try await redis.run(
      Self.script, keys: [members] + (0..<partitions).map(owner), member, lease.milliseconds)
    return reply.array?.compactMap { $0.integer.map { Int($0) } } ?? []
  }

  /// Leaves the group and frees what it held, for others to take at once.
  func leave(_ redis: RedisClient) async throws {
    _ = try await redis.run(
      Self.leaveScript, keys: [members] + (0..<partitions).map(owner), member)
  }

  private static let script = RedisScript(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local lease = tonumber(ARGV[2])
    redis.call('ZADD', KEYS[1], now + lease, ARGV[1])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    redis.call('PEXPIRE', KEYS[1], lease * 10)
    local names = redis.call('ZRANGE', KEYS[1], 0, -1)
    table.sort(names)
    local held = {}
    for index = 2, #KEYS do
      local partition = index - 2
      local mine = names[partition % #names + 1] == ARGV[1]
      local owner = redis.call('GET', KEYS[index])
      if owner == ARGV[1] then
        if mine then
          redis.call('PEXPIRE', KEYS[index], lease)
          held[#held + 1] = partition
        else
          redis.call('DEL', KEYS[index])
        end
      elseif mine and not owner then
        redis.call('SET', KEYS[index], ARGV[1], 'PX', lease)
        held[#held + 1] = partition
      end
    end
    return held
    """)

  private static let leaveScript = RedisScript(
    """
    redis.call('ZREM', KEYS[1], ARGV[1])
    for index = 2, #KEYS do
      if redis.call('GET', KEYS[index]) == ARGV[1] then redis.call('DEL', KEYS[index]) end
    end
    return 0
    """)
}
