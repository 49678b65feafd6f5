import Redis

/// What is done in Redis, for many requests in one call.
enum LimitScript {
  /// ARGV has for each request: how many limits it has, how many it counts as, and 1 if it counts whatever the limits say (it
  /// has been granted already); then for each of its limits the count and the window in ms. KEYS are the limits' keys, in
  /// the same order.
  ///
  /// The answer: the server's time in ms, then for each request 1 or 0, and for each of its limits the index of the present
  /// window and the counts of that and of the last one. A key lives for two windows, for then it says nothing any more.
  static let script = RedisScript(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local out = {now}
    local a, k = 1, 1
    while a <= #ARGV do
      local limits, cost, isGranted = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), ARGV[a + 2] == '1'
      a = a + 3
      local states, ok = {}, true
      for i = 1, limits do
        local limit, window = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
        a = a + 2
        local key, index, current, previous = KEYS[k], math.floor(now / window), 0, 0
        k = k + 1
        local known = redis.call('GET', key)
        if known then
          local at, one, before = string.match(known, '^(%d+) (%d+) (%d+)$')
          at = tonumber(at)
          if at == index then
            current, previous = tonumber(one), tonumber(before)
          elseif at == index - 1 then
            previous = tonumber(one)
          end
        end
        local used = current + previous * (1 - (now - index * window) / window)
        if not isGranted and used + cost > limit then ok = false end
        states[i] = {key, index, current, previous, window}
      end
      out[#out + 1] = ok and 1 or 0
      for i = 1, limits do
        local state = states[i]
        if ok then
          state[3] = state[3] + cost
          redis.call('SET', state[1], string.format('%d %d %d', state[2], state[3], state[4]), 'PX', 2 * state[5])
        end
        out[#out + 1] = state[2]
        out[#out + 1] = state[3]
        out[#out + 1] = state[4]
      end
    end
    return out
    """)
}
