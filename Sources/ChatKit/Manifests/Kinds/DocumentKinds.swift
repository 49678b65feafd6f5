import Commands

/// chatd's own configuration: validated as chatd does.
package enum ServerKind: DocumentKind {
  package static let name = "Server"
  package static let summary = "chatd's configuration"
  package static let note: String? = "valid; chatd reads it (--config), nothing is applied of it"

  /// `chatd config --explain` has the settings; these are their sections.
  package static func declare(_ spec: inout ManifestReader) {
    for section in ServerOptions.sections where !section.path.isEmpty && !section.path.contains(".") {
      spec.map(section.path, section.text)
    }
  }

  /// All settings, section by section.
  package static var fields: [ManifestField] { fields(of: "") }

  private static func fields(of section: String) -> [ManifestField] {
    let own = ServerOptions.settings.filter { $0.section == section }.map { setting in
      let isFlag = if case .flag = setting.parameter.shape { true } else { false }
      let type = isFlag ? "true or false" : ManifestReader.typeName(setting.parameter.schema)
      return ManifestField(
        name: setting.key, type: setting.parameter.arity.most > 1 ? "list of \(type)s" : type,
        defaultText: setting.defaultText, help: setting.parameter.help)
    }
    let inner = ServerOptions.sections.filter { part in
      !part.path.isEmpty && part.path.split(separator: ".").dropLast().joined(separator: ".") == section
    }
    return own
      + inner.map { part in
        ManifestField(
          name: part.path.split(separator: ".").last.map(String.init) ?? part.path, type: "object", help: part.text,
          fields: fields(of: part.path))
      }
  }
}

/// What `chatctl load` runs.
package enum LoadScenarioKind: DocumentKind {
  package static let name = "LoadScenario"
  package static let summary = "A load that 'chatctl load run' makes, with its thresholds"
  package static let note: String? = "'chatctl load run' reads it, nothing is applied of it"
  package static let isOpaque = true

  package static func declare(_ spec: inout ManifestReader) {}
}
