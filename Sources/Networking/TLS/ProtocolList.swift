/// Names of protocols as ALPN has them: each after its length (RFC 7301, 3.1).
func protocolList(_ names: [String]) -> [UInt8] {
  var bytes: [UInt8] = []
  for name in names {
    bytes.append(UInt8(truncatingIfNeeded: name.utf8.count))
    bytes.append(contentsOf: name.utf8.prefix(255))
  }
  return bytes
}
