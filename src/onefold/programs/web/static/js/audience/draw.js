// The rule as groups and lines, and what their menus do.

import { openMenu } from "./adding.js";
import { codeWords } from "./naming.js";
import { iconOf, lineOf } from "./lines.js";
import { boot, button, icon, make, say, t } from "./page.js";
import { changed, moment, state } from "./store.js";
import { say as toast } from "../toasts.js";
import { copied, depthOf, find, heightOf, isFilled, isGroup, keyed, keyOf, leavesOf, put, remove, sizeOf } from "./tree.js";

const MOST_DEEP = 8;
const MOST = 200;
const box = document.getElementById("rule");
const menu = make("div", { className: "menu", id: "line-menu", popover: "auto", attrs: { role: "menu" } });
document.body.append(menu);

export function draw(focus = null) {
  const held = focus ?? heldFocus();
  box.replaceChildren(drawGroup(state.root, 1));
  if (held) focusOn(held);
  document.dispatchEvent(new Event("rule:drawn"));
}

export const elementOf = (key) => box.querySelector(`[data-node="${key}"]`);

function heldFocus() {
  const node = document.activeElement?.closest?.("[data-node]");
  if (!node || !box.contains(node)) return null;
  const all = [...node.querySelectorAll("input, select, button")];
  return { key: node.dataset.node, place: all.indexOf(document.activeElement) };
}

export function focusOn({ key, place, part }) {
  const element = elementOf(key);
  if (!element) return;
  const inputs = [...element.querySelectorAll("input, select, button")];
  const wanted = { handle: ".handle", add: ".adds button" }[part];
  if (part === "first") firstOf(element)?.focus();
  else (wanted ? element.querySelector(wanted) : inputs[place])?.focus();
  if (part === "first") element.scrollIntoView({ block: "nearest" });
}

// where one goes on with a new line: what is empty yet, else its figure
function firstOf(element) {
  const inputs = [...element.querySelectorAll(".f input, .f select")];
  const empty = inputs.find((one) => one.value === "" && !one.closest(".many")?.querySelector(".token"));
  return empty ?? inputs.find((one) => one.matches(".num")) ?? inputs[0] ?? element.querySelector(".adds button");
}

// ---- groups

function drawGroup(group, depth) {
  const key = keyOf(group);
  const kind = make("select", { className: `joins${group.type === "none" ? " not" : ""}`, attrs: { "aria-label": t("match") } });
  for (const one of ["all", "any", "none"]) kind.append(new Option(t(`match_${one}`), one, false, one === group.type));
  kind.addEventListener("change", () => {
    group.type = kind.value;
    changed({ redraws: true });
  });
  const isFolded = state.folded.has(key);
  const more = button(t("group_menu"), "dots", { className: "btn plain small square more" });
  more.addEventListener("click", () => openGroupMenu(more, group, depth));
  const head = make("div", { className: "gh" }, depth > 1 ? handle(group) : "", kind, make("span", { className: "t3", textContent: isFolded ? t("folded", { n: leavesOf(group).length }) : t(`match_${group.type}_more`) }), make("span", { className: "space" }), make("span", { className: "cnt" }), more);
  const body = make("div", { className: "gb", hidden: isFolded }, ...group.of.map((one) => (isGroup(one) ? drawGroup(one, depth + 1) : drawLine(one))));
  if (!group.of.length) body.append(make("p", { className: "none t3", textContent: t(depth === 1 ? "empty_rule" : "empty_group") }));
  const element = make("div", { className: "grp", data: { node: key, group: "" }, attrs: { role: "group", "aria-label": t(`match_${group.type}`) } }, head, body);
  if (depth === 1 && group.type === "all" && boot.of === "people") body.append(locked());
  body.append(adds(group, depth));
  if (depth === 1 && group.type !== "all" && boot.of === "people") return make("div", { className: "rooted" }, element, locked());
  return element;
}

