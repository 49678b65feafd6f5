import Commands
package import Primitives

/// Files beside messages, and where they lie.
package struct AttachmentOptions: Sendable {
  package enum Store: String, Sendable, CaseIterable {
    case local
    case s3
  }

  package let store: Store
  package let folder: String?
  package let endpoint: String?
  package let bucket: String?
  package let region: String
  package let accessKey: String?
  package let secretKey: Secret
  package let urlLifetime: Duration
  package let maxSize: ByteCount
  package let types: [String]
  package let maxPending: Int
  package let quota: ByteCount?
  package let orphanAge: Duration

  init(_ settings: inout SettingReader) {
    settings.section(
      "attachments", "Attachments",
      "Files beside messages, and where they lie. docs/ATTACHMENTS.md has the whole. Every process of an installation needs the same."
    )
    store = settings.value(
      "attachments.store", .choice("KIND"), default: .local,
      "Where files lie: in a folder that all processes share, or in a bucket of a store that speaks S3.")
    folder = settings.optional(
      "attachments.folder", .directory, defaultText: "attachments/ in the embedded folder, else there are none",
      "The folder of the files, where they lie in one.")
    endpoint = settings.optional(
      "attachments.endpoint", .endpoint,
      "The address of the store that speaks S3, as clients reach it too; buckets are named in the path.")
    bucket = settings.optional("attachments.bucket", .bucket, "The bucket of the files.")
    region = settings.value(
      "attachments.region", .string("NAME", example: "us-east-1"), default: "us-east-1",
      "The region that requests are signed for.")
    accessKey = settings.optional(
      "attachments.accessKey", .string("NAME", example: "AKIAIOSFODNN7EXAMPLE"), "The name of the key to the store.")
    secretKey = settings.secret("attachments.secretKey", "The file with the secret key to the store.")
    urlLifetime = settings.value(
      "attachments.urlLifetime", .duration(.seconds(1) ... .seconds(43_200)), default: .seconds(900),
      "How long a URL is good that is handed out, for an upload or a download.")
    maxSize = settings.value(
      "attachments.maxSize", .size(ByteCount(bytes: 1) ... .gibibytes(5)), default: .mebibytes(25),
      "The longest file.")
    types = settings.list(
      "attachments.types", .mediaType,
      default: [
        "image/*", "audio/*", "video/*", "text/plain", "text/csv", "text/markdown", "application/pdf",
        "application/json", "application/zip", "application/gzip", "application/octet-stream", "application/msword",
        "application/vnd.*",
      ], "Types of files that are taken: media types, or beginnings of them with an asterisk.")
    maxPending = settings.value(
      "attachments.maxPending", .int(1...10_000), default: 20, "Uploads that one user may have under way.")
    quota = settings.optional(
      "attachments.quota", .size(ByteCount(bytes: 1) ... .gibibytes(1 << 20)), defaultText: "no limit",
      "What all files of one user may come to.")
    orphanAge = settings.value(
      "attachments.orphanAge", .duration(.seconds(1) ... .seconds(2_592_000)), default: .seconds(86_400),
      "How long a file may go without being completed, or without a message that names it.")
  }

  /// Where files lie, with the secret read from its file; nil where there are none.
  /// - Parameter embedded: the embedded folder.
  /// Throws `ConfigurationError`.
  package func place(embedded: String?) throws(ConfigurationError) -> Place? {
    switch store {
    case .local: return (folder ?? embedded.map { "\($0)/attachments" }).map { .folder($0) }
    case .s3:
      guard let endpoint, let bucket, let accessKey, let secret = try secretKey.read() else {
        throw ConfigurationError(
          .invalidInput,
          "attachments.store is s3: attachments.endpoint, attachments.bucket, attachments.accessKey and a secret key "
            + "(attachments.secretKeyFile) are needed")
      }
      return .s3(
        S3ObjectStore.Settings(
          endpoint: endpoint, bucket: bucket, region: region, accessKey: accessKey, secretKey: secret))
    }
  }

  package enum Place: Sendable {
    case folder(String)
    case s3(S3ObjectStore.Settings)
  }
}

extension ValueType where Value == String {
  /// A scheme and a host, with a port or not.
  fileprivate static var endpoint: ValueType {
    ValueType(
      metavariable: "URL", expectation: "an address without a path, for example https://s3.example.org",
      parse: { text in
        let scheme = ["https://", "http://"].first { text.hasPrefix($0) }
        guard let scheme else { return nil }
        let host = text.dropFirst(scheme.utf8.count)
        let isHost = !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"/?#@\\\"".utf8.contains($0) }
        return isHost ? text : nil
      })
  }

  fileprivate static var bucket: ValueType {
    ValueType(
      metavariable: "NAME", expectation: "a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens",
      parse: { text in
        let isName = text.utf8.allSatisfy {
          (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        return isName && (3...63).contains(text.utf8.count) && !text.contains("..") && !text.hasPrefix(".") ? text : nil
      })
  }

  fileprivate static var mediaType: ValueType {
    ValueType(
      metavariable: "TYPE", expectation: "a media type such as application/pdf, or the beginning of one: image/*",
      parse: { ContentType.isPattern($0) ? $0.lowercased() : nil })
  }
}
