import ChatKit
import Commands

/// Where a setting's value comes from, in words.
enum SettingSource {
  /// `--listen`, `CHATD_LISTEN`, `chatd.yaml:7:13` or `default`.
  static func text(of setting: Setting, in invocation: Invocation) -> String {
    switch invocation.source(of: setting.parameter) {
    case .commandLine: "--\(setting.parameter.name)"
    case .environment(let name): name
    case .context(let place): place
    case .default: "default"
    }
  }
}