function adds(group, depth) {
  const add = (words, act) => {
    const one = make("button", { type: "button", className: "chip add" }, icon("plus"), words);
    one.addEventListener("click", () => act(one));
    return one;
  };
  const line = make("div", { className: "line adds" }, add(t("condition"), (opener) => openMenu(opener, (node) => insert(group, group.of.length, node))));
  if (depth < MOST_DEEP) line.append(add(t("group"), () => insert(group, group.of.length, { type: group.type === "any" ? "all" : "any", of: [] })));
  if (depth === 1 && group.type === "all") line.append(add(t("match_none"), () => insert(group, group.of.length, { type: "none", of: [] })));
  return line;
}

// whether so many conditions more have room; says so if not
function hasRoom(n) {
  const isFree = sizeOf(state.root) + n <= MOST;
  if (!isFree) toast({ tone: "bad", text: t("too_many", { n: MOST }) });
  return isFree;
}

function insert(group, index, node) {
  if (!hasRoom(sizeOf(node))) return;
  keyed(node);
  group.of.splice(index, 0, node);
  changed({ redraws: true, focus: { key: keyOf(node), part: isGroup(node) ? "add" : "first" } });
}

// the line that follows from the purpose
function locked() {
  const purpose = document.querySelector("#builder-bar [name=purpose]");
  const title = purpose.selectedOptions[0]?.textContent ?? "";
  return make("div", { className: "cond locked", data: { consent: "" } }, icon("shield-check"), make("div", { className: "f" }, make("span", { className: "t3", textContent: t("consent") }), make("span", { className: "strong cut", textContent: title }), make("span", { textContent: t("consent_given") }), make("span", { className: "small t3", textContent: t("consent_follows") })), make("span", { className: "cnt" }), make("span", { className: "lock", title: t("consent_follows") }, icon("lock")));
}

// ---- lines

function handle(node) {
  return make("button", { type: "button", className: "handle", title: t("move_hint"), attrs: { "aria-label": t("move", { what: codeWords(node) }), "aria-describedby": "move-help" } }, icon(isGroup(node) ? "folder" : iconOf(node)), icon("grip-vertical"));
}

function drawLine(leaf) {
  const fields = make("div", { className: "f" });
  const element = make("div", { className: "cond", data: { node: keyOf(leaf) } });
  const use = {
    changed: () => {
      showGap(element, leaf);
      changed();
    },
    room: () => MOST_DEEP - depthOf(state.root, keyOf(leaf)),
    mayGrow: () => hasRoom(1),
    set: (key, value) => {
      if (value === undefined) delete leaf[key];
      else leaf[key] = value;
      use.changed();
    },
    rebuild: (focus) => {
      fields.replaceChildren(...lineOf(leaf, use));
      if (focus === "select") fields.querySelector("select")?.focus();
      if (focus === "last") [...fields.querySelectorAll("input.name")].at(-1)?.focus();
    },
  };
  fields.append(...lineOf(leaf, use));
  const more = button(t("line_menu"), "dots-vertical", { className: "btn plain small square more" });
  more.addEventListener("click", () => openLineMenu(more, leaf));
  element.append(handle(leaf), fields, make("span", { className: "cnt" }), more, make("p", { className: "fault", hidden: true, attrs: { role: "alert" } }));
  showGap(element, leaf);
  return element;
}

function showGap(element, leaf) {
  element.classList.toggle("open", !isFilled(leaf));
}

// ---- menus

