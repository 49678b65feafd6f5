// Pictures and files in messages, where the server keeps any: announced, brought, completed, then named by a message
// (docs/ATTACHMENTS.md).
import { h, icon } from "./dom.js";
import { sizeText } from "./composer.js";
import { Problem } from "./session.js";

export class Attachments {
  #session;
  #changed;
  #largest;
  /** By id: what is known, or null while it is being asked for. */
  #known = new Map();

  constructor(session, largest, changed) {
    this.#session = session;
    this.#largest = largest;
    this.#changed = changed;
  }

  /** Null where the server has none: then its description does not name the route. */
  static async find(session, changed) {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) return null;
    const { paths } = await answer.json();
    const route = paths["/api/attachments"]?.post;
    if (!route) return null;
    const largest = route.requestBody?.content?.["application/json"]?.schema?.properties?.size?.maximum ?? 25 * 1024 ** 2;
    return new Attachments(session, largest, changed);
  }

  /** The checksum needs a secure context. */
  get canSend() { return Boolean(crypto.subtle); }

  /** Why a file cannot be sent; null where it can. */
  trouble(file) {
    if (!this.canSend) return "Files can be sent over HTTPS only.";
    if (file.size === 0) return "This file is empty.";
    if (file.size > this.#largest) return `This file is too large: ${sizeText(this.#largest)} at most.`;
    return null;
  }

  /** Brings the file of a send, and answers its id. What got there is not brought again. */
  async upload(send) {
    const { file } = send;
    if (!send.announced || new Date(send.announced.upload.expiresAt) - Date.now() < 10_000) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      const body = {
        conversationId: send.conversationId, name: cleanName(file.name), contentType: file.type || "application/octet-stream", size: file.size,
        sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      };
      send.announced = await this.#session.request("POST", "/api/attachments", { body });
    }
    const { id, upload } = send.announced;
    if (!send.isBrought) {
      let answer;
      try {
        answer = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: file, credentials: "omit" });
      } catch {
        throw new Problem(0);
      }
      if (!answer.ok) {
        const said = /json/.test(answer.headers.get("content-type") ?? "") ? await answer.json().catch(() => ({})) : {};
        throw new Problem(answer.status, { detail: `The file could not be stored (${answer.status}).`, ...said });
      }
      send.isBrought = true;
    }
    await this.#session.request("POST", `/api/attachments/${id}/complete`);
    return id;
  }

  /** What changes how a message is drawn. */
  signature({ attachmentId }) {
    return attachmentId ? this.#known.get(attachmentId)?.url ?? null : null;
  }

  view({ attachmentId, type }) {
    const known = this.#known.get(attachmentId);
    if (!known || (known.url && known.until - Date.now() < 30_000)) this.#ask(attachmentId);
    if (!known) return h("span", { class: "file" }, icon("file"), known === undefined ? "Loading …" : "…");
    if (!known.url) return h("span", { class: "file" }, icon("file"), "This file is not there any more.");
    const properties = { href: known.url, target: "_blank", rel: "noopener noreferrer" };
    const file = () => h(
      "a", { ...properties, class: "file", download: known.name }, icon("file"), h("span", {}, known.name, h("small", {}, ` ${sizeText(known.size)}`)));
    if (type !== "image" || !known.contentType.startsWith("image/") || known.isBroken) return file();
    const picture = h("img", { class: "picture", src: known.url, alt: known.name, loading: "lazy" });
    const link = h("a", properties, picture);
    picture.addEventListener("error", () => {
      known.isBroken = true;
      link.replaceWith(file());
    });
    return link;
  }

  async #ask(id) {
    if (this.#known.get(id) === null) return;
    this.#known.set(id, null);
    try {
      const { name, size, contentType, download } = await this.#session.get(`/api/attachments/${id}`);
      this.#known.set(id, { name, size, contentType, url: download?.url, until: new Date(download?.expiresAt ?? 0) });
    } catch (problem) {
      // Gone, or asked for again when it is drawn the next time.
      if (problem.status === 404) this.#known.set(id, { url: null });
      else this.#known.delete(id);
    }
    this.#changed();
  }
}

/** As the server takes names. */
function cleanName(name) {
  let clean = name.replace(/[/\\\u0000-\u001f\u007f-\u009f]/g, "_");
  while (new TextEncoder().encode(clean).length > 255) clean = clean.slice(1);
  return clean === "." || clean === ".." || clean === "" ? "file" : clean;
}
