import Glibc

/// Named apart, since a member called `log10` would hide the function.
enum Logarithm {
  static func base10(_ value: Double) -> Double { log10(value) }
  static func power10(_ value: Double) -> Double { pow(10, value) }
}
