import ChatKit
import Glibc
import TestSupport
import Testing

/// Finds the official clients: nothing of them is in this repository.
enum OfficialClients {
  /// A program on PATH.
  static func program(_ name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return (path.split(separator: ":").map(String.init) + ["/usr/local/bin", "/usr/bin"])
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  // MARK: JavaScript

  /// The `node_modules` with the versions of package.json: beside it, where CHATD_TEST_NODE_MODULES says, in the
  /// neighbouring folder that several checkouts share, or installed by npm now. nil where none can be had.
  static let nodeModules = Task<String?, Never> {
    let own = "\(Checkout.javaScript)/node_modules"
    let shared = "\(Checkout.root)/../shared/clients/node_modules"
    let named = getenv("CHATD_TEST_NODE_MODULES").map { String(cString: $0) }
    for folder in [own, named, shared] {
      if let folder, isComplete(folder) { return folder }
    }
    guard let npm = program("npm") else { return nil }
    print("npm installs the official clients in \(own)")
    let result = try? await TestProcess.run(
      npm, ["install", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1", "--fetch-timeout=20000"],
      directory: Checkout.javaScript, within: .seconds(60))
    if isComplete(own) { return own }
    print("npm could not install them: \(result?.output ?? "it did not end in time")")
    return nil
  }

  private static func isComplete(_ folder: String) -> Bool {
    ["socket.io-client", "@socket.io/redis-emitter", "socket.io", "@socket.io/redis-adapter", "redis"].allSatisfy {
      access("\(folder)/\($0)/package.json", R_OK) == 0
    }
  }

  /// A new folder with the scripts and, by a link, their modules: there `import` finds both.
  static func workspace() async throws -> String {
    guard let modules = await nodeModules.value else {
      throw TestFailure("the official JavaScript clients are missing")
    }
    let folder = try TemporaryFolder.make()
    guard symlink(modules, "\(folder)/node_modules") == 0 else { throw TestFailure("cannot link \(modules)") }
    for name in FileTree.names(in: Checkout.javaScript) where name.hasSuffix(".mjs") {
      try FileText.write(try FileText.read("\(Checkout.javaScript)/\(name)"), to: "\(folder)/\(name)")
    }
    return folder
  }

  static func canRunJavaScript() async -> Bool { await javaScriptCheck.value }

  private static let javaScriptCheck = Task {
    if program("node") != nil, await nodeModules.value != nil { return true }
    return isRequired("node or the official JavaScript clients")
  }

  // MARK: Python

  /// The interpreter of the environment that `make test` makes, or one that has python-socketio by itself.
  static let python = Task<String?, Never> {
    for candidate in ["\(Checkout.root)/.venv/bin/python", program("python3")] {
      guard let candidate, access(candidate, X_OK) == 0 else { continue }
      let result = try? await TestProcess.run(candidate, ["-c", "import socketio, aiohttp, websockets"])
      if result?.exit == .code(0) { return candidate }
    }
    return nil
  }

  static func canRunPython() async -> Bool { await pythonCheck.value }

  private static let pythonCheck = Task {
    if await python.value != nil { return true }
    return isRequired("python-socketio or websockets (make test installs them in .venv)")
  }

  // MARK: schemathesis and Chromium

  /// `st`, which `make test` installs beside the interpreter.
  static let schemathesis = Task<String?, Never> {
    ["\(Checkout.root)/.venv/bin/st", program("st")].compactMap { $0 }.first { access($0, X_OK) == 0 }
  }

  static func canRunSchemathesis() async -> Bool {
    if await schemathesis.value != nil { return true }
    return isRequired("schemathesis (make test installs it in .venv)")
  }

  static var canRunBrowser: Bool {
    if program("chromium") != nil, program("node") != nil { return true }
    return isRequired("chromium or node")
  }

  /// Says what is missing. On a machine that is to test everything that is a failure, not a reason to skip.
  private static func isRequired(_ what: String) -> Bool {
    print("MISSING: \(what): the tests with it are \(getenv("CI") == nil ? "skipped" : "run, and fail")")
    return getenv("CI") != nil
  }
}
