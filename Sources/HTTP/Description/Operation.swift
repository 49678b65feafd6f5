/// What a route is for, what it takes and what it may answer; given to a router together with its handler.
///
///     router.get("/api/users/:id", Operation("getUser", "Read a user", tag: "Users").answer(.ok, .user)) { … }
///
/// Each method gives a copy with something added. Parameters of the path come from the pattern, as UUIDs unless `path`
/// says something else. A bearer token is wanted unless `open` says that none is.
package struct Operation: Sendable {
  /// Where a parameter stands.
  package enum Place: String, Sendable {
    case path, query, header
  }

  /// Who may call it.
  package enum Access: Equatable, Sendable {
    /// With a token.
    case authenticated
    /// Anybody; a token is not looked at.
    case open
  }

  struct Parameter: Sendable {
    let name: String
    let place: Place
    let schema: Schema
    let text: String
    let isRequired: Bool
  }

  struct Body: Sendable {
    let schema: Schema
    let type: String
    let isRequired: Bool
  }

  struct Answer: Sendable {
    let status: HTTPStatus
    let text: String
    /// Nil for an answer without a body.
    let schema: Schema?
    let type: String
    var headers: [(name: String, schema: Schema, text: String)] = []
  }

  /// Unique in an API, for programs that make clients of the document.
  package let id: String
  package let summary: String
  package let tag: String
  package private(set) var details: String?
  package private(set) var access = Access.authenticated
  /// What one call costs, as a limiter of rates has it.
  package private(set) var costClass: String?
  private(set) var parameters: [Parameter] = []
  private(set) var body: Body?
  private(set) var answers: [Answer] = []
  /// In the order in which they were added, each once.
  private(set) var problems: [(status: HTTPStatus, code: String)] = []

  package init(_ id: String, _ summary: String, tag: String) {
    self.id = id
    self.summary = summary
    self.tag = tag
  }

  package var hasBody: Bool { body != nil }
  package var hasParameters: Bool { !parameters.isEmpty }

  // MARK: Declaring

  /// More about it, in CommonMark.
  package func details(_ text: String) -> Operation { with { $0.details = text } }

  /// No token is needed.
  package var open: Operation { with { $0.access = .open } }

  package func cost(_ name: String) -> Operation { with { $0.costClass = name } }

  /// The parameter `:name` of the pattern, where it is no UUID.
  package func path(_ name: String, _ schema: Schema, _ text: String) -> Operation {
    with { $0.parameters.append(Parameter(name: name, place: .path, schema: schema, text: text, isRequired: true)) }
  }

  package func query(_ name: String, _ schema: Schema, _ text: String, isRequired: Bool = false) -> Operation {
    with {
      $0.parameters.append(
        Parameter(name: name, place: .query, schema: schema, text: text, isRequired: isRequired))
    }
  }

  package func header(_ name: String, _ schema: Schema, _ text: String, isRequired: Bool = false) -> Operation {
    with {
      $0.parameters.append(
        Parameter(name: name, place: .header, schema: schema, text: text, isRequired: isRequired))
    }
  }

  /// What the request's body is.
  package func body(_ schema: Schema, as type: String = "application/json", isRequired: Bool = true) -> Operation {
    with { $0.body = Body(schema: schema, type: type, isRequired: isRequired) }
  }

  /// An answer, without a body where there is no schema. `text` is the status's reason where it is not given.
  package func answer(
    _ status: HTTPStatus, _ schema: Schema? = nil, _ text: String? = nil, as type: String = "application/json"
  ) -> Operation {
    with {
      $0.answers.append(Answer(status: status, text: text ?? "\(status.reason)", schema: schema, type: type))
    }
  }

  /// A field of the header of the answer that was declared last.
  package func answerHeader(_ name: String, _ schema: Schema, _ text: String) -> Operation {
    with {
      guard !$0.answers.isEmpty else { return }
      $0.answers[$0.answers.count - 1].headers.append((name, schema, text))
    }
  }

  /// A problem (RFC 9457) with this `code` may be the answer.
  package func problem(_ status: HTTPStatus, code: String) -> Operation {
    with { operation in
      guard !operation.problems.contains(where: { $0.status == status && $0.code == code }) else { return }
      operation.problems.append((status, code))
    }
  }

  private func with(_ change: (inout Operation) -> Void) -> Operation {
    var operation = self
    change(&operation)
    return operation
  }
}
