import FuzzTargets
import Glibc

/// Runs one target under libFuzzer: `Fuzz TARGET [libFuzzer's arguments]`. Built by `make fuzz` only, with the compiler's
/// coverage and address sanitizer.
@main
struct Driver {
  nonisolated(unsafe) static var target = FuzzTarget.http

  static func main() {
    guard CommandLine.arguments.count > 1, let chosen = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
      print("usage: Fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [ARGUMENT…]")
      exit(64)
    }
    target = chosen
    var arguments: [UnsafeMutablePointer<CChar>?] = ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2))
      .map { strdup($0) }
    var count = Int32(arguments.count)
    arguments.append(nil)
    arguments.withUnsafeMutableBufferPointer { buffer in
      var base = buffer.baseAddress
      exit(
        runFuzzer(&count, &base) { bytes, count in
          Driver.target.run(UnsafeRawBufferPointer(start: bytes, count: count))
          return 0
        })
    }
  }
}

/// libFuzzer as a library (compiler-rt, FuzzerDriver.cpp).
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
