// The page at `/` of `symbolon dev`: logs in, takes the token apart, calls the API with it.
//
// The token is kept in `good` and nowhere else: no cookie, no storage. Whatever comes from outside
// (answers, claims) is inserted as text. Nothing here decides about a token: the server does, and the
// page shows what it said.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PARTS = ["header", "claims", "signature"];
const NOTHING = "–";
const TIMES = ["exp", "iat", "auth_time", "nbf"];
const root = document.documentElement;
const $ = (id) => document.getElementById(id);
const all = (selector, within = document) => within.querySelectorAll(selector);

let words = {};
let good = null; // the token as Symbolon signed it
let changed = null; // { at, text }: the token with one character changed, and which
let ends = 0; // its `exp`, in seconds
let over = null;

const token = () => changed?.text ?? good;

// Every text has a key, so that the language can change under a page in use.

function say(element, key) {
  element.dataset.t = key;
  element.textContent = words[key];
}

function showText(element, text) {
  delete element.dataset.t;
  element.textContent = text;
}

async function speak(language) {
  words = await (await fetch(`/dev/${language}.json`)).json();
  root.lang = language;
  for (const element of all("[data-t]")) element.textContent = words[element.dataset.t];
  for (const link of all("nav a")) link.ariaCurrent = String(link.lang === language);
  showParts();
}

const decode = (part) => Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const bytes = (part) => ({ bytes: [...decode(part)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ") });

function read(part) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(decode(part)));
  } catch {
    return null;
  }
}

function node(name, text, kind = "") {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = kind;
  return element;
}

// The token in its colours, with the changed character marked.
function paint() {
  let start = 0;
  return token().split(".").flatMap((part, index) => {
    const at = changed ? changed.at - start : -1;
    const span = node("span", part, PARTS[index]);
    if (at >= 0 && at < part.length) span.replaceChildren(part.slice(0, at), node("mark", part[at]), part.slice(at + 1));
    start += part.length + 1;
    return index ? [".", span] : [span];
  });
}

function showToken() {
  $("whole").replaceChildren(...paint());
  for (const place of all("[data-token]")) place.textContent = good;
  if (changed) say($("token-note"), "changed");
  else showText($("token-note"), "");
  $("restore").disabled = !changed;
  showParts();
}

function showParts() {
  if (!good) return;
  const [before, now] = [good.split("."), token().split(".")];
  $("difference").textContent = "";
  showClaims("header", read(before[0]), read(now[0]));
  showClaims("claims", read(before[1]), read(now[1]));
  showClaims("signature", bytes(before[2]), bytes(now[2]));
}

function showClaims(part, before, now) {
  const card = $(part);
  const rows = new Map([...all("[data-claim]", card)].map((row) => [row.dataset.claim, row]));
  for (const name of Object.keys(now ?? {}).filter((name) => !rows.has(name))) {
    const row = node("div", "");
    row.dataset.claim = name;
    row.append(node("dt", name), node("dd", "", "value"), node("dd", ""));
    all("dl", card)[0].append(row);
    rows.set(name, row);
  }
  for (const [name, row] of rows) {
    const value = now?.[name];
    const [was, text] = [shown(before[name]), shown(value)];
    row.classList.toggle("changed", was !== text);
    if (was !== text && part !== "signature") $("difference").textContent += `${name}: ${was} → ${text}\n`;
    row.hidden = was === NOTHING && text === NOTHING;
    const place = all(".value", row)[0];
    place.replaceChildren(text);
    if (TIMES.includes(name) && Number.isFinite(value)) place.append(node("time", humanTime(value)));
  }
}

const shown = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? NOTHING));

function humanTime(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleString(root.lang, { dateStyle: "medium", timeStyle: "medium" });
}

// Another character somewhere in this part. Where the part is JSON the search goes on until it reads as
// JSON again, with another value: the change that a forger would make.
function flip(part) {
  const parts = good.split(".");
  const start = parts.slice(0, part).join(".").length + (part > 0 ? 1 : 0);
  for (let tries = 0; tries < 2000; tries++) {
    // Short of the last character, whose bits may stand for nothing.
    const at = start + Math.floor(Math.random() * (parts[part].length - 1));
    const character = ALPHABET[Math.floor(Math.random() * 64)];
    const text = good.slice(0, at) + character + good.slice(at + 1);
    if (character === good[at]) continue;
    changed = { at, text };
    if (part === 2 || read(text.split(".")[part])) break;
  }
  showToken();
  return call();
}

