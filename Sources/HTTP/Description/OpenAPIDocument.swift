import JSON

/// An API's description in JSON (OpenAPI 3.1.1), made from the routes of a router.
///
/// A route without an `Operation` is in it too, so that nothing is hidden, with `x-undescribed: true`.
package struct OpenAPIDocument: Sendable {
  package var title: String
  package var version: String
  /// In CommonMark.
  package var text: String
  /// The tags in their order, each with a sentence; others follow as they come.
  package var tags: [(name: String, text: String)] = []
  /// A field of the header of every answer.
  package var answerHeaders: [(name: String, schema: Schema, text: String)] = []
  /// What every operation is given before it is written: problems that any of them may answer.
  package var completing: @Sendable (Operation, Route) -> Operation = { operation, _ in operation }

  private static let bearer = "bearer"

  package init(title: String, version: String, text: String) {
    self.title = title
    self.version = version
    self.text = text
  }

  package func bytes(for routes: [Route]) -> [UInt8] {
    let described = routes.map { route in (route, route.operation.map { completing($0, route) }) }
    var json = JSONWriter(reserving: 64 << 10)
    json.beginObject()
    json.field("openapi", "3.1.1")
    json.field("jsonSchemaDialect", "https://spec.openapis.org/oas/3.1/dialect/base")
    json.key("info")
    json.beginObject()
    json.field("title", title)
    json.field("version", version)
    json.field("description", text)
    json.endObject()
    writeTags(described.compactMap { $0.1?.tag }, to: &json)
    writePaths(described, to: &json)
    writeComponents(described.compactMap(\.1), to: &json)
    json.endObject()
    return json.bytes
  }

  private func writeTags(_ used: [String], to json: inout JSONWriter) {
    var known = tags
    for tag in used where !known.contains(where: { $0.name == tag }) { known.append((tag, "")) }
    json.key("tags")
    json.beginArray()
    for (name, text) in known {
      json.beginObject()
      json.field("name", name)
      if !text.isEmpty { json.field("description", text) }
      json.endObject()
    }
    json.endArray()
  }

  // MARK: Paths

  private func writePaths(_ routes: [(route: Route, operation: Operation?)], to json: inout JSONWriter) {
    var patterns: [String] = []
    for (route, _) in routes where !patterns.contains(route.pattern) { patterns.append(route.pattern) }
    json.key("paths")
    json.beginObject()
    for pattern in patterns {
      json.key(Self.template(pattern))
      json.beginObject()
      for (route, operation) in routes where route.pattern == pattern {
        json.key(route.method.rawValue.lowercased())
        json.beginObject()
        write(operation, of: route, to: &json)
        json.endObject()
      }
      json.endObject()
    }
    json.endObject()
  }

  /// `/users/:id` as `/users/{id}`.
  private static func template(_ pattern: String) -> String {
    let segments = pattern.split(separator: "/").map { segment -> String in
      if segment == "*" { return "{rest}" }
      return segment.hasPrefix(":") ? "{\(segment.dropFirst())}" : String(segment)
    }
    return "/" + segments.joined(separator: "/")
  }

  private func write(_ operation: Operation?, of route: Route, to json: inout JSONWriter) {
    if let operation {
      json.field("operationId", operation.id)
      json.field("summary", operation.summary)
      if let details = operation.details { json.field("description", details) }
      json.key("tags")
      json.beginArray()
      json.value(operation.tag)
      json.endArray()
      if let cost = operation.costClass { json.field("x-rate-limit", cost) }
    } else {
      json.field("x-undescribed", true)
    }
    writeParameters(operation?.parameters ?? [], of: route, to: &json)
    if let body = operation?.body {
      json.key("requestBody")
      json.beginObject()
      json.field("required", body.isRequired)
      json.key("content")
      Self.writeContent(body.schema, as: body.type, to: &json)
      json.endObject()
    }
    json.key("responses")
    json.beginObject()
    if let operation { writeAnswers(operation, to: &json) }
    json.endObject()
    guard let operation else { return }
    json.key("security")
    json.beginArray()
    if operation.access == .authenticated {
      json.beginObject()
      json.key(Self.bearer)
      json.beginArray()
      json.endArray()
      json.endObject()
    }
    json.endArray()
  }

  private func writeParameters(
    _ declared: [Operation.Parameter], of route: Route, to json: inout JSONWriter
  ) {
    let known = Set(declared.filter { $0.place == .path }.map(\.name))
    let implied = route.parameterNames.filter { !known.contains($0) }.map { name in
      Operation.Parameter(name: name, place: .path, schema: .uuid, text: "", isRequired: true)
    }
    let all = implied + declared
    guard !all.isEmpty else { return }
    json.key("parameters")
    json.beginArray()
    for parameter in all {
      json.beginObject()
      json.field("name", parameter.name)
      json.field("in", parameter.place.rawValue)
      if !parameter.text.isEmpty { json.field("description", parameter.text) }
      if parameter.isRequired { json.field("required", true) }
      json.key("schema")
      parameter.schema.write(to: &json)
      json.endObject()
    }
    json.endArray()
  }

  // MARK: Answers

  private func writeAnswers(_ operation: Operation, to json: inout JSONWriter) {
    for answer in operation.answers {
      json.key(String(answer.status.code))
      json.beginObject()
      json.field("description", answer.text)
      writeHeaders(answer.headers, to: &json)
      if let schema = answer.schema {
        json.key("content")
        Self.writeContent(schema, as: answer.type, to: &json)
      }
      json.endObject()
    }
    let taken = Set(operation.answers.map(\.status))
    let statuses = Set(operation.problems.map(\.status)).subtracting(taken).sorted { $0.code < $1.code }
    for status in statuses {
      let codes = operation.problems.filter { $0.status == status }.map(\.code)
      json.key(String(status.code))
      json.beginObject()
      json.field("description", "\(status.reason): \(codes.joined(separator: ", "))")
      writeHeaders([], to: &json)
      json.key("content")
      let code = Schema.object(.required("code", .oneOf(codes)))
      Self.writeContent(.allOf(Problem.schema, code), as: "application/problem+json", to: &json)
      json.endObject()
    }
  }

  private func writeHeaders(
    _ headers: [(name: String, schema: Schema, text: String)], to json: inout JSONWriter
  ) {
    let all = headers + answerHeaders
    guard !all.isEmpty else { return }
    json.key("headers")
    json.beginObject()
    for (name, schema, text) in all {
      json.key(name)
      json.beginObject()
      json.field("description", text)
      json.key("schema")
      schema.write(to: &json)
      json.endObject()
    }
    json.endObject()
  }

  private static func writeContent(_ schema: Schema, as type: String, to json: inout JSONWriter) {
    json.beginObject()
    json.key(type)
    json.beginObject()
    json.key("schema")
    schema.write(to: &json)
    json.endObject()
    json.endObject()
  }

  // MARK: Components

  private func writeComponents(_ operations: [Operation], to json: inout JSONWriter) {
    var found: [Schema.Component] = []
    func collect(_ schema: Schema) {
      schema.forEachComponent { component in
        if !found.contains(where: { $0.name == component.name }) { found.append(component) }
      }
    }
    collect(Problem.schema)
    for operation in operations {
      for parameter in operation.parameters { collect(parameter.schema) }
      if let body = operation.body { collect(body.schema) }
      for answer in operation.answers { if let schema = answer.schema { collect(schema) } }
    }
    json.key("components")
    json.beginObject()
    json.key("schemas")
    json.beginObject()
    for component in found.sorted(by: { $0.name < $1.name }) {
      json.key(component.name)
      component.schema.write(to: &json)
    }
    json.endObject()
    json.key("securitySchemes")
    json.beginObject()
    json.key(Self.bearer)
    json.beginObject()
    json.field("type", "http")
    json.field("scheme", "bearer")
    json.field("bearerFormat", "JWT")
    json.endObject()
    json.endObject()
    json.endObject()
  }
}

extension Problem {
  /// RFC 9457, with `code`.
  package static let schema = Schema.component(
    "Problem",
    .object(
      .required("type", .string(pattern: "^urn:chatd:problem:"), "A URI of the kind of problem."),
      .required("title", .string, "What happened; the same for every occurrence."),
      .required("status", .integer(100...599), "The status of the answer."),
      .required("code", .string(pattern: "^[a-z_]+$"), "What happened, for programs: stable."),
      .optional("detail", .string, "What happened this time."),
      .optional("field", .string, "The parameter or field at fault, as a path: participants[2]."),
      .optional("requestId", .string, "The identifier of the request, as in the logs.")))
}
