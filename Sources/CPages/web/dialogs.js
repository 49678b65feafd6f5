// What opens above the rest: a new conversation, about a conversation, about oneself, who has read a message.
import { $, ago, avatar, complain, fullTime, h, icon, iconButton, tell } from "./dom.js";
import { memory } from "./session.js";

const dialog = () => $("#dialog");
const local = () => localStorage;

function open(title, ...content) {
  dialog().replaceChildren(
    h("header", {}, h("h2", { id: "dialog-title" }, title), iconButton("close", "Close", () => dialog().close())), ...content);
  if (!dialog().open) dialog().showModal();
}

/** Runs what a button does; it cannot be pressed meanwhile. Errors are told below it. */
function doing(button, error, work) {
  return async (event) => {
    event?.preventDefault();
    button.disabled = true;
    error.textContent = "";
    try {
      await work();
    } catch (problem) {
      if (!problem.final) error.textContent = problem.advice ?? problem.message;
    } finally {
      button.disabled = false;
    }
  };
}

export function applyTheme() {
  const theme = memory.get(local, "chat.theme");
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export class Dialogs {
  #app;

  constructor(app) {
    this.#app = app;
    // A press beside it closes it.
    dialog().addEventListener("pointerdown", (event) => event.target === dialog() && dialog().close());
    $("#new").append(icon("add"));
    $("#new").addEventListener("click", () => this.begin());
    $("#me").addEventListener("click", () => this.profile());
    $("#details").addEventListener("click", () => app.store.open && this.details(app.store.open));
  }

  close() { dialog().close(); }

  /** A field that finds people; `choose` is called with each that is chosen. */
  #picker(choose, except = new Set()) {
    const found = h("ul", { class: "picker" });
    let pause = 0;
    let count = 0;
    const field = h("input", {
      type: "search", placeholder: "Find people by name", "aria-label": "Find people by the beginning of their name", autocomplete: "off", maxlength: "64",
      oninput: () => {
        clearTimeout(pause);
        pause = setTimeout(async () => {
          const turn = (count += 1);
          const query = field.value.trim();
          if (!query) return found.replaceChildren();
          try {
            const { users } = await this.#app.session.get("/api/users/search", { q: query, limit: 10 });
            if (turn !== count) return;
            const others = users.filter(({ id }) => id !== this.#app.store.me.id && !except.has(id));
            found.replaceChildren(...(others.length ? others.map((user) =>
              h("li", {}, h(
                "button", { type: "button", class: "person", onclick: () => { choose(user); field.value = ""; found.replaceChildren(); field.focus(); } },
                avatar(user.id, user.displayName), h("span", {}, user.displayName), h("small", {}, `@${user.username}`))))
              : [h("li", { class: "none" }, `Nobody whose name begins with “${query}”.`)]));
          } catch (error) {
            complain(error);
          }
        }, 200);
      },
    });
    return [field, found];
  }

  begin() {
    const chosen = new Map();
    const chips = h("ul", { class: "chips" });
    const error = h("p", { class: "form-error", role: "alert" });
    const title = h("input", { name: "title", maxlength: "200", autocomplete: "off" });
    const titleLabel = h("label", {}, "Name of it", title);
    const button = h("button", { class: "primary" }, "Start");
    const kinds = [["direct", "One person"], ["group", "Group"], ["channel", "Channel"]].map(([value, label]) =>
      h("label", {}, h("input", { type: "radio", name: "kind", value, checked: value === "direct", onchange: () => update() }), label));
    const hint = h("p", { class: "hint" });
    const kind = () => kinds.map((label) => $("input", label)).find(({ checked }) => checked).value;
    const update = () => {
      titleLabel.hidden = kind() === "direct";
      hint.textContent = {
        direct: "Choose somebody: you go to your conversation with them.", group: "Only who is named is in a group.",
        channel: "Anybody can find a channel by its name and join it.",
      }[kind()];
      chips.replaceChildren(...[...chosen.values()].map((user) =>
        h("li", {}, user.displayName, iconButton("close", `Remove ${user.displayName}`, () => { chosen.delete(user.id); update(); }))));
    };
    const choose = (user) => {
      if (kind() === "direct") {
        this.#app.startDirect(user.id).then(() => this.close(), complain);
        return;
      }
      chosen.set(user.id, user);
      update();
    };
    const form = h(
      "form", { class: "fields" }, h("fieldset", { class: "kinds" }, h("legend", { class: "sr" }, "Kind"), kinds), hint, titleLabel,
      h("div", {}, this.#picker(choose)), chips, error, button);
    form.addEventListener("submit", doing(button, error, async () => {
      if (kind() === "direct") throw new Error("Find somebody by name, and choose them.");
      if (!title.value.trim()) throw new Error("Give it a name.");
      const body = { type: kind(), title: title.value.trim(), participants: [...chosen.keys()] };
      const { id } = await this.#app.session.request("POST", "/api/conversations", { body });
      await this.#app.store.fetch(id);
      this.close();
      this.#app.go(id);
    }));
    update();
    open("New conversation", form);
    $("input[type=search]", form).focus();
  }

  async details(conversation) {
    const { session, store } = this.#app;
    const { entry } = conversation;
    const isAdmin = entry.role === "admin" && !conversation.isDirect;
    const path = `/api/conversations/${conversation.id}`;
    const again = async (work) => {
      try {
        await work();
        await Promise.all([store.fetch(conversation.id), store.loadMembers(conversation)]);
        if (dialog().open) this.details(conversation);
      } catch (error) {
        complain(error);
      }
    };
    const members = [...(conversation.members?.values() ?? [])];
    const rows = members.map((one) => {
      const isMe = one.userId === store.me.id;
      const status = isMe ? "online" : store.presence.get(one.userId)?.status;
      return h(
        "li", { class: "person" }, avatar(one.userId, one.displayName, status),
        h("span", {}, one.displayName, isMe && " (you)", h("small", {}, `@${one.username}${one.role === "admin" ? " · admin" : ""}`)),
        !isMe && !conversation.isDirect && h("button", { type: "button", class: "link", onclick: () => this.#app.startDirect(one.userId).then(() => this.close(), complain) }, "Message"),
        isAdmin && !isMe && h(
          "button", {
            type: "button", class: "link",
            onclick: () => again(() => session.request("PATCH", `${path}/participants/${one.userId}`, { body: { role: one.role === "admin" ? "member" : "admin" } })),
          }, one.role === "admin" ? "Demote" : "Promote"),
        isAdmin && !isMe && iconButton("close", `Remove ${one.displayName}`, () => again(() => session.request("DELETE", `${path}/participants/${one.userId}`))));
    });
    const add = isAdmin && h(
      "section", {}, h("h3", {}, "Add people"),
      this.#picker((user) => again(() => session.request("POST", `${path}/participants`, { body: { userId: user.id } })), new Set(members.map(({ userId }) => userId))));
    const settings = h(
      "section", { class: "buttons" },
      h("button", { type: "button", onclick: () => again(() => session.request("PATCH", `${path}/settings`, { body: { muted: !entry.muted } })) }, entry.muted ? "Unmute" : "Mute"),
      h("button", {
        type: "button",
        onclick: () => again(async () => {
          await session.request("PATCH", `${path}/settings`, { body: { archived: !entry.archived } });
          if (!entry.archived) { this.close(); this.#app.go(null); tell("Laid aside until its next message."); }
        }),
      }, entry.archived ? "Take out of the archive" : "Archive for me"),
      isAdmin && h("button", { type: "button", onclick: () => this.#rename(conversation) }, "Rename"),
      isAdmin && h("button", { type: "button", onclick: () => again(() => session.request("PATCH", path, { body: { archived: !entry.archivedAt } })) },
        entry.archivedAt ? "Open for all again" : "Archive for all"),
      !conversation.isDirect && h("button", {
        type: "button", class: "dangerous",
        onclick: async () => {
          if (!(await this.confirm(`Leave “${conversation.title}”?`, "Leave"))) return;
          try {
            await session.request("POST", `${path}/leave`);
            store.forget(conversation.id);
          } catch (error) {
            complain(error);
          }
        },
      }, "Leave"));
    open(
      conversation.title, h("p", { class: "hint" }, `${{ direct: "Direct conversation", group: "Group", channel: "Channel" }[entry.type]}, since ${fullTime(entry.createdAt)}`),
      settings, h("section", {}, h("h3", {}, "People"), h("ul", { class: "people" }, rows),
        conversation.hasMoreMembers && h("p", { class: "hint" }, "And more: the first 200 are shown.")), add);
  }

  #rename(conversation) {
    const error = h("p", { class: "form-error", role: "alert" });
    const title = h("input", { name: "title", required: true, maxlength: "200", value: conversation.title });
    const button = h("button", { class: "primary" }, "Save");
    const form = h("form", { class: "fields" }, h("label", {}, "Name", title), error, button);
    form.addEventListener("submit", doing(button, error, async () => {
      await this.#app.session.request("PATCH", `/api/conversations/${conversation.id}`, { body: { title: title.value.trim() } });
      await this.#app.store.fetch(conversation.id);
      this.details(conversation);
    }));
    open("Rename", form);
    title.select();
  }

  async receipts(conversation, message) {
    try {
      const { receipts, next } = await this.#app.session.get(`/api/messages/${message.id}/receipts`, { limit: 100 });
      const people = (status) => receipts.filter((one) => one.status === status).map((one) =>
        h("li", { class: "person" }, avatar(one.userId, one.displayName), h("span", {}, one.displayName),
          h("small", {}, one.readAt ? fullTime(one.readAt) : "")));
      const section = (name, rows) => rows.length > 0 && h("section", {}, h("h3", {}, name), h("ul", { class: "people" }, rows));
      const content = [section("Read by", people("read")), section("Delivered to", people("delivered"))].filter(Boolean);
      open(
        "Who has read it", h("p", { class: "hint" }, `Sent ${fullTime(message.createdAt)}`),
        ...(content.length ? content : [h("p", {}, "Nobody yet.")]), ...(next ? [h("p", { class: "hint" }, "And more: the first 100 are shown.")] : []));
    } catch (error) {
      complain(error);
    }
  }

  async profile() {
    const { session, store } = this.#app;
    const name = h("input", { name: "displayName", required: true, maxlength: "128", value: store.me.displayName, autocomplete: "name" });
    const nameError = h("p", { class: "form-error", role: "alert" });
    const nameButton = h("button", {}, "Save");
    const nameForm = h("form", { class: "fields" }, h("label", {}, "Your name", name), nameError, nameButton);
    nameForm.addEventListener("submit", doing(nameButton, nameError, async () => {
      session.user = await session.request("PATCH", "/api/users/me", { body: { displayName: name.value.trim() } });
      store.changed("me", "thread", "list");
      tell("Saved.");
    }));

    const current = h("input", { type: "password", required: true, autocomplete: "current-password" });
    const next = h("input", { type: "password", required: true, minlength: "8", maxlength: "1024", autocomplete: "new-password" });
    const error = h("p", { class: "form-error", role: "alert" });
    const button = h("button", {}, "Change");
    const password = h("form", { class: "fields" }, h("label", {}, "Current password", current), h("label", {}, "New password", next), error, button);
    password.addEventListener("submit", doing(button, error, async () => {
      await session.request("POST", "/api/auth/password", { body: { current: current.value, new: next.value } });
      current.value = next.value = "";
      tell("Changed. Your other devices are signed out.");
    }));

    const theme = h(
      "select", {
        onchange: () => {
          memory.set(local, "chat.theme", theme.value || null);
          applyTheme();
        },
      },
      [["", "As the device"], ["light", "Light"], ["dark", "Dark"]].map(([value, label]) => h("option", { value, selected: (memory.get(local, "chat.theme") ?? "") === value }, label)));
    const sessions = h("ul", { class: "people" });
    const listSessions = async () => {
      const answer = await session.get("/api/auth/sessions");
      sessions.replaceChildren(...answer.sessions.slice(0, 20).map((one) =>
        h(
          "li", { class: "person" }, h("span", {}, device(one.userAgent), h("small", {}, `${one.address ?? ""} · ${one.current ? "this one" : ago(one.lastUsedAt)}`)),
          !one.current && h("button", {
            type: "button", class: "link",
            onclick: () => session.request("DELETE", `/api/auth/sessions/${one.id}`).then(listSessions).catch(complain),
          }, "Sign out"))));
    };
    open(
      store.me.displayName, h("p", { class: "hint" }, `@${store.me.username}`), nameForm,
      h("section", { class: "fields" }, h("label", {}, "Appearance", theme)),
      h("details", {}, h("summary", {}, "Password"), password),
      h("details", { ontoggle: ({ target }) => target.open && listSessions().catch(complain) }, h("summary", {}, "Where you are signed in"), sessions),
      h("section", { class: "buttons" }, h("button", { type: "button", class: "dangerous", id: "sign-out", onclick: () => this.#signOut() }, "Sign out")));
  }

  async #signOut() {
    if (!this.#app.sends.isEmpty && !(await this.confirm("Messages are not sent yet. Sign out, and lose them?", "Sign out"))) return;
    this.close();
    await this.#app.session.logout().catch((problem) => tell(`You are still signed in. ${problem.advice ?? problem.message}`, true));
  }

  /** Whether it was agreed to. */
  confirm(question, agreement) {
    return new Promise((resolve) => {
      let isAgreed = false;
      open(question, h(
        "section", { class: "buttons" },
        h("button", { type: "button", onclick: () => dialog().close() }, "Cancel"),
        h("button", { type: "button", class: "dangerous", id: "agree", onclick: () => { isAgreed = true; dialog().close(); } }, agreement)));
      dialog().addEventListener("close", () => resolve(isAgreed), { once: true });
    });
  }
}

/** "Firefox on Android" of a User-Agent. */
function device(agent = "") {
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrom/.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : agent.split("/")[0] || "Unknown";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : null;
  return system ? `${browser} on ${system}` : browser;
}
