// Conditions and groups put elsewhere: by the handle with mouse or finger, and by keyboard (Space, arrows, Space or Escape).

import { draw, elementOf, focusOn } from "./draw.js";
import { codeWords } from "./naming.js";
import { make, say, t } from "./page.js";
import { changed, state } from "./store.js";
import { find, heightOf, holds, depthOf, isGroup, keyOf, places, put } from "./tree.js";

const MOST_DEEP = 8;
const FROM_PX = 4;
const EDGE_PX = 60;
const box = document.getElementById("rule");
const mark = make("div", { className: "drop-line" });

const fits = (node, parent) => !isGroup(node) || depthOf(state.root, keyOf(parent)) + heightOf(node) <= MOST_DEEP;
const keyAt = (element) => Number(element.closest("[data-node]").dataset.node);
const nameOf = (group) => t(`match_${group.type}`);

// ---- keyboard

let lifted = null; // { key, from: { parent, index } }

function lift(key) {
  const { node, parent, index } = find(state.root, key);
  lifted = { key, from: { parent: keyOf(parent), index } };
  mark_(key);
  say(t("lifted", { what: codeWords(node) }));
}

function mark_(key) {
  box.querySelectorAll(".lifted").forEach((one) => one.classList.remove("lifted"));
  elementOf(key)?.classList.add("lifted");
}

function step(by) {
  const { node, parent, index } = find(state.root, lifted.key);
  const all = places(state.root, lifted.key).filter((one) => fits(node, one.parent));
  const now = all.findIndex((one) => one.parent === parent && one.index === index);
  const next = all[now + by];
  if (!next) return say(t(by < 0 ? "at_the_top" : "at_the_bottom"));
  place(lifted.key, next.parent, next.index);
  say(t("moved_to", { n: next.index + 1, of: next.parent.of.length, group: nameOf(next.parent) }));
}

function place(key, parent, index) {
  put(state.root, key, parent, index);
  draw({ key, part: "handle" });
  mark_(key);
}

function land(isKept) {
  const { key, from } = lifted;
  lifted = null;
  const { node, parent, index } = find(state.root, key);
  if (!isKept) {
    put(state.root, key, find(state.root, from.parent).node, from.index);
    draw({ key, part: "handle" });
    return say(t("move_cancelled"));
  }
  box.querySelectorAll(".lifted").forEach((one) => one.classList.remove("lifted"));
  if (keyOf(parent) !== from.parent || index !== from.index) changed({ redraws: true, focus: { key, part: "handle" } });
  say(t("dropped", { what: codeWords(node), n: index + 1, of: parent.of.length, group: nameOf(parent) }));
}

box.addEventListener("keydown", (press) => {
  const handle = press.target.closest(".handle");
  if (!handle) return;
  if (press.key === " " || press.key === "Enter") {
    press.preventDefault();
    if (lifted) land(true);
    else lift(keyAt(handle));
  } else if (lifted && ["ArrowUp", "ArrowDown"].includes(press.key)) {
    press.preventDefault();
    step(press.key === "ArrowDown" ? 1 : -1);
  } else if (lifted && press.key === "Escape") {
    press.preventDefault();
    press.stopPropagation();
    land(false);
  }
});

box.addEventListener("focusout", (leave) => {
  // redrawing takes the focus away for a moment; going elsewhere drops where it is
  if (lifted && leave.relatedTarget && !leave.relatedTarget.closest(".handle")) land(true);
});

// ---- pointer

box.addEventListener("pointerdown", (down) => {
  const handle = down.target.closest(".handle");
  if (!handle || down.button !== 0 || lifted) return;
  const key = keyAt(handle);
  const source = elementOf(key);
  const begin = { x: down.clientX, y: down.clientY };
  let ghost = null;
  let target = null;
  handle.setPointerCapture(down.pointerId);

  const follow = (move) => {
    if (!ghost) {
      if (Math.hypot(move.clientX - begin.x, move.clientY - begin.y) < FROM_PX) return;
      ghost = raise(source);
    }
    ghost.style.translate = `${move.clientX - begin.x}px ${move.clientY - begin.y}px`;
    if (move.clientY < EDGE_PX) scrollBy(0, -12);
    if (move.clientY > innerHeight - EDGE_PX) scrollBy(0, 12);
    target = targetAt(move.clientX, move.clientY, key);
  };
  const end = (isKept) => {
    handle.removeEventListener("pointermove", follow);
    removeEventListener("keydown", escape, true);
    mark.remove();
    ghost?.remove();
    source.classList.remove("taken");
    document.body.classList.remove("dragging");
    if (!isKept || !ghost || !target) return;
    const before = find(state.root, key);
    if (before.parent === target.parent && before.index === target.index) return;
    put(state.root, key, target.parent, target.index);
    changed({ redraws: true, focus: { key, part: "handle" } });
    say(t("dropped", { what: codeWords(before.node), n: target.index + 1, of: target.parent.of.length, group: nameOf(target.parent) }));
  };
  const escape = (press) => {
    if (press.key !== "Escape") return;
    press.preventDefault();
    press.stopPropagation();
    end(false);
    ghost = null;
  };
  handle.addEventListener("pointermove", follow);
  handle.addEventListener("pointerup", () => end(true), { once: true });
  handle.addEventListener("pointercancel", () => end(false), { once: true });
  addEventListener("keydown", escape, true);
});

function raise(source) {
  const ghost = source.cloneNode(true);
  const chosen = [...source.querySelectorAll("select")].map((one) => one.value); // a copy forgets what is chosen
  ghost.querySelectorAll("select").forEach((one, n) => (one.value = chosen[n]));
  const at = source.getBoundingClientRect();
  ghost.classList.add("raised");
  ghost.removeAttribute("data-node");
  Object.assign(ghost.style, { width: `${at.width}px`, left: `${at.left}px`, top: `${at.top}px` });
  document.body.append(ghost);
  document.body.classList.add("dragging");
  source.classList.add("taken");
  return ghost;
}

// the group below the pointer, and between which of its lines
function targetAt(x, y, key) {
  const groups = document.elementsFromPoint(x, y).map((one) => one.closest("#rule [data-group]")).filter(Boolean);
  const { node } = find(state.root, key);
  for (const element of groups) {
    const group = find(state.root, Number(element.dataset.node))?.node;
    if (!group || holds(node, keyOf(group)) || !fits(node, group)) continue;
    const body = element.querySelector(":scope > .gb");
    const lines = [...body.children].filter((one) => one.dataset.node && Number(one.dataset.node) !== key);
    const index = lines.filter((one) => y > one.getBoundingClientRect().top + one.offsetHeight / 2).length;
    const before = lines[index] ?? body.querySelector(":scope > .locked, :scope > .adds");
    if (before) before.before(mark);
    return { parent: group, index };
  }
  mark.remove();
  return null;
}

box.addEventListener("click", (click) => {
  const handle = click.target.closest(".handle");
  if (handle) focusOn({ key: keyAt(handle), part: "handle" });
});
