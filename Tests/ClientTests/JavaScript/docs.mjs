// The page at /docs in Chromium: all operations are there, one can log in and try them, and nothing breaks its policy.
import assert from "node:assert/strict";
import { Browser } from "./browser.mjs";

const API = process.env.CHAT_URL;

async function json(path, body) {
  const answer = await fetch(API + path, body && { method: "POST", body: JSON.stringify(body) });
  return answer.json();
}

const username = `reader-${process.pid}-${Date.now().toString(36)}`;
await json("/api/auth/register", { username, password: "correct horse", displayName: "<b>Reader</b>" });
const description = await json("/openapi.json");
const operations = Object.values(description.paths).flatMap((item) => Object.values(item));

const headers = (await fetch(`${API}/docs`)).headers;
assert.match(headers.get("content-security-policy"), /script-src 'self'/);
assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
assert.equal(headers.get("x-content-type-options"), "nosniff");

const browser = await Browser.start();
try {
  const page = await browser.page();
  await page.open(`${API}/docs`);
  await page.until((count) => document.querySelectorAll("main details[data-words]").length === count, operations.length);

  // Everything opens without an error.
  await page.run(() => {
    for (const view of document.querySelectorAll("main details[data-words]")) view.open = true;
  });
  await page.until((count) => document.querySelectorAll("main .inside button").length === count, operations.length);
  await page.run(() => {
    for (const view of document.querySelectorAll("main details[data-words]")) view.open = false;
  });

  // The filter leaves what fits.
  await page.fill("#filter", "own profile read");
  await page.until(() => document.querySelectorAll("main section:not([hidden]) details[data-words]:not([hidden])").length === 1);
  assert.equal(await page.run(() => document.querySelector("#getMe").hidden), false);

  // Without a token it is 401, and the page says so.
  await page.run(() => (document.querySelector("#getMe").open = true));
  await page.until(() => document.querySelector("#getMe .row button"));
  await page.click("#getMe .row button");
  await page.until(() => document.querySelector("#getMe .result .status")?.textContent.startsWith("401"));

  // A wrong password is told, the right one gives a token.
  await page.fill("#login [name=username]", username);
  await page.fill("#login [name=password]", "not correct");
  await page.click("#login button");
  await page.until(() => document.querySelector("#who").textContent.includes("wrong"));
  await page.fill("#login [name=password]", "correct horse");
  await page.click("#login button");
  // What a user has called themselves is text, and no HTML.
  await page.until(() => document.querySelector("#who").textContent === "Logged in as <b>Reader</b>.");
  assert.equal(await page.run(() => document.querySelector("#login [name=password]").value), "");

  await page.click("#getMe .row button");
  await page.until(() => document.querySelector("#getMe .result .status")?.textContent.startsWith("200"));
  const me = JSON.parse(await page.run(() => document.querySelector("#getMe .answer").textContent));
  assert.equal(me.username, username);
  const shell = await page.run(() => document.querySelector("#getMe .result").textContent);
  assert.match(shell, /Bearer \$TOKEN/);

  // A body and parameters of path and query arrive.
  await page.fill("#filter", "");
  await page.run(() => (document.querySelector("#changeMe").open = true));
  await page.until(() => document.querySelector("#changeMe textarea"));
  await page.fill("#changeMe textarea", '{"displayName": "Other"}');
  await page.click("#changeMe .row button");
  await page.until(() => document.querySelector("#changeMe .answer")?.textContent.includes('"Other"'));
  await page.run(() => (document.querySelector("#getUser").open = true));
  await page.until(() => document.querySelector("#getUser [data-name=id]"));
  await page.click("#getUser .row button");
  await page.until(() => document.querySelector("#getUser .result").textContent.includes("id is missing"));
  await page.fill("#getUser [data-name=id]", me.id);
  await page.click("#getUser .row button");
  await page.until(() => document.querySelector("#getUser .answer")?.textContent.includes('"Other"'));

  // The token outlives a reload of the tab, and an operation can be linked to.
  await page.open(`${API}/docs?again#sendMessage`);
  await page.until(() => document.querySelector("#sendMessage")?.open);
  assert.ok(await page.run(() => document.querySelector("#token").value.length > 20));
  if (process.env.SCREENSHOTS) await page.screenshot(`${process.env.SCREENSHOTS}/docs.png`);

  // On a phone nothing is wider than the screen.
  const phone = await browser.page({ width: 390, height: 800, mobile: true });
  await phone.open(`${API}/docs#sendMessage`);
  await phone.until(() => document.querySelector("#sendMessage")?.open);
  assert.ok(await phone.run(() => document.documentElement.scrollWidth <= innerWidth));
  if (process.env.SCREENSHOTS) await phone.screenshot(`${process.env.SCREENSHOTS}/docs-phone.png`);

  // The refused requests above are told by the browser; nothing else is.
  const complaints = [...page.complaints, ...phone.complaints].filter((text) => !/status of 40[01]/.test(text));
  assert.deepEqual(complaints, []);
  console.log("DONE");
} finally {
  await browser.close();
}
