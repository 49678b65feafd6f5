// The list of conversations, and what the search field finds: conversations, people, channels, messages.
import { $, arrange, avatar, complain, h, icon, shortTime } from "./dom.js";

export class List {
  #app;
  #rows = new Map();
  #search = null;
  #query = "";

  constructor(app) {
    this.#app = app;
    const { store } = app;
    const field = $("#search");
    let pause = 0;
    field.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => this.#find(field.value.trim()), 200);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      if (event.key === "ArrowDown") {
        event.preventDefault();
        $("#side li a, #results button")?.focus();
      }
    });
    $("#side").addEventListener("keydown", (event) => this.#arrows(event));
    store.addEventListener("change", ({ detail }) => {
      if (detail.has("list") || detail.has("presence") || detail.has("typing")) this.render();
    });
    $("#conversations").addEventListener("scroll", ({ target }) => {
      if (target.scrollTop + target.clientHeight > target.scrollHeight - 200) store.loadMore().catch(complain);
    });
  }

  clear() {
    $("#search").value = "";
    this.#find("");
  }

  /** Up and down go through the conversations. */
  #arrows(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = [...document.querySelectorAll("#conversations a, #results button")].filter((one) => one.offsetParent);
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    const next = all[at + (event.key === "ArrowDown" ? 1 : -1)] ?? (event.key === "ArrowUp" ? $("#search") : null);
    next?.focus();
  }

  render() {
    const { store } = this.#app;
    const sorted = store.sorted();
    arrange($("#conversations"), sorted.map((conversation) => this.#row(conversation)));
    for (const id of this.#rows.keys()) if (!store.conversations.has(id)) this.#rows.delete(id);
    $("#no-conversations").hidden = !store.isListLoaded || sorted.length > 0 || this.#query !== "";
  }

  #row(conversation) {
    const { store } = this.#app;
    const { entry, unread, mentions } = conversation;
    const typing = [...conversation.typing.values()][0];
    const presence = entry.peer ? store.presence.get(entry.peer.userId)?.status ?? null : null;
    const text = typing ? `${conversation.isDirect ? "" : `${typing.name} is `}typing …` : this.#preview(conversation);
    const isOpen = store.open === conversation;
    const signature = JSON.stringify([conversation.title, text, unread, mentions, presence, entry.muted, isOpen, conversation.activity, shortTime(conversation.activity)]);
    let row = this.#rows.get(conversation.id);
    if (!row) {
      const link = h("a", { href: `#/c/${conversation.id}` });
      row = { element: h("li", {}, link), link, signature: null };
      this.#rows.set(conversation.id, row);
    }
    if (row.signature !== signature) {
      row.signature = signature;
      row.link.className = `conversation${unread ? " unread" : ""}`;
      if (isOpen) row.link.setAttribute("aria-current", "page");
      else row.link.removeAttribute("aria-current");
      row.link.replaceChildren(...[
        this.#picture(conversation, presence),
        h("span", { class: "name" }, conversation.title, presence === "online" && h("span", { class: "sr" }, " (online)")),
        h("time", { datetime: conversation.activity }, shortTime(conversation.activity)),
        h("span", { class: typing ? "preview typing" : "preview" }, text),
        (entry.muted || mentions > 0 || unread > 0) && h(
          "span", { class: "marks" }, entry.muted && icon("muted"),
          mentions > 0 && h("span", { class: "badge mention" }, "@", h("span", { class: "sr" }, `${mentions} mentions`)),
          unread > 0 && h(
            "span", { class: entry.muted ? "badge quiet" : "badge" }, unread >= 999 ? "999+" : String(unread),
            h("span", { class: "sr" }, " unread"))),
      ].filter(Boolean));
    }
    return row.element;
  }

  #picture({ id, title, entry }, presence) {
    if (entry.type === "direct") return avatar(entry.peer?.userId ?? id, title, presence);
    const picture = avatar(id, title);
    if (entry.type === "channel") picture.replaceChildren(icon("hash"));
    return picture;
  }

  #preview(conversation) {
    const last = conversation.entry.lastMessage;
    if (!last) return "No messages yet";
    const { me } = this.#app.store;
    const who = last.type === "system" ? "" : last.senderId === me.id ? "You: "
      : conversation.isDirect ? "" : `${this.#app.store.nameOf(last.senderId, last.senderName)}: `;
    return who + summary(last);
  }

  async #find(query) {
    this.#search?.abort();
    this.#query = query;
    const results = $("#results");
    results.hidden = query === "";
    $("#conversations").hidden = query !== "";
    this.render();
    if (query === "") return results.replaceChildren();
    const { session } = this.#app;
    this.#search = new AbortController();
    const { signal } = this.#search;
    const ask = (path, parameters) => session.request("GET", path, { query: parameters, signal });
    const answers = await Promise.allSettled([
      ask("/api/users/search", { q: query, limit: 8 }), ask("/api/conversations/channels", { q: query, limit: 8 }),
      query.length > 1 ? ask("/api/messages/search", { q: query, limit: 20 }) : {},
    ]);
    if (signal.aborted) return;
    const failure = answers.find(({ status, reason }) => status === "rejected" && reason.status !== 404);
    if (failure) complain(failure.reason);
    const [people, channels, messages] = answers.map(({ value }) => value ?? {});
    results.replaceChildren(...this.#sections(query, people.users ?? [], channels.channels ?? [], messages));
  }

  #sections(query, people, channels, { messages = [], encryptedConversations = 0 }) {
    const app = this.#app;
    const known = app.store.sorted().filter(({ title }) => title.toLowerCase().includes(query.toLowerCase()));
    const sections = [
      ["Conversations", known.map((one) => this.#result(this.#picture(one), one.title, null, () => app.go(one.id)))],
      ["People", people.filter(({ id }) => id !== app.store.me.id).map((one) =>
        this.#result(avatar(one.id, one.displayName), one.displayName, `@${one.username}`, () => app.startDirect(one.id)))],
      ["Channels", channels.map((one) =>
        this.#result(h("span", { class: "avatar hue-0" }, icon("hash")), one.title,
          `${one.memberCount} in it${one.joined ? "" : " · join"}`, () => (one.joined ? app.go(one.id) : app.joinChannel(one))))],
      ["Messages", messages.map((one) => {
        const conversation = app.store.conversations.get(one.conversationId);
        return this.#result(
          avatar(one.senderId, one.senderName ?? "?"), one.body, `${conversation?.title ?? one.senderName ?? ""} · ${shortTime(one.createdAt)}`,
          () => app.go(one.conversationId, one.seq));
      })],
    ].filter(([, found]) => found.length > 0)
      .map(([name, found]) => h("section", {}, h("h2", {}, name), h("ul", {}, found)));
    if (sections.length === 0) sections.push(h("p", { class: "none", role: "status" }, `Nothing is found for “${query}”. Names are found by their beginning.`));
    if (encryptedConversations > 0) {
      sections.push(h("p", { class: "none" }, `Encrypted conversations (${encryptedConversations}) are not searched.`));
    }
    return sections;
  }

  #result(picture, name, detail, choose) {
    const onclick = async () => {
      try {
        await choose();
        this.clear();
      } catch (error) {
        complain(error);
      }
    };
    return h(
      "li", {},
      h("button", { type: "button", class: "conversation", onclick }, picture, h("span", { class: "name" }, name),
        detail && h("span", { class: "preview" }, detail)));
  }
}

/** A message in a line. */
export function summary(message) {
  if (message.deletedAt) return "Deleted message";
  const text = message.body.replace(/\s+/g, " ").slice(0, 160);
  if (text) return text;
  return message.type === "image" ? "Picture" : message.type === "file" ? "File" : "";
}
