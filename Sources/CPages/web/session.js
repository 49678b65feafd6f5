// Who is signed in, and requests in their name.
//
// Where the page is a secure context the tokens are HttpOnly cookies: no script, ours included, ever sees them, and the
// socket connects with a ticket of one minute. Elsewhere (plain HTTP on another machine, browsers that keep no such cookie
// for localhost) the access token is in memory and the refresh token in this tab's sessionStorage.

const SIGNED_IN = "chat.signedIn";
const TOKEN = "chat.refreshToken";

/** An answer that is an error (RFC 9457), or none at all (`status` 0). */
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    super(body.detail ?? body.title ?? (status ? `The server answered ${status}.` : "The server cannot be reached."));
    this.status = status;
    this.code = body.code ?? (status ? "unknown" : "unreachable");
    this.field = body.field;
    /** In seconds. */
    this.retryAfter = retryAfter;
    /** The session is over: nothing is to be tried again. */
    this.final = false;
  }

  /** The same request may succeed later. */
  get isRetriable() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** What happened, and what to do. */
  get advice() {
    const wait = this.retryAfter ? ` Try again in ${this.retryAfter > 90 ? `${Math.ceil(this.retryAfter / 60)} minutes` : `${this.retryAfter} s`}.` : "";
    switch (this.code) {
      case "unreachable": return "The server cannot be reached. Check your connection; it is tried again by itself.";
      case "rate_limited": return `That was too often.${wait || " Wait a moment and try again."}`;
      case "too_many_attempts": return `Too many wrong passwords.${wait || " Wait a while and try again."}`;
      case "account_disabled": return "This account is disabled. Ask an administrator.";
      case "precondition_failed": return "Somebody was faster: look at what it says now, and try again.";
      case "conversation_archived": return "This conversation is archived. An admin of it can take that back.";
      case "too_large": return `${this.message} Send less at once.`;
      case "forbidden": return `${this.message} Ask an admin of the conversation.`;
      default: return this.status >= 500 ? `${this.message} Try again in a moment.` : this.message + wait;
    }
  }
}

/** Whether the browser keeps cookies as the server sets them; asked by making one. */
function keepsCookies() {
  if (!isSecureContext) return false;
  const name = "__Host-chat-probe";
  document.cookie = `${name}=1; Secure; Path=/; SameSite=Strict; Max-Age=5`;
  const isKept = document.cookie.includes(name);
  document.cookie = `${name}=; Secure; Path=/; SameSite=Strict; Max-Age=0`;
  return isKept;
}

/** Storage may be forbidden; then nothing is remembered. */
export const memory = {
  get(storage, key) {
    try { return storage().getItem(key); } catch { return null; }
  },
  set(storage, key, value) {
    try {
      if (value === null) storage().removeItem(key);
      else storage().setItem(key, value);
    } catch { /* It is not remembered. */ }
  },
};
const local = () => localStorage;
const tab = () => sessionStorage;

/** Events: `end`, when there is no session any more. */
export class Session extends EventTarget {
  #usesCookies = keepsCookies();
  #accessToken = null;
  #refreshing = null;
  user = null;

  /** Goes on with the session of before. False: sign in. Throws Problem where the server cannot say. */
  async restore() {
    const known = this.#usesCookies ? memory.get(local, SIGNED_IN) : memory.get(tab, TOKEN);
    if (!known) return false;
    try {
      this.user = await this.get("/api/users/me");
      return true;
    } catch (problem) {
      if (problem.status === 401 || problem.final) return false;
      throw problem;
    }
  }

  async register(username, password, displayName) {
    const body = { username, password };
    if (displayName) body.displayName = displayName;
    this.#begin(await this.#send("POST", this.#authPath("register"), { body }));
  }

  async login(username, password) {
    this.#begin(await this.#send("POST", this.#authPath("login"), { body: { username, password } }));
  }

  /** Throws Problem where the server was not reached: then one is still signed in. */
  async logout() {
    try {
      await this.request("POST", "/api/auth/logout");
    } catch (problem) {
      if (problem.isRetriable) throw problem;
    }
    this.#end();
  }

  /** What a socket connects with. */
  async ticket() {
    const { token } = await this.request("POST", "/api/auth/ticket");
    return token;
  }

  get(path, query) {
    return this.request("GET", path, { query });
  }

  /** The answer's JSON, null without one. Renews the access token where it has run out. Throws Problem. */
  async request(method, path, options = {}) {
    const address = options.query ? `${path}?${new URLSearchParams(options.query)}` : path;
    const token = this.#accessToken;
    if (!this.#usesCookies && !token) await this.#renew(token);
    try {
      return await this.#send(method, address, options);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      await this.#renew(token);
      return this.#send(method, address, options);
    }
  }

  async #send(method, path, { body, headers = {}, signal, raw } = {}) {
    const fields = { Accept: "application/json", ...headers };
    if (this.#accessToken) fields.Authorization = `Bearer ${this.#accessToken}`;
    if (body !== undefined) fields["Content-Type"] = "application/json";
    let answer;
    try {
      answer = await fetch(path, {
        method, headers: fields, signal, credentials: "same-origin", cache: "no-store",
        body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0);
    }
    const isJSON = /json/.test(answer.headers.get("content-type") ?? "");
    const content = isJSON ? await answer.json().catch(() => ({})) : null;
    if (answer.ok) return content;
    throw new Problem(answer.status, content ?? {}, Number(answer.headers.get("retry-after")) || null);
  }

  #authPath(name) {
    return `/api/auth/${name}${this.#usesCookies ? "?cookies=true" : ""}`;
  }

  #begin(session) {
    this.user = session.user;
    if (this.#usesCookies) {
      memory.set(local, SIGNED_IN, "1");
    } else {
      this.#accessToken = session.accessToken;
      memory.set(tab, TOKEN, session.refreshToken);
    }
  }

  #end() {
    this.user = null;
    this.#accessToken = null;
    memory.set(local, SIGNED_IN, null);
    memory.set(tab, TOKEN, null);
    this.dispatchEvent(new Event("end"));
  }

  /** One exchange at a time, however many requests have found the token to be over. */
  #renew(used) {
    if (used !== this.#accessToken) return Promise.resolve();
    this.#refreshing ??= this.#exchange().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #exchange() {
    // Tabs share the cookies. Two that exchange at once get the same successor: the server has a grace for that.
    const body = this.#usesCookies ? undefined : { refreshToken: memory.get(tab, TOKEN) };
    try {
      if (body && !body.refreshToken) throw new Problem(401);
      this.#accessToken = null;
      this.#begin(await this.#send("POST", this.#authPath("refresh"), { body }));
    } catch (problem) {
      if (problem.status === 400 || problem.status === 401 || problem.status === 403) {
        problem.final = true;
        this.#end();
      }
      throw problem;
    }
  }
}
