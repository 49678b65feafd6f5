// Signing in, and making an account.
import { $ } from "./dom.js";

export class SignIn {
  #session;
  #done;
  #isNew = false;

  constructor(session, done) {
    this.#session = session;
    this.#done = done;
    $("#to-login").addEventListener("click", () => this.#choose(false));
    $("#to-register").addEventListener("click", () => this.#choose(true));
    $("#sign-in-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(event.target);
    });
  }

  show() {
    $("#starting").hidden = true;
    $("#sign-in").hidden = false;
    $("#sign-in-form [name=username]").focus();
  }

  #choose(isNew) {
    this.#isNew = isNew;
    $("#to-login").setAttribute("aria-pressed", String(!isNew));
    $("#to-register").setAttribute("aria-pressed", String(isNew));
    $("#sign-in .register-only").hidden = !isNew;
    $("#sign-in-form [name=password]").autocomplete = isNew ? "new-password" : "current-password";
    $("#sign-in-button").textContent = isNew ? "Create account" : "Sign in";
    $("#sign-in-error").textContent = "";
    $("#sign-in-form [name=username]").focus();
  }

  async #submit(form) {
    const { username, password, displayName } = form.elements;
    const button = $("#sign-in-button");
    const error = $("#sign-in-error");
    error.textContent = "";
    button.disabled = true;
    try {
      if (this.#isNew) await this.#session.register(username.value, password.value, displayName.value.trim());
      else await this.#session.login(username.value, password.value);
      password.value = "";
      this.#done();
    } catch (problem) {
      const isTaken = this.#isNew && problem.status === 409;
      error.textContent = isTaken ? "This username is taken. Choose another one, or sign in." : problem.advice ?? problem.message;
      (form.elements[problem.field] ?? (isTaken ? username : password)).focus();
    } finally {
      button.disabled = false;
    }
  }
}
