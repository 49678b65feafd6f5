import ChatKit
import Commands

/// The configuration of a running process: what it started with, what was applied since, and how to read it again.
/// On the main loop.
final class LiveConfiguration {
  /// What a reading brought.
  struct Change {
    let options: Options
    /// Settings with new values that can be applied to a running process.
    let applicable: [Setting]
    /// Settings whose values are not those the process started with, and that take a restart.
    let pending: [Setting]
  }

  /// What is in force: of settings that take a restart what the process started with, of the others the last reading.
  private let started: Invocation
  private var applied: Invocation
  private let read: () throws -> Invocation?

  /// The file that is read, if any.
  var file: String? { ServerFile.path(named: started[ChatdCommand.config]) }

  /// - Parameter read: what the same arguments say now, with the file as it is now.
  init(_ invocation: Invocation, read: @escaping () throws -> Invocation?) {
    started = invocation
    applied = invocation
    self.read = read
  }

  /// Reads it all again. Throws a `CommandError` when it is invalid; what is in force stays then.
  func reload() throws -> Change? {
    guard let invocation = try read(), let options = Options(invocation) else { return nil }
    func values(_ setting: Setting, _ invocation: Invocation) -> [String]? {
      setting.value(of: invocation.texts(of: setting.parameter))
    }
    let change = Change(
      options: options,
      applicable: ServerOptions.settings.filter { setting in
        setting.isReloadable && values(setting, invocation) != values(setting, applied)
      },
      pending: ServerOptions.settings.filter { setting in
        !setting.isReloadable && values(setting, invocation) != values(setting, started)
      })
    applied = invocation
    return change
  }
}
