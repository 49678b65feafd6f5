import Redis

/// The moves of presence; each is one script, so nobody sees half of one.
enum PresenceScripts {
  /// Of all scripts, in this order. `counts`: leases by user. `online`: version of the edge by user. `leaving`: users
  /// without leases, by the time at which their grace ends. `state`: `born`, when this Redis was first asked, in
  /// milliseconds; `version`, of the newest edge.
  static let keys = ["leases", "counts", "online", "leaving", "edges", "state"].map { "presence:\($0)" }
  static var leases: String { keys[0] }
  static var counts: String { keys[1] }
  static var online: String { keys[2] }
  static var leaving: String { keys[3] }
  static var edges: String { keys[4] }
  static var state: String { keys[5] }

  /// Entries of the stream, each with the edges of one script, beyond which those that nobody takes are forgotten; comparing
  /// with the table makes up for them.
  private static let entryLimit = 20_000

  /// `now` in milliseconds, `version` for the edges of this call; `came` and `gone` take who has, and `publish` makes the
  /// edges of them. Users who have gone are followed by when.
  private static let prelude = """
    local time = redis.call('TIME')
    local us = time[1] * 1000000 + time[2]
    local now = math.floor(us / 1000)
    local state = redis.call('HMGET', KEYS[6], 'born', 'version')
    local born = state[1]
    if not born then
      born = string.format('%.0f', now)
      redis.call('HSET', KEYS[6], 'born', born)
    end
    local version = string.format('%.0f', math.max(us, tonumber(state[2] or '0') + 1))
    local came, gone = {}, {}
    local function leave(user, at)
      gone[#gone + 1] = user
      gone[#gone + 1] = string.format('%.0f', at)
    end
    local function publish()
      if #came == 0 and #gone == 0 then return 0 end
      redis.call('HSET', KEYS[6], 'version', version)
      redis.call('XADD', KEYS[5], 'MAXLEN', '~', \(entryLimit), '*', 'version', version,
        'at', string.format('%.0f', now), 'came', table.concat(came, ' '), 'gone', table.concat(gone, ' '))
      return #came + #gone / 2
    end

    """

  /// ARGV: ttl, jitter, whether all of them are thought to be known, then leases. Renews them and takes those that are new or
  /// forgotten. `[born, now]`.
  static let renew = RedisScript(
    prelude + """
      local ttl, jitter = tonumber(ARGV[1]), tonumber(ARGV[2]) + 1
      local shift = us % jitter
      local function ends(index) return now + ttl + (shift + index * 7919) % jitter end
      if ARGV[3] == '1' then
        local all = {}
        for index = 4, #ARGV do
          all[#all + 1] = ends(index)
          all[#all + 1] = ARGV[index]
        end
        if redis.call('ZADD', KEYS[1], 'XX', 'CH', unpack(all)) == #all / 2 then return {born, now} end
      end
      for index = 4, #ARGV do
        local lease = ARGV[index]
        if redis.call('ZADD', KEYS[1], ends(index), lease) == 1 then
          local user = string.sub(lease, 1, 36)
          if redis.call('HINCRBY', KEYS[2], user, 1) == 1 then
            if redis.call('HSETNX', KEYS[3], user, version) == 1 then
              came[#came + 1] = user
            else
              redis.call('ZREM', KEYS[4], user)
            end
          end
        end
      end
      publish()
      return {born, now}
      """)

  private static let drop = """
    local function drop(lease, grace)
      if redis.call('ZREM', KEYS[1], lease) == 0 then return end
      local user = string.sub(lease, 1, 36)
      if redis.call('HINCRBY', KEYS[2], user, -1) <= 0 then
        redis.call('HDEL', KEYS[2], user)
        redis.call('ZADD', KEYS[4], now + grace, user)
      end
    end

    """

  /// ARGV: grace, then leases, which end.
  static let release = RedisScript(
    prelude + drop + """
      local grace = tonumber(ARGV[1])
      for index = 2, #ARGV do drop(ARGV[index], grace) end
      return {born, now}
      """)

  /// ARGV: grace, how much is done at most. Ends leases that nobody has renewed, and makes offline who has been without
  /// one for the grace. `[born, now, how much was done, milliseconds until the next is due or -1]`.
  static let sweep = RedisScript(
    prelude + drop + """
      local grace, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
      local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit)
      for _, lease in ipairs(ended) do drop(lease, grace) end
      local over = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
      for index = 1, #over, 2 do
        redis.call('ZREM', KEYS[4], over[index])
        if redis.call('HDEL', KEYS[3], over[index]) == 1 then leave(over[index], over[index + 1] - grace) end
      end
      publish()
      local due = -1
      for _, key in ipairs({KEYS[1], KEYS[4]}) do
        local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
        if first[2] and (due < 0 or first[2] - now < due) then due = math.max(0, first[2] - now) end
      end
      return {born, now, #ended + #over / 2, due}
      """)

  /// ARGV: users who were last said to be online. Makes an edge for those who are not.
  static let contradictOnline = RedisScript(
    prelude + """
      for _, user in ipairs(ARGV) do
        if redis.call('HEXISTS', KEYS[3], user) == 0 then leave(user, now) end
      end
      return publish()
      """)

  /// ARGV: users who were last said to be offline. Makes an edge for those who are online.
  static let contradictOffline = RedisScript(
    prelude + """
      for _, user in ipairs(ARGV) do
        if redis.call('HEXISTS', KEYS[3], user) == 1 then
          redis.call('HSET', KEYS[3], user, version)
          came[#came + 1] = user
        end
      end
      return publish()
      """)
}
