// Curl: requests to other people's servers, by libcurl's multi interface on a loop of ours.
//
// Pattern. libcurl does HTTP, TLS, connection reuse and name look-ups (on a thread of its own); we tell it when a socket
// is ready or its timer is due (`curl_multi_socket_action`), it tells us which sockets and which time to watch for.
//
// Concurrency. A client, its handles and all callbacks belong to one loop. A callback runs within `act` or `begin` and
// must not call into libcurl: completions are gathered afterwards.
//
// Lifecycle. `send` suspends until the answer is whole. A cancelled task's request is taken off at once. `close` ends
// what is under way with `closed`.
//
// Invariants. `transfers` holds exactly the handles that libcurl has. Whether an address may be connected to is decided
// when the socket is made, from the address itself: redirects and names that change their address (DNS rebinding) do not
// get around it. The environment's proxies are not used.

import CCurl
package import Networking

/// An HTTP client for servers that are not ours, on one loop.
package final class CurlClient: @unchecked Sendable {
  package let configuration: CurlConfiguration
  package let loop: EventLoop
  private let multi: UnsafeMutableRawPointer?
  private var transfers: [UnsafeMutableRawPointer: CurlTransfer] = [:]
  private var watches: [Int32: DescriptorWatch] = [:]
  /// Handles that can be used again.
  private var spare: [UnsafeMutableRawPointer] = []
  private var isClosed = false
  private lazy var timer = loop.timer { [unowned self] in act(CURL_SOCKET_TIMEOUT, 0) }

  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  package init(configuration: CurlConfiguration = CurlConfiguration(), loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    multi = Self.isReady ? curl_multi_init() : nil
    guard let multi else { return }
    let this = Unmanaged.passUnretained(self).toOpaque()
    ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.maxConnections)
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maxConnectionsPerHost)
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maxIdle)
    ccurl_multi_on_watch(
      multi,
      { _, descriptor, what, this, _ in
        guard let this else { return 0 }
        Unmanaged<CurlClient>.fromOpaque(this).takeUnretainedValue().watch(descriptor, what)
        return 0
      }, this)
    ccurl_multi_on_timer(
      multi,
      { _, milliseconds, this in
        guard let this else { return 0 }
        Unmanaged<CurlClient>.fromOpaque(this).takeUnretainedValue().arm(milliseconds)
        return 0
      }, this)
  }

  deinit {
    for easy in spare { curl_easy_cleanup(easy) }
    for watch in watches.values { loop.remove(watch) }
    if let multi, !isClosed { curl_multi_cleanup(multi) }
  }

  /// Requests under way.
  package var outstanding: Int { transfers.count }

  /// Sends a request and returns the whole answer, whatever its status. On the loop. Cancelling the task ends the
  /// request.
  package func send(_ request: CurlRequest) async throws(CurlError) -> CurlResponse {
    loop.assertCurrent()
    let transfer = try begin(request)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<CurlResponse, CurlError>, Never>) in
        // It cannot have ended: its socket is looked at in a later tick.
        transfer.continuation = continuation
      }
    } onCancel: {
      loop.execute { [self] in cancel(transfer) }
    }
    return try result.get()
  }

  /// Ends what is under way, and all connections.
  package func close() {
    loop.assertCurrent()
    guard !isClosed, let multi else { return }
    for transfer in transfers.values { finish(transfer, .failure(CurlError(.closed, "the client is closed"))) }
    isClosed = true
    timer.cancel()
    curl_multi_cleanup(multi)
    for watch in watches.values { loop.remove(watch) }
    watches = [:]
  }

  // MARK: Transfers

  private func begin(_ request: CurlRequest) throws(CurlError) -> CurlTransfer {
    guard let multi, !isClosed else { throw CurlError(.closed, "the client is closed") }
    guard transfers.count < configuration.maxRequests else {
      throw CurlError(.overloaded, "\(configuration.maxRequests) requests are under way")
    }
    guard let easy = spare.popLast() ?? curl_easy_init() else { throw CurlError(.failed, "no memory for a request") }
    let transfer: CurlTransfer
    do throws(CurlError) {
      transfer = try CurlTransfer(easy, request, configuration)
    } catch {
      give(easy)
      throw error
    }
    transfers[easy] = transfer
    guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
      transfers[easy] = nil
      give(easy)
      throw CurlError(.failed, "libcurl does not take the request")
    }
    return transfer
  }

  private func cancel(_ transfer: CurlTransfer) {
    finish(transfer, .failure(CurlError(.cancelled, "the request was cancelled")))
  }

  /// Takes the transfer from libcurl, and tells its caller.
  private func finish(_ transfer: CurlTransfer, _ result: Result<CurlResponse, CurlError>) {
    guard transfers.removeValue(forKey: transfer.easy) != nil else { return }
    curl_multi_remove_handle(multi, transfer.easy)
    give(transfer.easy)
    transfer.end(result)
  }

  private func give(_ easy: UnsafeMutableRawPointer) {
    curl_easy_reset(easy)
    if spare.count < 16, !isClosed { spare.append(easy) } else { curl_easy_cleanup(easy) }
  }

  /// A socket is ready or the time is up.
  private func act(_ descriptor: Int32, _ events: Int32) {
    guard let multi, !isClosed else { return }
    var running: Int32 = 0
    curl_multi_socket_action(multi, descriptor, events, &running)
    var result = CURLE_OK
    while let easy = ccurl_next_ended(multi, &result) {
      guard let transfer = transfers.removeValue(forKey: easy) else { continue }
      curl_multi_remove_handle(multi, easy)
      transfer.ended(result)
      give(easy)
    }
  }

  // MARK: What libcurl asks for

  private func watch(_ descriptor: Int32, _ what: Int32) {
    let interest: Interest? =
      switch what {
      case CURL_POLL_IN: .read
      case CURL_POLL_OUT: .write
      case CURL_POLL_INOUT: [.read, .write]
      default: nil
      }
    guard let interest else {
      if let watch = watches.removeValue(forKey: descriptor) { loop.remove(watch) }
      return
    }
    if let watch = watches[descriptor] { return loop.modify(watch, interest) }
    let watch = DescriptorWatch(descriptor: descriptor, loop: loop) { [unowned self] events in
      var mask: Int32 = 0
      if events.contains(.read) { mask |= CURL_CSELECT_IN }
      if events.contains(.write) { mask |= CURL_CSELECT_OUT }
      if !events.isDisjoint(with: [.failure, .hangUp]) { mask |= CURL_CSELECT_ERR }
      act(descriptor, mask)
    }
    watches[descriptor] = watch
    loop.add(watch, interest)
  }

  private func arm(_ milliseconds: Int) {
    if milliseconds < 0 { timer.cancel() } else { timer.arm(after: .milliseconds(milliseconds)) }
  }
}
