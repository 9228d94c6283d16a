// The rule that is being made, and how it was before: one place that changes it, so that everything can be taken back.

import { boot } from "./page.js";
import { isGroup, keyed } from "./tree.js";

const MOST = 200;
const PAUSE_MS = 400;
const rooted = (rule) => keyed(isGroup(rule) ? rule : { type: "all", of: [rule] });

export const state = {
  root: rooted(JSON.parse(JSON.stringify(boot.rule))),
  id: boot.id,
  version: boot.version,
  status: boot.state,
  folded: new Set(),
};

const past = [JSON.stringify(state.root)];
let at = 0;
let typing = 0;
let saved = signature();

function page(name) {
  return document.querySelector(`#builder-top [name=${name}], #builder-bar [name=${name}]`)?.value ?? "";
}

export function signature() {
  return JSON.stringify([state.root, page("name").trim(), page("purpose")]);
}

export const isSaved = () => saved === signature();

export function markSaved(as = signature()) {
  saved = as;
  document.dispatchEvent(new Event("rule:saved"));
}

// `redraws`: the tree has other lines now, or other ones in other places
export function changed({ redraws = false, focus = null } = {}) {
  clearTimeout(typing);
  if (redraws) keep();
  else typing = setTimeout(keep, PAUSE_MS);
  document.dispatchEvent(new CustomEvent("rule:changed", { detail: { redraws, focus } }));
}

function keep() {
  clearTimeout(typing);
  const now = JSON.stringify(state.root);
  if (now === past[at]) return;
  past.splice(at + 1, past.length, now);
  if (past.length > MOST) past.shift();
  at = past.length - 1;
  document.dispatchEvent(new Event("rule:kept"));
}

function go(to) {
  keep();
  if (to < 0 || to >= past.length) return false;
  at = to;
  state.root = keyed(JSON.parse(past[at]));
  document.dispatchEvent(new CustomEvent("rule:changed", { detail: { redraws: true, focus: null } }));
  document.dispatchEvent(new Event("rule:kept"));
  return true;
}

export const undo = () => {
  keep();
  return go(at - 1);
};
export const redo = () => go(at + 1);
export const canUndo = () => at > 0;
export const canRedo = () => at < past.length - 1;

// as it was at a moment before: for the toast of a removal
export function moment() {
  keep();
  const then = past[at];
  return () => {
    state.root = keyed(JSON.parse(then));
    changed({ redraws: true });
  };
}
