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
}

/// What `chatctl load` runs.
package enum LoadScenarioKind: DocumentKind {
  package static let name = "LoadScenario"
  package static let summary = "A load that 'chatctl load run' makes, with its thresholds"
  package static let note: String? = "'chatctl load run' reads it, nothing is applied of it"
  package static let isOpaque = true

  package static func declare(_ spec: inout ManifestReader) {}
}
