// Why somebody is in, or not: every line with what was found of them, and what alone would change it.

import { elementOf } from "./draw.js";
import { ask, boot, icon, make, Refused, t, Unreached } from "./page.js";
import { question } from "./estimate.js";
import { state } from "./store.js";
import { asked } from "./tree.js";

const form = document.getElementById("why");
const box = document.getElementById("why-lines");
const input = form.querySelector("input");
let asking = null;

function line(name, tone, ...words) {
  return make("li", { className: "why-line" }, make("span", { className: tone }, icon(name)), make("div", {}, ...words));
}

// `isOut`: below a group that leaves out, where it is good not to hold
function told(one, keys, isOut = false) {
  const isGroup = ["all", "any", "none"].includes(one.kind);
  const isGood = one.is_held !== isOut;
  const words = isGroup ? t(`match_${one.kind}`) : isOut ? t("holds_out", { what: one.words }) : one.words;
  const element = line(isGood ? "check" : "x", isGood ? "ok" : "bad", make("span", { className: isGood ? "t2" : "strong", textContent: words }), one.found && !isGroup ? make("span", { className: "small t3", textContent: one.found }) : "");
  element.querySelector("span").title = t(one.is_held ? "holds" : "holds_not");
  const key = keys.get(one.at);
  if (key) {
    element.addEventListener("mouseenter", () => elementOf(key)?.classList.add("shown"));
    element.addEventListener("mouseleave", () => elementOf(key)?.classList.remove("shown"));
  }
  if (one.children.length) element.querySelector("div").append(make("ul", {}, ...one.children.map((child) => told(child, keys, (one.kind === "none") !== isOut))));
  return element;
}

function show(found, keys) {
  const { root } = found;
  const failing = failures(root);
  const head = line(root.is_held ? "check" : "x", root.is_held ? "ok" : "bad", make("a", { className: "link strong", href: found.url, textContent: found.name, dir: "auto" }), ` ${root.is_held ? t("is_in") : t(failing === 1 ? "is_not_in_one" : "is_not_in", { n: failing })}`);
  const lines = root.at === "" ? root.children.flatMap((one) => (one.at === "where" && one.kind === "all" ? one.children : [one])) : [root];
  const order = [...lines].sort((one, other) => one.is_held - other.is_held);
  const parts = [make("ul", { className: "why-list" }, head, ...order.map((one) => told(one, keys)))];
  if (found.changes.length) {
    const words = (one) => (one.until && !one.at ? t("time_does", { day: new Date(one.until).toISOString().slice(0, 10), words: one.words }) : one.words);
    parts.push(make("p", { className: "strong small", textContent: t(root.is_held ? "would_leave" : "would_enter") }), make("ul", { className: "why-list" }, ...found.changes.slice(0, 5).map((one) => line("arrow-forward-up", "t3", words(one)))));
  }
  box.replaceChildren(...parts);
}

// how many conditions keep somebody out
function failures(one) {
  if (one.is_held) return 0;
  if (one.kind === "all") return one.children.reduce((sum, child) => sum + failures(child), 0);
  return one.kind === "none" ? one.children.filter((child) => child.is_held).length : 1;
}

async function explain() {
  const who = input.value.trim();
  if (!who) return box.replaceChildren();
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const { rule, keys } = asked(state.root);
  box.classList.add("waits");
  try {
    const found = await ask("/audiences/explain", { rule, who, ...question() }, signal);
    if (!signal.aborted) show(found, keys);
  } catch (fault) {
    if (signal.aborted) return;
    if (!(fault instanceof Refused || fault instanceof Unreached)) throw fault;
    box.replaceChildren(make("p", { className: "note warn small", textContent: fault.message }));
  } finally {
    box.classList.remove("waits");
  }
}

form.addEventListener("submit", (submit) => {
  submit.preventDefault();
  submit.stopPropagation();
  explain();
});
document.addEventListener("rule:kept", () => box.querySelector(".why-list") && explain());
document.getElementById("test-person").addEventListener("click", () => {
  form.scrollIntoView({ block: "center" });
  input.focus();
  input.select();
});