function tick() {
  if (!good) return;
  const left = Math.max(0, Math.ceil(ends - Date.now() / 1000));
  $("lifetime").value = left;
  $("left").textContent = left ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
  if (over === !left) return;
  over = !left;
  say($("life"), over ? "expired" : "expires_in");
  root.classList.toggle("over", over);
  $("again").hidden = !over;
  if (!over) return;
  showText($("login-outcome"), "");
  $("login-outcome").className = "outcome";
  call();
}

// Gives the answer and its body, or nothing where there was none.
async function send(path, options) {
  try {
    const answer = await fetch(path, {
      ...options,
      headers: { "Accept-Language": root.lang, ...options.headers },
    });
    return { answer, text: await answer.text() };
  } catch {
    return {};
  }
}

async function logIn(event) {
  event.preventDefault();
  const outcome = $("login-outcome");
  const refuse = (show, what) => {
    outcome.className = "outcome no";
    show(outcome, what);
  };
  outcome.className = "outcome";
  say(outcome, "logging_in");
  const { answer, text } = await send("/api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: $("username").value, password: $("password").value }),
  });
  if (!answer) return refuse(say, "unreachable");
  const body = parse(text);
  if (!answer.ok) return refuse(showText, body?.detail ?? `${answer.status}`);
  const claims = read(body?.access_token?.split(".")[1] ?? "");
  if (!claims) return refuse(say, "strange");
  $("password").value = "";
  say(outcome, "logged_in");
  outcome.className = "outcome yes";
  good = body.access_token;
  changed = null;
  ends = claims.exp;
  over = null;
  $("lifetime").max = claims.exp - claims.iat;
  for (const button of all("[data-part]")) button.disabled = false;
  reach(3);
  showToken();
  tick();
}

async function call() {
  const sent = token();
  const painted = sent ? ["\nAuthorization: Bearer ", ...paint()] : [];
  const { answer, text } = await send("/api/me", {
    cache: "no-store",
    headers: sent ? { Authorization: `Bearer ${sent}` } : {},
  });
  showText($("request"), "");
  $("request").append(`GET /api/me\nAccept-Language: ${root.lang}`, ...painted);
  verdict(answer, sent);
  if (!answer) return showText($("answer"), "");
  const named = ["WWW-Authenticate", "Content-Type"].filter((name) => answer.headers.has(name));
  const body = parse(text);
  showText($("answer"), [
    `${answer.status} ${answer.statusText}`,
    ...named.map((name) => `${name}: ${answer.headers.get(name)}`),
    "",
    body ? JSON.stringify(body, null, 2) : text,
  ].join("\n"));
  if (sent) reach(5);
}

function verdict(answer, sent) {
  let key = "failed";
  if (!answer) key = "unreachable";
  else if (answer.ok) key = "let_in";
  else if (answer.status === 401) {
    if (!sent) key = "refused_none";
    else if (sent !== good) key = "refused_changed";
    else key = over ? "refused_expired" : "refused";
  }
  $("verdict").className = `verdict ${key === "let_in" ? "yes" : "no"}`;
  say($("verdict"), key);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reach(step) {
  all(".steps li").forEach((item, index) => item.classList.toggle("done", index < step));
}

async function copy(button) {
  const source = $(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    say(button, "copied");
  } catch {
    getSelection().selectAllChildren(source);
    say(button, "copy_failed");
  }
  setTimeout(() => say(button, "copy"), 2000);
}

await speak(root.lang);
$("form").addEventListener("submit", logIn);
$("call").addEventListener("click", call);
$("restore").addEventListener("click", () => {
  changed = null;
  showToken();
});
$("again").addEventListener("click", () => $("password").focus());
for (const button of all("[data-part]")) button.addEventListener("click", () => flip(Number(button.dataset.part)));
for (const button of all("[data-copy]")) button.addEventListener("click", () => copy(button));
for (const link of all("nav a")) {
  // As a link it would load the page anew, and the token would be gone.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.replaceState(null, "", link.href);
    speak(link.lang);
  });
}
$("log-in").disabled = $("call").disabled = false;
setInterval(tick, 250);
