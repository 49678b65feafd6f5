import Glibc

/// The command line.
struct BenchOptions: Sendable {
  var scenarios: [Scenario] = []
  var runs = 5
  /// The program under test; by default the one beside this one.
  var chatd = ""
  var isJSON = false
  /// Sockets of `connect` and `idle`.
  var sockets = 5000
  var daemonCore = 0
  var generatorCore = 1
  var isPinned = true
  /// Seconds before the first window, with the daemon's pid on standard error: time to attach a profiler.
  var pause = 0
  /// Keep the daemon's folder and log.
  var keepsFolder = false
  var tls = TLS.none
  /// Kafka's brokers, where it is the bus.
  var brokers: String?
  var wantsHelp = false

  /// Whether TLS is spoken, and whether each connection begins a session or goes on with one.
  enum TLS: Sendable { case none, full, resumed }

  struct UsageError: Error, CustomStringConvertible {
    let description: String
  }

  static let help = """
    Usage: Bench SCENARIO… [--runs N] [--chatd PATH] [--json]

    Scenarios: all, \(Scenario.allCases.map(\.rawValue).joined(separator: ", "))

      --runs N      windows measured of each; the median is shown            (default 5)
      --chatd PATH  the program under test                                   (default: beside this one)
      --bus KIND    redis, or kafka with --kafka                             (default redis)
      --kafka LIST  brokers, HOST:PORT, separated by commas; a topic of its own is made and left there
      --sockets N   sockets of the scenarios connect and idle                (default 5000)
      --json        one JSON object a figure instead of the table
      --cores D,G   cores of the daemon and of the generator, or none        (default 0,1)
      --pause S     wait before the first window, for a profiler to attach   (default 0)
      --tls         speak TLS, with a full handshake for each connection
      --tls-resumed speak TLS, with sessions that are resumed
      --keep        leave the daemon's folder behind
    """

  static func parse(_ arguments: [String]) throws -> BenchOptions {
    var options = BenchOptions()
    options.chatd = try beside("chatd")
    var bus = "redis"
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      func value() throws -> String {
        guard let value = rest.popFirst() else { throw UsageError(description: "\(argument) needs a value") }
        return value
      }
      func number(_ range: ClosedRange<Int>) throws -> Int {
        let text = try value()
        guard let number = Int(text), range.contains(number) else {
          throw UsageError(
            description: "\(argument): '\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
      }
      switch argument {
      case "all": options.scenarios += Scenario.allCases
      case "--runs": options.runs = try number(1...1000)
      case "--sockets": options.sockets = try number(10...50_000)
      case "--pause": options.pause = try number(0...600)
      case "--chatd": options.chatd = try value()
      case "--bus": bus = try value()
      case "--kafka": options.brokers = try value()
      case "--json": options.isJSON = true
      case "--tls": options.tls = .full
      case "--tls-resumed": options.tls = .resumed
      case "--keep": options.keepsFolder = true
      case "--help", "-h": options.wantsHelp = true
      case "--cores": try options.setCores(try value())
      default:
        guard let scenario = Scenario(rawValue: argument) else {
          throw UsageError(description: "what is '\(argument)'?")
        }
        options.scenarios.append(scenario)
      }
    }
    switch (bus, options.brokers) {
    case ("redis", nil), ("kafka", .some): break
    case ("kafka", nil): throw UsageError(description: "--bus kafka needs --kafka HOST:PORT")
    case ("redis", .some): throw UsageError(description: "--kafka is for --bus kafka")
    default: throw UsageError(description: "--bus: '\(bus)' is neither redis nor kafka")
    }
    if options.scenarios.isEmpty, !options.wantsHelp { throw UsageError(description: "no scenario given") }
    return options
  }

  private mutating func setCores(_ text: String) throws {
    guard text != "none" else {
      isPinned = false
      return
    }
    let numbers = text.split(separator: ",").compactMap { Int($0) }
    guard numbers.count == 2 else { throw UsageError(description: "--cores: '\(text)' is not like 0,1") }
    (daemonCore, generatorCore) = (numbers[0], numbers[1])
  }

  private static func beside(_ name: String) throws -> String {
    guard let path = realpath("/proc/self/exe", nil) else {
      throw UsageError(description: "cannot find where this program is")
    }
    defer { free(path) }
    let folder = String(cString: path).split(separator: "/").dropLast()
    return "/\(folder.joined(separator: "/"))/\(name)"
  }
}
