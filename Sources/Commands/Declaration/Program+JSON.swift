import JSON

extension Program {
  /// The declaration as JSON, for whoever writes documents about it: `prog __describe`.
  package func json() -> [UInt8] {
    var json = JSONWriter(reserving: 16 << 10)
    json.beginObject()
    json.field("name", name)
    json.field("version", version)
    json.field("manualSection", manualSection)
    json.key("command")
    root.write(to: &json)
    json.endObject()
    return json.bytes
  }
}

extension Command {
  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("name", name)
    json.field("summary", summary)
    if !discussion.isEmpty { json.field("discussion", discussion) }
    if !aliases.isEmpty { json.field("aliases", aliases) }
    json.fieldIfPresent("group", group)
    if isHidden { json.field("hidden", true) }
    array("examples", examples, &json) { example, json in
      json.field("line", example.line)
      json.field("summary", example.summary)
    }
    array("options", options, &json) { $0.write(to: &$1) }
    array("arguments", arguments, &json) { $0.write(to: &$1) }
    array("rules", rules, &json) { $0.write(to: &$1) }
    array("exitCodes", exitCodes, &json) { code, json in
      json.field("code", Int(code.code.rawValue))
      json.field("meaning", code.meaning)
    }
    if let records {
      json.key("records")
      json.beginObject()
      json.field("kind", records.kind)
      json.field("key", records.key)
      array("fields", records.fields, &json) { field, json in
        json.field("name", field.name)
        json.field("type", field.kind.rawValue)
        if field.isWide { json.field("wide", true) }
        json.field("help", field.help)
      }
      json.endObject()
    }
    if !subcommands.isEmpty {
      json.key("subcommands")
      json.beginArray()
      for subcommand in subcommands { subcommand.write(to: &json) }
      json.endArray()
    }
    json.endObject()
  }

  private func array<Element>(
    _ key: StaticString, _ elements: [Element], _ json: inout JSONWriter,
    _ body: (Element, inout JSONWriter) -> Void
  ) {
    if elements.isEmpty { return }
    json.key(key)
    json.beginArray()
    for element in elements {
      json.beginObject()
      body(element, &json)
      json.endObject()
    }
    json.endArray()
  }
}

extension Parameter {
  fileprivate func write(to json: inout JSONWriter) {
    json.field("name", name)
    json.fieldIfPresent("short", short.map { String($0) })
    switch shape {
    case .option: json.field("shape", "option")
    case .flag(let isInvertible):
      json.field("shape", "flag")
      if isInvertible { json.field("invertible", true) }
    case .count: json.field("shape", "count")
    case .argument: json.field("shape", "argument")
    }
    json.field("type", schema.kind.name)
    if takesValue { json.field("value", schema.metavariable) }
    if !schema.choices.isEmpty { json.field("choices", schema.choices.map(\.value)) }
    json.fieldIfPresent("minimum", schema.minimum)
    json.fieldIfPresent("maximum", schema.maximum)
    json.fieldIfPresent("unit", schema.unit)
    json.fieldIfPresent("default", defaultText)
    json.fieldIfPresent("environment", environment)
    json.fieldIfPresent("group", group)
    if isRequired { json.field("required", true) }
    if isRepeated { json.field("repeated", true) }
    if isHidden { json.field("hidden", true) }
    if !deprecatedNames.isEmpty { json.field("deprecatedNames", deprecatedNames) }
    json.field("help", help)
  }
}

extension Rule {
  fileprivate func write(to json: inout JSONWriter) {
    func parameters(_ kind: String, _ parameters: [Parameter]) {
      json.field("rule", kind)
      json.field("parameters", parameters.map(\.name))
    }
    switch kind {
    case .atMostOne(let list): parameters("atMostOne", list)
    case .exactlyOne(let list): parameters("exactlyOne", list)
    case .atLeastOne(let list): parameters("atLeastOne", list)
    case .needs(let parameter, let others): parameters("needs", [parameter] + others)
    case .custom: json.field("rule", "custom")
    }
    json.fieldIfPresent("because", reason)
  }
}
