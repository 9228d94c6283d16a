// The page of SQL: runs by Ctrl-Enter, shows how long it takes, cancels, puts names into the text, takes results out.

import { say } from "./toasts.js";

const form = document.getElementById("ask");
const editor = document.getElementById("sql");
const [go, stop, elapsed] = ["go", "stop", "elapsed"].map((id) => document.getElementById(id));
const label = go.querySelector("span");
const idle = label.textContent;
const TICK_MS = 100;
let ticking = 0;

// what another page handed over (js/audience/sql.js)
const handed = sessionStorage.getItem("onefold:sql");
if (handed) {
  sessionStorage.removeItem("onefold:sql");
  if (!editor.value) editor.value = handed;
}

function begin() {
  const since = performance.now();
  form.classList.add("busy");
  go.disabled = true;
  label.textContent = go.dataset.running;
  stop.hidden = false;
  stop.disabled = false;
  clearInterval(ticking);
  ticking = setInterval(() => (elapsed.textContent = `${((performance.now() - since) / 1000).toFixed(1)} s`), TICK_MS);
}

function end() {
  clearInterval(ticking);
  form.classList.remove("busy");
  go.disabled = false;
  label.textContent = idle;
  stop.hidden = true;
  elapsed.textContent = "";
}

function token() {
  return document.cookie.match(/(?:^|; )onefold_csrf=([^;]+)/)?.[1] ?? "";
}

form.addEventListener("htmx:beforeRequest", (event) => {
  if (form.classList.contains("busy")) event.preventDefault();
  else begin();
});
form.addEventListener("htmx:afterRequest", end);

editor.addEventListener("keydown", (press) => {
  if (press.key !== "Enter" || !(press.ctrlKey || press.metaKey)) return;
  press.preventDefault();
  if (!form.classList.contains("busy")) form.requestSubmit(go);
});

stop.addEventListener("click", () => {
  stop.disabled = true;
  const run = document.getElementById("run").value;
  fetch(`/sql/runs/${run}/cancel`, { method: "POST", headers: { "X-CSRFToken": token() } }).catch(() =>
    document.dispatchEvent(new Event("connection:lost")),
  );
});

// the place of a fault: line and column from 1
function goTo(line, column) {
  const lines = editor.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
  const word = editor.value.slice(start).match(/^\w+/)?.[0].length ?? 1;
  editor.focus();
  editor.setSelectionRange(start, Math.min(start + word, editor.value.length));
}

document.addEventListener("click", (click) => {
  const fault = click.target.closest("[data-goes-to]")?.closest("[data-line]");
  if (fault) goTo(Number(fault.dataset.line), Number(fault.dataset.column));
  const name = click.target.closest("[data-inserts]")?.dataset.inserts;
  if (name) insert(name);
  const example = click.target.closest("[data-puts]")?.dataset.puts;
  if (example) {
    replaceAll(example);
    form.requestSubmit(go);
  }
  const button = click.target.closest("[data-downloads]");
  if (button) download(button.dataset.downloads);
});

// by execCommand, so that Ctrl-Z takes it back
function type(text) {
  editor.focus();
  if (!document.execCommand("insertText", false, text)) editor.setRangeText(text, editor.selectionStart, editor.selectionEnd, "end");
}

function insert(name) {
  const before = editor.value.slice(0, editor.selectionStart);
  type(/[\w"]$/.test(before) ? ` ${name}` : name);
}

function replaceAll(text) {
  editor.focus();
  editor.select();
  type(text);
}

async function download(format) {
  if (form.classList.contains("busy")) return;
  begin();
  try {
    const body = new FormData(form);
    body.set("format", format);
    const answer = await fetch("/sql/download", { method: "POST", body, headers: { "X-CSRFToken": token(), "HX-Request": "true" } });
    renewRun();
    if (answer.status === 401) return document.dispatchEvent(new Event("connection:signed-out"));
    if (!answer.ok) return say({ tone: "bad", text: decodeURIComponent(answer.headers.get("X-Message") ?? "") || document.getElementById("toasts").dataset.failed });
    save(await answer.blob(), answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? `result.${format}`);
  } catch {
    document.dispatchEvent(new Event("connection:lost"));
  } finally {
    end();
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// each run has an id of its own; randomUUID is there on https and localhost only
function renewRun() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  document.getElementById("run").value = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

document.addEventListener("submit", (submit) => {
  const field = submit.target.matches("[data-takes-sql]") && submit.target.querySelector("[name=sql]");
  if (field) field.value = editor.value;
}, true);
