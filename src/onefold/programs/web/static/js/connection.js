// When the server can't be reached, or the session has ended: one notice, the page stays as it is, and goes on afterwards.
// Live parts that ask by fetch tell it by the events connection:lost and connection:signed-out, and hear connection:back.

import { say } from "./toasts.js";

const LOOK_EVERY_MS = 3000;
const GATEWAY = [502, 504]; // what a proxy answers while there is nobody behind it
const words = document.getElementById("toasts").dataset;
let notice = null;

function lose() {
  if (notice) return;
  notice = say({ tone: "bad", text: words.offline });
  setTimeout(look, LOOK_EVERY_MS);
}

async function look() {
  if (await isThere()) comeBack();
  else setTimeout(look, LOOK_EVERY_MS);
}

async function isThere() {
  try {
    return !GATEWAY.includes((await fetch("/health", { cache: "no-store" })).status);
  } catch {
    return false;
  }
}

function comeBack() {
  notice.remove();
  notice = null;
  say({ text: words.back });
  document.dispatchEvent(new Event("connection:back"));
}

function signOut() {
  say({ tone: "bad", text: words.signedOut, url: `/signin?next=${encodeURIComponent(location.pathname + location.search)}` });
}

// a server on the own machine is there without any network
addEventListener("offline", async () => (await isThere()) || lose());
document.addEventListener("connection:lost", lose);
document.addEventListener("connection:signed-out", signOut);
document.addEventListener("htmx:sendError", lose);
document.addEventListener("htmx:timeout", lose);
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (GATEWAY.includes(xhr.status)) return lose();
  if (xhr.status === 401) return signOut();
  const said = xhr.getResponseHeader("X-Message");
  say({ tone: "bad", text: said ? decodeURIComponent(said) : words.failed });
});

// a form that can't arrive is not sent: the browser's own page would take the place of what was typed
document.addEventListener("submit", (submit) => {
  if (!notice || submit.target.method === "dialog") return;
  submit.preventDefault();
  submit.stopImmediatePropagation();
  if (!notice.isConnected) document.getElementById("toasts").append(notice);
}, true);

// signing in again in another tab makes a new token; the forms of this one go on to work
function token() {
  return document.cookie.match(/(?:^|; )onefold_csrf=([^;]+)/)?.[1] ?? "";
}

document.addEventListener("submit", (submit) => {
  const field = submit.target.querySelector("[name=csrfmiddlewaretoken]");
  if (field && token()) field.value = token();
}, true);

document.addEventListener("htmx:configRequest", (event) => {
  if (token()) event.detail.headers["X-CSRFToken"] = token();
});
