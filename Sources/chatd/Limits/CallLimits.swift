import ChatKit
import HTTP
import Networking
import Primitives
import Redis

/// Which limits a call has: those of its class, for the user and for the address that it comes from, and of messages that of
/// the workspace. One a shard, on its loop.
final class CallLimits: @unchecked Sendable {
  private struct Limits {
    let cost: CostClass
    let name: LimitKey.StaticName
    let pair: LimitOptions.Pair
  }

  /// Refusals by class.
  struct Refusals {
    var users: [CostClass: Int] = [:]
    var addresses: [CostClass: Int] = [:]
    var workspaces: [CostClass: Int] = [:]
  }

  let limiter: RateLimiter
  private(set) var refusals = Refusals()
  private let policies: WorkspacePolicies
  private let exempt: [IPNetwork]
  private let limits: [CostClass: Limits]
  /// By the route's index; filled as they are asked for.
  private var classes: [Limits?] = []

  init(_ options: LimitOptions, redis: RedisClient, policies: WorkspacePolicies, loop: EventLoop) {
    self.policies = policies
    var settings = RateLimiter.Settings()
    settings.fallback = options.whenUnavailable
    settings.patience = options.patience
    limiter = RateLimiter(redis: redis, loop: loop, settings: settings)
    exempt = options.exempt
    let classes = CostClass.allCases
    limits = Dictionary(
      uniqueKeysWithValues: classes.enumerated().map { number, cost in
        (cost, Limits(cost: cost, name: LimitKey.StaticName(cost.rawValue, UInt8(number)), pair: options[cost]))
      })
  }

  func close() { limiter.close() }

  // MARK: Calls

  /// Counts a request; what is left of the limit that is closest, nil where none is. Throws `ChatError` rateLimited or
  /// unavailable, as the problem that it becomes.
  nonisolated(nonsending) func admit(
    _ request: HTTPRequest, _ context: RequestContext, user: UUID?, workspace: UUID?
  ) async throws -> LimitQuota? {
    guard let limits = limits(of: context) else { return nil }
    let (first, second) = demands(limits, user: user, address: request.peer)
    let verdict = limiter.check(first, second)
    let quota: LimitQuota?
    // Not with `??`, which takes no async right side; and most are decided without one.
    if let verdict {
      quota = try self.quota(verdict, limits)
    } else {
      quota = try self.quota(await limiter.ask(first, second), limits)
    }
    if limits.cost == .send, let workspace { try await admit(to: workspace, limits) }
    return quota
  }

  /// Counts what a socket says or does. Throws `ChatError` rateLimited or unavailable.
  nonisolated(nonsending) func admit(
    _ cost: CostClass, user: UUID?, workspace: UUID, address: SocketAddress?
  ) async throws {
    guard let limits = limits[cost] else { return }
    let (first, second) = demands(limits, user: user, address: address)
    if let verdict = limiter.check(first, second) {
      _ = try quota(verdict, limits)
    } else {
      _ = try quota(await limiter.ask(first, second), limits)
    }
    if cost == .send { try await admit(to: workspace, limits) }
  }

  /// After the limits of the user and the address: who is over these takes nothing away from the others of the workspace.
  private nonisolated(nonsending) func admit(to workspace: UUID, _ limits: Limits) async throws {
    var policy = policies.known(workspace)
    if policy == nil { policy = await policies.policy(of: workspace) }
    guard let rate = policy?.sends else { return }
    let demand = LimitDemand(LimitKey(limits.name, workspace: workspace), rate)
    if let verdict = limiter.check(demand, nil) {
      _ = try quota(verdict, limits)
    } else {
      _ = try quota(await limiter.ask(demand, nil), limits)
    }
  }

  private func limits(of context: RequestContext) -> Limits? {
    guard let index = context.routeIndex else { return nil }
    if index < classes.count, let known = classes[index] { return known }
    guard let route = context.route else { return nil }
    while classes.count <= index { classes.append(nil) }
    classes[index] = limits[CostClass(route)]
    return classes[index]
  }

  private func demands(
    _ limits: Limits, user: UUID?, address: SocketAddress?
  ) -> (LimitDemand?, LimitDemand?) {
    var first: LimitDemand?
    var second: LimitDemand?
    if let user, let rate = limits.pair.user { first = LimitDemand(LimitKey(limits.name, user: user), rate) }
    if let address, let rate = limits.pair.address, !exempt.contains(where: { $0.contains(address) }),
      let key = LimitKey(limits.name, address: address)
    {
      second = LimitDemand(key, rate)
    }
    return (first, second)
  }

  private func quota(_ verdict: LimitVerdict, _ limits: Limits) throws -> LimitQuota? {
    switch verdict {
    case .granted(let quota): return quota
    case .unlimited: return nil
    case .unavailable:
      throw ChatError(.unavailable, "Requests cannot be counted now; try again.", retryAfter: 1)
    case .refused(let quota, let subject, let retryAfter):
      count(subject, limits)
      throw LimitRefusal(quota: quota, subject: subject, retryAfter: retryAfter)
    }
  }

  private func count(_ subject: LimitKey.Subject, _ limits: Limits) {
    switch subject {
    case .user: refusals.users[limits.cost, default: 0] += 1
    case .address: refusals.addresses[limits.cost, default: 0] += 1
    case .workspace: refusals.workspaces[limits.cost, default: 0] += 1
    }
  }
}

/// More than a limit allows.
struct LimitRefusal: Error {
  let quota: LimitQuota
  let subject: LimitKey.Subject
  let retryAfter: Int

  /// As the caller may see it.
  var error: ChatError {
    let whom =
      switch subject {
      case .user: "you"
      case .address: "your address"
      case .workspace: "all of your workspace together"
      }
    return ChatError(
      .rateLimited,
      "More than \(quota.rate.count) in \(quota.rate.seconds) s are not allowed to \(whom); try again in \(retryAfter) s.",
      retryAfter: retryAfter)
  }
}

extension LimitQuota {
  /// The fields of draft-ietf-httpapi-ratelimit-headers, in the form of its version 6, which is what clients read.
  func write(to headers: inout HTTPHeaders) {
    headers.append("ratelimit-policy", "\(rate.count);w=\(rate.seconds)")
    headers.append("ratelimit-limit", String(rate.count))
    headers.append("ratelimit-remaining", String(remaining))
    headers.append("ratelimit-reset", String(reset))
  }
}

extension LimitOptions {
  subscript(cost: CostClass) -> Pair {
    switch cost {
    case .login: logins
    case .read: reads
    case .write: writes
    case .send: sends
    case .search: searches
    case .event: events
    case .connect: connects
    }
  }
}
