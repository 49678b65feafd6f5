// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in CI; on a developer's machine they stay warnings while work is under way.
let strict = Context.environment["CI"] != nil

let settings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(
  _ name: String, _ dependencies: [Target.Dependency], path: String? = nil, settings: [SwiftSetting] = settings
) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
  name: "chat",
  products: [
    .executable(name: "chatd", targets: ["chatd"]),
    .executable(name: "chatctl", targets: ["chatctl"]),
  ],
  targets: [
    // C, and nothing but module maps and shims.
    .target(name: "CLinux"),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CKafka", providers: [.apt(["librdkafka-dev"])]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    // The files of the pages that chatd serves.
    .target(name: "CPages", exclude: ["docs", "web"]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

    // The ground: no domain, no Foundation.
    library("Primitives", ["CLinux"]),
    library("Metrics"),
    library("JSON", ["Primitives"]),
    library("MessagePack", ["JSON"]),
    library("YAML", ["CYAML", "Primitives"]),
    library("Commands", ["JSON", "Primitives"]),
    library("Networking", ["CLinux", "COpenSSL", "Primitives"]),
    library("Logging", ["CLinux", "JSON", "Networking", "Primitives"]),
    library("HTTP", ["Networking", "JSON", "Primitives", "COpenSSL", "CZlib"]),
    library("SocketIO", ["HTTP", "JSON", "Networking", "Primitives"]),
    library("Postgres", ["COpenSSL", "CPostgres", "Networking", "Primitives"]),
    library("Kafka", ["CKafka", "CLinux", "Networking", "Primitives"]),
    library("Curl", ["CCurl", "Networking"]),
    library("Redis", ["CHiredis", "Networking", "Primitives"]),

    // The domain, and the two programs on it.
    library(
      "ChatKit",
      [
        "CArgon2", "CCrypt", "COpenSSL", "CLinux", "Commands", "Curl", "JSON", "Kafka", "Logging", "MessagePack",
        "Networking",
        "Postgres",
        "Primitives", "Redis", "YAML",
      ]),
    // What puts load on chatd, measures it, and verifies what came of it: for chatctl and for Bench.
    library(
      "Load", ["CLinux", "ChatKit", "HTTP", "JSON", "Networking", "Postgres", "Primitives", "YAML"]),
    program(
      "chatd",
      [
        "CLinux", "CPages", "ChatKit", "Commands", "Curl", "HTTP", "JSON", "Kafka", "Logging", "MessagePack", "Metrics",
        "Networking", "Postgres", "Primitives", "Redis", "SocketIO", "YAML",
      ]),
    program(
      "chatctl",
      [
        "CLinux", "ChatKit", "Commands", "Curl", "HTTP", "JSON", "Kafka", "Load", "Logging", "MessagePack", "Metrics",
        "Networking", "Postgres", "Primitives", "Redis", "SocketIO", "YAML",
      ],
      // The optimiser of Swift 6.3 crashes while it splits one of chatctl's coroutines. What has to be fast is in the
      // libraries.
      settings: settings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]),

    // Tests: a unit target a module, then whole processes, then the official clients.
    .target(
      name: "TestSupport",
      dependencies: ["CLinux", "ChatKit", "HTTP", "JSON", "Kafka", "Networking", "Postgres", "Primitives", "Redis"],
      path: "Tests/TestSupport", swiftSettings: settings),
    .target(name: "TestCertificates", path: "Tests/TestCertificates", swiftSettings: settings),
    program(
      "ConformanceServer", ["HTTP", "JSON", "Networking", "Primitives", "SocketIO"], path: "Tests/ConformanceServer"),
    program(
      "Bench", ["CLinux", "ChatKit", "Load", "Networking", "Postgres", "Primitives"], path: "Tests/Bench"),
    .target(
      name: "FuzzTargets", dependencies: ["HTTP", "JSON", "MessagePack", "Primitives", "SocketIO", "YAML"],
      path: "Tests/Fuzz/Targets", swiftSettings: settings),
    tests("FuzzTests", ["FuzzTargets"]),
    tests("PrimitivesTests", ["Primitives"]),
    tests("NetworkingTests", ["Networking", "Primitives", "TestCertificates"]),
    tests("MetricsTests", ["Metrics"]),
    tests("LoggingTests", ["CLinux", "JSON", "Logging"]),
    tests("JSONTests", ["JSON", "Primitives"]),
    tests("MessagePackTests", ["MessagePack", "JSON", "Primitives"]),
    tests("YAMLTests", ["YAML", "Primitives"]),
    tests("CommandsTests", ["Commands", "Primitives", "TestSupport"], exclude: ["Snapshots"]),
    tests("HTTPTests", ["CZlib", "HTTP", "JSON", "Networking", "Primitives", "TestCertificates"]),
    tests("SocketIOTests", ["SocketIO", "HTTP", "JSON", "Networking", "Primitives", "TestSupport"]),
    tests(
      "PostgresTests", ["ChatKit", "Postgres", "Networking", "Primitives", "TestCertificates", "TestSupport"]),
    tests("RedisTests", ["ChatKit", "Redis", "Networking", "Primitives", "TestCertificates", "TestSupport"]),
    tests("CurlTests", ["Curl", "HTTP", "Networking", "TestCertificates", "TestSupport"]),
    tests("KafkaTests", ["Kafka", "Networking", "Primitives", "TestSupport"]),
    tests(
      "ChatKitTests",
      [
        "CLinux", "ChatKit", "Commands", "Curl", "HTTP", "JSON", "Kafka", "Logging", "MessagePack", "Networking",
        "Postgres",
        "Primitives", "Redis",
        "TestSupport", "YAML",
      ]),
    tests("LoadTests", ["ChatKit", "JSON", "Load", "Primitives", "YAML"]),
    tests(
      "ChatctlTests",
      ["ChatKit", "Commands", "JSON", "Metrics", "Networking", "Primitives", "TestSupport", "YAML", "chatctl"]),
    tests(
      "IntegrationTests",
      [
        "TestCertificates", "TestSupport", "ChatKit", "HTTP", "JSON", "Kafka", "Networking", "Postgres", "Primitives",
        "Redis",
      ],
      exclude: ["Chatctl/Examples"]),
    tests(
      "ClientTests", ["TestCertificates", "TestSupport", "ChatKit", "JSON", "Primitives"],
      exclude: ["JavaScript", "Python"]),
  ]
)

// libFuzzer's driver: linked with what only a build for fuzzing has.
if Context.environment["CHATD_FUZZ"] != nil {
  package.targets.append(program("Fuzz", ["FuzzTargets"], path: "Tests/Fuzz/Driver"))
}
