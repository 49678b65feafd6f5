// The web client in Chromium: two people, one at a desk and one with a phone, sign up, find each other, and talk.
// Prints RESTART when chatd is to be killed, and WRITTEN when it is to be started again on the same port.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.mjs";

const WEB = process.env.CHAT_URL;
const SCREENSHOTS = process.env.SCREENSHOTS;
// For who runs this again on the same data.
const tag = process.env.TAG ?? "";

const shoot = async (page, name) => SCREENSHOTS && (await page.screenshot(`${SCREENSHOTS}/${name}.png`));

async function register(page, username, displayName) {
  await page.open(`${WEB}/`);
  await page.until(() => !document.querySelector("#sign-in").hidden);
  if (username.startsWith("ada")) await shoot(page, "sign-in");
  await page.click("#to-register");
  await page.fill("[name=username]", username);
  await page.fill("[name=displayName]", displayName);
  await page.fill("[name=password]", "correct horse");
  await page.click("#sign-in-button");
  await page.until(() => !document.querySelector("#chat").hidden);
}

async function write(page, text) {
  await page.fill("#composer-text", text);
  await key(page, "Enter");
}

async function key(page, name) {
  for (const type of ["rawKeyDown", "keyUp"]) {
    await page.send("Input.dispatchKeyEvent", { type, key: name, code: name, windowsVirtualKeyCode: { Enter: 13, Escape: 27, ArrowUp: 38, ArrowDown: 40 }[name] });
  }
}

async function reload(page) {
  await page.run(() => (window.isOld = true));
  await page.send("Page.reload");
  await page.until(() => !window.isOld && document.readyState === "complete");
}

// The selector of the message with this text, once it is there and has an identifier.
function message(page, text) {
  return page.until((text) => {
    const element = [...document.querySelectorAll(".message[data-id]")].find((one) => one.querySelector(".body")?.textContent === text);
    return element && `[data-id="${element.dataset.id}"]`;
  }, text);
}

