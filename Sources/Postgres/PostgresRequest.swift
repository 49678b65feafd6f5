/// One request on its way through a connection: waiting -> sent -> completed, and completed exactly once.
///
/// It is sent as one group that ends in a Sync: an optional BEGIN, an optional Parse, the statement. The server answers
/// the group in that order; after an error it skips to the Sync.
final class PostgresRequest: @unchecked Sendable {
  enum Completion {
    case none
    case continuation(UnsafeContinuation<Result<PostgresRows, PostgresError>, Never>)
    case call((Result<PostgresRows, PostgresError>) -> Void)
  }

  enum State {
    case waiting, sent, completed
  }

  enum Kind {
    case statement
    /// Several statements in the simple protocol, outside the pipeline.
    case script
  }

  let kind: Kind
  let statement: PostgresStatement
  let parameters: PostgresParameters
  /// Sent in the same group before the statement, so that the statement cannot run without it.
  let begin: PostgresStatement?
  /// How long it may run, in nanoseconds, from when it has reached the head of the pipeline.
  let timeout: UInt64
  var completion = Completion.none
  var state = State.waiting
  /// Why PQcancel was asked for it, if it was.
  var cancellation: PostgresError.Code?
  var error: PostgresError?
  var rows: PostgresRows?
  /// The statement whose preparation this request carries, or uses.
  var entry: StatementCache.Entry?
  /// Which answer of the group is the preparation's; -1 when it has none.
  var prepareAnswer = -1
  var answers = 0
  /// Told when it is complete.
  var observer: (any PostgresObserver)?
  var enqueued: UInt64 = 0

  init(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, kind: Kind = .statement,
    begin: PostgresStatement? = nil, timeout: UInt64
  ) {
    self.kind = kind
    self.statement = statement
    self.parameters = parameters
    self.begin = begin
    self.timeout = timeout
  }

  func complete(_ result: Result<PostgresRows, PostgresError>) {
    guard state != .completed else { return }
    state = .completed
    if let observer {
      if case .failure(let error) = result {
        observer.answered(statement, enqueued: enqueued, error: error)
      } else {
        observer.answered(statement, enqueued: enqueued, error: nil)
      }
    }
    let completion = completion
    self.completion = .none
    rows = nil
    switch completion {
    case .none: break
    case .continuation(let continuation): continuation.resume(returning: result)
    case .call(let call): call(result)
    }
  }
}

/// A queue: append at the end, take from the front, both in constant time.
struct RequestQueue<Element> {
  private var elements: ContiguousArray<Element?> = []
  private var head = 0

  var count: Int { elements.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Element? { head < elements.count ? elements[head] : nil }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    elements[head] = nil
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 64, head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  mutating func remove(where matches: (Element) -> Bool) -> Element? {
    guard let index = (head..<elements.count).first(where: { matches(elements[$0]!) }) else { return nil }
    return elements.remove(at: index)
  }

  mutating func takeAll() -> [Element] {
    let taken = elements[head...].compactMap { $0 }
    elements.removeAll()
    head = 0
    return taken
  }
}
