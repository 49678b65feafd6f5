import Commands
import JSON
package import Primitives

/// A plan as a file: what is to be brought about, what that changes, and the hash of the state of which that was said. It bears no
/// secret; files with secrets are named by their full paths.
package enum ManifestPlanFile {
  package static let kind = "Plan"

  package struct Contents: Sendable {
    package let manifests: [Manifest]
    package let options: ManifestPlan.Options
    package let stateHash: String
    package let createdAt: Timestamp
  }

  package static func write(_ plan: ManifestPlan) -> [UInt8] {
    var json = JSONWriter(reserving: 4096)
    json.beginObject()
    json.field("apiVersion", ServerFile.apiVersion)
    json.field("kind", kind)
    json.field("createdAt", "\(plan.createdAt)")
    json.field("stateHash", plan.stateHash)
    json.field("owner", plan.options.owner)
    json.field("prune", plan.options.prunes)
    json.field("pruneLimit", plan.options.pruneLimit)
    json.key("changes")
    json.beginArray()
    for change in plan.changes {
      let nothing = ManifestDifference("", from: nil, to: nil)
      for difference in change.differences.isEmpty ? [nothing] : change.differences {
        json.beginObject()
        json.field("action", change.action.rawValue)
        json.field("kind", change.id.kind)
        json.field("name", change.id.path)
        json.field("field", difference.field)
        json.key("from")
        (difference.from ?? .null).write(to: &json)
        json.key("to")
        (difference.to ?? .null).write(to: &json)
        json.field("risk", difference.risk.rawValue)
        json.endObject()
      }
    }
    json.endArray()
    json.key("manifests")
    json.beginArray()
    for manifest in plan.manifests {
      json.beginObject()
      json.field("kind", manifest.id.kind)
      json.field("name", manifest.id.name)
      if let workspace = manifest.id.workspace { json.field("workspace", workspace) }
      json.key("spec")
      manifest.spec.write(to: &json)
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.bytes + [0x0a]
  }

  /// Throws `ConfigurationError` for what is no plan.
  package static func read(_ path: String) throws -> Contents {
    let bytes = try FileBytes.read(path, limit: 64 << 20, what: "the plan")
    func wrong(_ why: String) -> ConfigurationError {
      ConfigurationError(
        .invalidInput, "\(path) is no plan: \(why)",
        hint: "'chatctl plan --out FILE' writes one; manifests are given with -f.")
    }
    let document: JSONDocument
    do { document = try JSONDocument(parsing: bytes) } catch { throw wrong("\(error)") }
    let root = document.root
    guard root["kind"]?.string == kind, root["apiVersion"]?.string == ServerFile.apiVersion else {
      throw wrong("it does not begin as one")
    }
    guard let hash = root["stateHash"]?.string, let owner = root["owner"]?.string, let prunes = root["prune"]?.bool,
      let limit = root["pruneLimit"]?.int, let at = root["createdAt"]?.timestamp, let list = root["manifests"]?.array
    else { throw wrong("a part of it is missing") }
    var manifests: [Manifest] = []
    for entry in list {
      guard let kind = entry["kind"]?.string, let name = entry["name"]?.string, let spec = entry["spec"],
        ManifestKinds.named(kind) != nil
      else { throw wrong("a manifest in it is none") }
      manifests.append(
        Manifest(ManifestID(kind, name, workspace: entry["workspace"]?.string), spec: ManifestValue(spec), file: path))
    }
    return Contents(
      manifests: manifests,
      options: ManifestPlan.Options(owner: owner, prunes: prunes, pruneLimit: limit), stateHash: hash, createdAt: at)
  }
}