function openAt(opener, entries) {
  menu.replaceChildren(
    ...entries.filter(Boolean).map((entry) => {
      if (entry === "rule") return make("hr");
      const [words, name, act, isOff] = entry;
      const one = make("button", { type: "button", disabled: Boolean(isOff), attrs: { role: "menuitem" } }, icon(name), words);
      one.addEventListener("click", () => {
        menu.hidePopover();
        act();
      });
      return one;
    }),
  );
  menu.showPopover();
  const near = opener.getBoundingClientRect();
  const below = near.bottom + 4;
  menu.style.top = `${below + menu.offsetHeight + 8 <= innerHeight ? below : Math.max(8, near.top - 4 - menu.offsetHeight)}px`;
  menu.style.left = `${Math.max(8, Math.min(near.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  menu.querySelector("button")?.focus();
  menu.ontoggle = (toggle) => toggle.newState === "closed" && [document.body, menu].some((one) => one.contains(document.activeElement) && one !== document.body) && opener.focus();
}

menu.addEventListener("keydown", (press) => {
  if (press.key !== "ArrowDown" && press.key !== "ArrowUp") return;
  press.preventDefault();
  const all = [...menu.querySelectorAll("button:not(:disabled)")];
  all[(all.indexOf(document.activeElement) + (press.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]?.focus();
});

function shift(node, by) {
  const { parent, index } = find(state.root, keyOf(node));
  put(state.root, keyOf(node), parent, Math.max(0, index + by));
  changed({ redraws: true, focus: { key: keyOf(node), part: "handle" } });
}

function wrap(node, type) {
  const { parent, index } = find(state.root, keyOf(node));
  parent.of[index] = keyed({ type, of: [] });
  parent.of[index].of.push(node);
  changed({ redraws: true, focus: { key: keyOf(node), part: "handle" } });
}

function removeNode(node) {
  const back = moment();
  const { parent, index } = remove(state.root, keyOf(node));
  const next = parent.of[Math.min(index, parent.of.length - 1)];
  changed({ redraws: true, focus: next ? { key: keyOf(next), part: "handle" } : { key: keyOf(parent), part: "add" } });
  const text = t(isGroup(node) ? "group_removed" : "condition_removed");
  say(text);
  toast({ text, back });
}

function double(node) {
  const { parent, index } = find(state.root, keyOf(node));
  insert(parent, index + 1, copied(node));
}

function moves(node) {
  const { parent, index } = find(state.root, keyOf(node));
  return [[t("move_up"), "arrow-up", () => shift(node, -1), index === 0], [t("move_down"), "arrow-down", () => shift(node, 1), index === parent.of.length - 1]];
}

function openLineMenu(opener, leaf) {
  const isDeep = depthOf(state.root, keyOf(leaf)) > MOST_DEEP;
  openAt(opener, [
    [t("duplicate"), "copy", () => double(leaf)],
    [t("in_group"), "folder-plus", () => wrap(leaf, "any"), isDeep],
    [t("leave_out"), "user-off", () => wrap(leaf, "none"), isDeep],
    ...moves(leaf),
    "rule",
    [t("remove"), "trash", () => removeNode(leaf)],
  ]);
}

function openGroupMenu(opener, group, depth) {
  const key = keyOf(group);
  const isFolded = state.folded.has(key);
  const fold = [t(isFolded ? "unfold" : "fold"), isFolded ? "chevron-down" : "chevron-up", () => {
    state.folded[isFolded ? "delete" : "add"](key);
    document.dispatchEvent(new CustomEvent("rule:folded"));
  }];
  if (depth === 1) {
    return openAt(opener, [fold, [t("wrap_all"), "folder-plus", () => wrapAll(group), heightOf(group) >= MOST_DEEP], "rule", [t("clear"), "trash", () => clear(group), !group.of.length]]);
  }
  openAt(opener, [fold, [t("duplicate"), "copy", () => double(group)], [t("ungroup"), "folder-minus", () => ungroup(group), group.type === "none"], ...moves(group), "rule", [t("remove"), "trash", () => removeNode(group)]]);
}

function wrapAll(group) {
  const inner = keyed({ type: group.type, of: [] });
  inner.of = group.of;
  Object.assign(group, { type: "all", of: [inner] });
  changed({ redraws: true });
}

function clear(group) {
  const back = moment();
  group.of = [];
  changed({ redraws: true, focus: { key: keyOf(group), part: "add" } });
  toast({ text: t("cleared"), back });
}

function ungroup(group) {
  const { parent, index } = find(state.root, keyOf(group));
  parent.of.splice(index, 1, ...group.of);
  changed({ redraws: true });
}