async function attach(page, path) {
  const { root } = await page.send("DOM.getDocument");
  const { nodeId } = await page.send("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
  await page.send("DOM.setFileInputFiles", { files: [path], nodeId });
  await page.until(() => !document.querySelector("#quote").hidden);
}

async function choose(page, selector, label) {
  await page.until((selector) => document.querySelector(`${selector} .more`), selector);
  // Another message that comes between the pointer's going down and up makes the list anew: one clicks again.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await page.click(`${selector} .more`);
    if (await page.run(() => !document.querySelector("#menu").hidden)) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await page.until(() => !document.querySelector("#menu").hidden);
  await page.run((label) => [...document.querySelectorAll("#menu button")].find((one) => one.textContent === label).setAttribute("data-chosen", ""), label);
  await page.click("#menu [data-chosen]");
}

// Both in one picture.
async function together(desk, phone) {
  const pictures = [];
  for (const page of [desk, phone]) pictures.push((await page.send("Page.captureScreenshot", { format: "png" })).data);
  const page = await browser.page({ width: 1650, height: 904 });
  await page.run((pictures) => {
    document.body.style.cssText = "margin:0;height:904px;display:flex;gap:24px;align-items:center;justify-content:center;background:#c9cde0";
    for (const data of pictures) {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      image.style.cssText = "border-radius:18px;box-shadow:0 6px 30px rgb(20 22 40 / .25)";
      document.body.append(image);
    }
    return Promise.all([...document.images].map((image) => image.decode()));
  }, pictures);
  await page.screenshot(`${SCREENSHOTS}/together.png`);
}

const browser = await Browser.start();
try {
  const answer = await fetch(`${WEB}/`);
  assert.match(answer.headers.get("content-type"), /^text\/html/);
  assert.match(answer.headers.get("content-security-policy"), /script-src 'self'/);
  assert.doesNotMatch(answer.headers.get("content-security-policy"), /unsafe/);

  const desk = await browser.page({ width: 1180, height: 800 });
  const phone = await browser.page({ width: 390, height: 844, mobile: true });
  await register(desk, `ada${tag}`, "Ada Lovelace");
  await register(phone, `ben${tag}`, "Ben Ortiz");

  // The tokens are nowhere that a script could read them.
  const stored = await desk.run(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(stored, /eyJ|efresh/);

  // A wrong password is told.
  const stranger = await browser.page();
  await stranger.open(`${WEB}/`);
  await stranger.until(() => !document.querySelector("#sign-in").hidden);
  await stranger.fill("[name=username]", `ada${tag}`);
  await stranger.fill("[name=password]", "wrong horse");
  await stranger.click("#sign-in-button");
  await stranger.until(() => document.querySelector("#sign-in-error").textContent !== "");

  // Without a secure context there are no such cookies: the session lives in the tab, over a reload too.
  const tab = await browser.page();
  await tab.open(WEB.replace(/\/\/[^:]+/, "//chat.test"));
  await tab.until(() => !document.querySelector("#sign-in").hidden);
  assert.equal(await tab.run(() => isSecureContext), false);
  await tab.fill("[name=username]", `ada${tag}`);
  await tab.fill("[name=password]", "correct horse");
  await tab.click("#sign-in-button");
  await tab.until(() => !document.querySelector("#chat").hidden);
  await reload(tab);
  await tab.until(() => document.querySelector("#me").textContent.includes("Ada Lovelace"));
  assert.equal(await tab.run(() => localStorage.length), 0);

  // Ada finds Ben and writes; with him it is one unread conversation.
  await desk.fill("#search", `ben${tag}`);
  await desk.until(() => document.querySelector("#results button")?.textContent.includes("Ben Ortiz"));
  await desk.click("#results button");
  await desk.until(() => document.querySelector("#thread-title h1")?.textContent === "Ben Ortiz");
  await write(desk, "Hi Ben! Does the analytical engine print yet?");
  await phone.until(() => document.querySelector("#conversations .badge")?.textContent.startsWith("1"));
  await phone.until(() => document.querySelector("#conversations .preview").textContent.includes("analytical engine"));
  assert.equal(await phone.run(() => document.title), "(1) Chat");
  await desk.until(() => document.querySelector("#thread-title p").textContent === "online");
  await shoot(phone, "phone-list");

  // He opens it: read, and Ada sees that.
  await phone.click("#conversations a");
  const question = await message(phone, "Hi Ben! Does the analytical engine print yet?");
  await phone.until(() => document.querySelector("#thread-title p").textContent === "online");
  await desk.until((id) => document.querySelector(`${id} .state.read`), question);
  await phone.until(() => !document.querySelector("#conversations .badge") && document.title === "Chat");

  // He types: Ada sees it, in the list too; then what he has written, at once.
  await phone.fill("#composer-text", "It does, since last night: see https://example.org/engine");
  await desk.until(() => document.querySelector("#typing").textContent === "Ben Ortiz is typing …");
  await desk.until(() => document.querySelector("#conversations .preview").textContent.includes("typing"));
  await phone.click("#send");
  const reply = await message(desk, "It does, since last night: see https://example.org/engine");
  assert.equal(await desk.run((id) => document.querySelector(`${id} a`).rel, reply), "noopener noreferrer nofollow");
  await desk.until(() => document.querySelector("#typing").textContent === "");

  // What somebody writes is text.
  await write(phone, "<img src=x onerror=alert(1)><b>bold</b>");
  const markup = await message(desk, "<img src=x onerror=alert(1)><b>bold</b>");
  assert.equal(await desk.run((id) => document.querySelectorAll(`${id} .body *`).length, markup), 0);
  await choose(phone, markup, "Delete");
  await phone.until(() => document.querySelector("#agree"));
  await phone.click("#agree");
  await desk.until((id) => document.querySelector(`${id} .deleted`), markup);

  // A reaction, and it is taken back; another one stays.
  await desk.click(`${reply} .more`);
  await desk.click("#menu .small");
  await phone.until((id) => document.querySelector(`${id} .reaction`)?.textContent === "👍1", reply);
  await phone.click(`${reply} .reaction`);
  await desk.until((id) => document.querySelector(`${id} .reaction`)?.textContent === "👍2", reply);
  await phone.click(`${reply} .reaction`);
  await desk.until((id) => document.querySelector(`${id} .reaction`)?.textContent === "👍1", reply);

  // A reply with a quotation.
  await choose(desk, reply, "Reply");
  await write(desk, "Wonderful. Tables up to `10^6`?");
  const next = await message(desk, "Wonderful. Tables up to 10^6?");
  await phone.until((id) => document.querySelector(`${id} .quoted`)?.textContent.includes("since last night"), next);

  // An edit, by the key that edits the last one.
  await write(phone, "Up to 10^7 even, with carrry");
  const typo = await message(desk, "Up to 10^7 even, with carrry");
  await message(phone, "Up to 10^7 even, with carrry");
  await key(phone, "ArrowUp");
  await phone.until(() => document.querySelector("#quote").textContent.includes("Edit"));
  await phone.fill("#composer-text", "Up to 10^7 even, with carry");
  await phone.click("#send");
  await desk.until((id) => document.querySelector(`${id} .body`).textContent.endsWith("with carry") && document.querySelector(`${id} .meta`).textContent.includes("edited"), typo);
  await write(desk, "I will come by this afternoon.\nShall I bring the cards?");
  await message(phone, "I will come by this afternoon.\nShall I bring the cards?");

  // A group, with three words to everybody; on the phone it appears by itself.
  await desk.click("#new");
  await desk.click("#dialog [value=group]");
  await desk.fill("#dialog [name=title]", `Engine room${tag}`);
  await desk.fill("#dialog [type=search]", `ben${tag}`);
  await desk.until(() => document.querySelector("#dialog .picker button"));
  await desk.click("#dialog .picker button");
  await desk.until(() => document.querySelector("#dialog .chips li"));
  await shoot(desk, "new-conversation");
  await desk.click("#dialog form > button");
  await desk.until((title) => document.querySelector("#thread-title h1")?.textContent === title, `Engine room${tag}`);
  await write(desk, `Welcome, @ben${tag}`);
  await phone.click("#back");
  await phone.until((title) => [...document.querySelectorAll("#conversations a")].some((one) => one.textContent.includes(title) && one.querySelector(".badge")), `Engine room${tag}`);
  await shoot(phone, "phone-list-group");
  await phone.click("#conversations li:first-child a");
  await message(phone, `Welcome, @ben${tag}`);
  await desk.until(() => document.querySelector("#seen").textContent === "Read by Ben Ortiz");
  await desk.click("#details");
  await desk.until(() => document.querySelectorAll("#dialog .people .person").length === 2);
  await shoot(desk, "details");
  await key(desk, "Escape");

  // A reload keeps the session and the place.
  const asked = (await desk.run(() => location.hash)).length;
  assert.ok(asked > 10);
  await reload(desk);
  await message(desk, `Welcome, @ben${tag}`);
  assert.equal(await desk.run(() => document.querySelector("#sign-in").hidden), true);

  // Words are found, and lead to their message.
  await desk.until((mark) => {
    const field = document.querySelector("#search");
    if (document.querySelector("#results")?.textContent.includes("bring the cards")) return true;
    if (window.asked === undefined || Date.now() - window.asked > 700) {
      window.asked = Date.now();
      field.value = "afternoon";
      field.dispatchEvent(new Event("input"));
    }
  });
  await shoot(desk, "search");
  await desk.run(() => [...document.querySelectorAll("#results button")].find((one) => one.textContent.includes("bring the cards")).click());
  await message(desk, "I will come by this afternoon.\nShall I bring the cards?");
  await desk.until(() => document.querySelector("#thread-title h1").textContent === "Ben Ortiz");
  await desk.until(() => document.querySelector("#results").hidden);
  await desk.run(() => document.querySelector("#to-end").click());

  // Keys alone: from the search field to a conversation and its composer.
  await desk.run(() => document.querySelector("#search").focus());
  await key(desk, "ArrowDown");
  await desk.until(() => document.activeElement.matches("#conversations a"));

  // A picture and another file, where the server takes any.
  const description = await (await fetch(`${WEB}/openapi.json`)).json();
  if (description.paths["/api/attachments"]) {
    await desk.until(() => !document.querySelector("#attach").hidden);
    const folder = mkdtempSync(join(tmpdir(), "chatd-files-"));
    await desk.screenshot(join(folder, "drawing.png"));
    writeFileSync(join(folder, "table.csv"), "n,n²\n1,1\n2,4\n");
    await attach(desk, join(folder, "drawing.png"));
    await write(desk, "The whole engine, drawn");
    await message(desk, "The whole engine, drawn");
    await desk.until(() => document.querySelector(".message[data-id] .picture")?.naturalWidth > 0);
    await attach(desk, join(folder, "table.csv"));
    await key(desk, "Enter");
    await desk.until(() => document.querySelector(".message[data-id] a.file")?.textContent.includes("table.csv"));
    await shoot(desk, "files");
    rmSync(folder, { recursive: true });
  }

  // On a phone nothing is wider than the screen.
  assert.ok(await phone.run(() => document.documentElement.scrollWidth <= innerWidth));
  await phone.click("#back");
  await phone.run(() => [...document.querySelectorAll("#conversations a")].find((one) => one.querySelector(".name").textContent.startsWith("Ada")).click());
  await message(phone, "I will come by this afternoon.\nShall I bring the cards?");
  if (description.paths["/api/attachments"]) await phone.until(() => document.querySelector(".picture")?.naturalWidth > 0);
  await phone.until(() => document.querySelector("#thread-title p").textContent === "online");
  await phone.fill("#composer-text", "Yes, and the");
  await desk.run(() => document.querySelector("#composer-text").focus());
  if (SCREENSHOTS) await desk.until(() => !document.querySelector(".aimed"));
  await desk.until(() => document.querySelector("#typing").textContent === "Ben Ortiz is typing …");
  await shoot(desk, "desk");
  await shoot(phone, "phone");
  if (SCREENSHOTS) await together(desk, phone);
  await desk.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
  await shoot(desk, "desk-dark");
  await desk.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
  assert.deepEqual([...desk.complaints, ...phone.complaints], []);

  // chatd dies and comes back: what was written meanwhile is sent then, once, and both go on.
  console.log("RESTART");
  await desk.until(async () => !(await fetch("/livez").then(({ ok }) => ok, () => false)));
  await write(desk, "Are you still there?");
  await desk.until(() => document.querySelector(".pending"));
  console.log("WRITTEN");
  await message(phone, "Are you still there?");
  await desk.until(() => !document.querySelector(".pending") && document.querySelector("#connection").textContent === "");
  await write(phone, "I am.");
  await message(desk, "I am.");
  for (const page of [desk, phone]) {
    const texts = await page.run(() => [...document.querySelectorAll(".message .body")].map((one) => one.textContent));
    assert.equal(texts.filter((text) => text === "Are you still there?").length, 1);
    assert.equal(texts.filter((text) => text === "I am.").length, 1);
  }

  // Signed out is signed out, after a reload too.
  await phone.click("#back");
  await phone.click("#me");
  await phone.until(() => document.querySelector("#sign-out"));
  await shoot(phone, "profile");
  await phone.click("#sign-out");
  await phone.until(() => document.querySelector("#sign-in") && !document.querySelector("#sign-in").hidden);
  // Nobody said goodbye where chatd was killed: then it takes until the leases of before have run out.
  const isAway = () => /last seen|offline/.test(document.querySelector("#thread-title p").textContent);
  for (let patience = 4; patience > 1 && !(await desk.until(isAway).catch(() => false)); ) patience -= 1;
  assert.ok(await desk.run(isAway));
  console.log("DONE");
} finally {
  await browser.close();
}
