import CPostgres

extension PostgresConnection {
  /// Gives libpq one request as a group of its own.
  func send(_ request: PostgresRequest) {
    request.state = .sent
    if request.kind == .script { return beginScript(request) }
    for name in takeStaleNames() { deallocate(name) }
    var isAccepted = isOpen
    if isAccepted, let begin = request.begin {
      isAccepted = begin.withCString { PQsendQueryParams(handle, $0, 0, nil, nil, nil, nil, 1) } == 1
    }
    let slots = request.parameters.slots
    if let entry = cache.find(request.statement, slots) {
      request.entry = entry
    } else {
      let (entry, evicted) = cache.insert(request.statement, slots)
      staleNames.append(contentsOf: evicted.lazy.filter(\.isPrepared).map(\.name))
      request.entry = entry
      request.prepareAnswer = request.begin == nil ? 0 : 1
      isAccepted =
        isAccepted
        && request.statement.withCString {
          PQsendPrepare(handle, entry.name, $0, Int32(entry.types.count), entry.types) == 1
        }
    }
    isAccepted = isAccepted && sendStatement(request) && cpostgres_send_sync(handle) == 1
    append(request, isAccepted: isAccepted)
  }

  /// The statement itself, by the name of its prepared form where that is certain to be there.
  private func sendStatement(_ request: PostgresRequest) -> Bool {
    guard let entry = request.entry else { return false }
    let slots = request.parameters.slots
    let count = slots.count
    return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
        request.parameters.buffer.bytes.withUnsafeBytes { bytes in
          let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
          for index in 0..<count {
            let slot = slots[index]
            // An empty value needs an address too, for null would be NULL.
            values.initializeElement(
              at: index, to: slot.offset < 0 ? nil : base.map { $0 + slot.offset } ?? UnsafePointer(bitPattern: 8))
            numbers.initializeElement(at: index, to: Int32(slot.length))
            numbers.initializeElement(at: count + index, to: 1)
          }
          let formats = numbers.baseAddress.map { $0 + count }
          if entry.isPrepared || request.prepareAnswer >= 0 {
            return PQsendQueryPrepared(
              handle, entry.name, Int32(count), values.baseAddress, numbers.baseAddress, formats, 1) == 1
          }
          return request.statement.withCString {
            PQsendQueryParams(
              handle, $0, Int32(count), entry.types, values.baseAddress, numbers.baseAddress, formats, 1) == 1
          }
        }
      }
    }
  }

  private func append(_ request: PostgresRequest, isAccepted: Bool) {
    guard isOpen else { return complete(unsent: request) }
    inFlight.append(request)
    if inFlight.count == 1 { headChanged() }
    // Half a group may be on its way, which leaves nothing to go on with.
    if !isAccepted { fail(PostgresError(.connectionLost, PostgresError.message(of: handle))) }
  }

  private func takeStaleNames() -> [String] {
    guard !staleNames.isEmpty else { return [] }
    defer { staleNames = [] }
    return staleNames
  }

  /// Frees a prepared statement of the server's. In a failed transaction that is refused, and tried again later.
  private func deallocate(_ name: String) {
    let request = PostgresRequest(
      PostgresStatement(unchecked: "DEALLOCATE \(name)"), PostgresParameters(), timeout: defaultTimeout)
    request.completion = .call { [unowned self] in
      if case .failure(let error) = $0, error.sqlState == .transactionAborted { staleNames.append(name) }
    }
    request.state = .sent
    let isAccepted =
      request.statement.withCString { PQsendQueryParams(handle, $0, 0, nil, nil, nil, nil, 1) } == 1
      && cpostgres_send_sync(handle) == 1
    append(request, isAccepted: isAccepted)
  }

  // MARK: Scripts

  private func beginScript(_ request: PostgresRequest) {
    isScripting = true
    let isAccepted =
      PQexitPipelineMode(handle) == 1 && request.statement.withCString { PQsendQuery(handle, $0) } == 1
    append(request, isAccepted: isAccepted)
  }

  func endScript() {
    isScripting = false
    guard PQenterPipelineMode(handle) == 1 else {
      return fail(PostgresError(.protocolViolation, PostgresError.message(of: handle)))
    }
    headAnswered()
  }
}
