/// Owns a copy of a text as C wants it.
final class CString {
  let pointer: UnsafeMutablePointer<CChar>

  init(_ text: String) {
    let bytes = text.utf8CString
    pointer = .allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { pointer[index] = byte }
  }

  deinit { pointer.deallocate() }
}
