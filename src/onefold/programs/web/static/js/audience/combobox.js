// An input with suggestions below it: one list for all inputs, in the top layer. Up, down, Enter, Escape, or a click.

import { icon, make } from "./page.js";

const MOST = 60;
const list = make("div", { className: "menu suggested", id: "suggested", popover: "manual", attrs: { role: "listbox" } });
document.body.append(list);
let open = null; // { input, found, at, pick }

function close() {
  if (!open) return;
  open.input.setAttribute("aria-expanded", "false");
  open.input.removeAttribute("aria-activedescendant");
  open = null;
  list.hidePopover();
}

function place(input) {
  const box = input.getBoundingClientRect();
  list.style.minWidth = `${Math.max(box.width, 200)}px`;
  const below = box.bottom + 4;
  list.style.top = `${below + list.offsetHeight + 8 <= innerHeight ? below : Math.max(8, box.top - 4 - list.offsetHeight)}px`;
  list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
}

function mark(at) {
  open.at = at;
  list.querySelectorAll("[role=option]").forEach((one, n) => {
    one.setAttribute("aria-selected", String(n === at));
    if (n === at) {
      one.scrollIntoView({ block: "nearest" });
      open.input.setAttribute("aria-activedescendant", one.id);
    }
  });
  if (at < 0) open.input.removeAttribute("aria-activedescendant");
}

function option(one, n) {
  const element = make("div", { className: "option", id: `suggested-${n}`, title: one.title ?? one.value, attrs: { role: "option", "aria-selected": "false" } });
  if (one.icon) element.append(icon(one.icon));
  element.append(make("span", { className: "cut", textContent: one.title ?? one.value, dir: "auto" }));
  if (one.hint) element.append(make("span", { className: "hint", textContent: one.hint }));
  return element;
}

function show(input, found, pick) {
  if (open && open.input !== input) close();
  if (!found.length) return close();
  const first = !open;
  open = { input, found, at: -1, pick };
  let group = null;
  list.replaceChildren(
    ...found.flatMap((one, n) => {
      const head = one.group && one.group !== group ? [make("p", { className: "cap", textContent: one.group })] : [];
      group = one.group ?? group;
      return [...head, option(one, n)];
    }),
  );
  input.setAttribute("aria-expanded", "true");
  if (first) list.showPopover();
  list.scrollTop = 0;
  place(input);
}

list.addEventListener("pointerdown", (down) => down.preventDefault()); // the input keeps the focus
list.addEventListener("click", (click) => {
  const at = [...list.querySelectorAll("[role=option]")].indexOf(click.target.closest("[role=option]"));
  if (open && at >= 0) {
    const { found, pick } = open;
    close();
    pick(found[at]);
  }
});
addEventListener("scroll", (scroll) => scroll.target !== list && !list.contains(scroll.target) && open && place(open.input), true);

// what is above may grow meanwhile
new ResizeObserver(() => open && place(open.input)).observe(document.querySelector("[data-icons]"));

const matches = (one, wanted) => `${one.title ?? ""} ${one.value} ${one.words ?? ""}`.toLowerCase().includes(wanted);

// `options()`: all there are, or a promise of them; `pick(option)`; Escape and leaving call nothing
export function suggests(input, { options, pick, keepsAll = false }) {
  input.autocomplete = "off";
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "suggested" })) input.setAttribute(name, value);
  let turn = 0;
  const refresh = async (isAll) => {
    const mine = ++turn;
    const all = (await options()) ?? [];
    if (mine !== turn || document.activeElement !== input) return;
    const wanted = isAll ? "" : input.value.trim().toLowerCase();
    const found = keepsAll ? all : all.filter((one) => !wanted || matches(one, wanted));
    const isSame = !isAll && found.length === 1 && found[0].value === input.value;
    show(input, isSame ? [] : found.slice(0, MOST), pick);
    if (!isAll && wanted && open && input.dataset.picksFirst) mark(0);
  };
  input.addEventListener("focus", () => refresh(true));
  input.addEventListener("click", () => !open && refresh(true));
  input.addEventListener("input", () => refresh(false));
  input.addEventListener("blur", () => {
    turn++;
    if (open?.input === input) close();
  });
  input.addEventListener("keydown", (press) => {
    if (press.isComposing) return;
    if ((press.key === "ArrowDown" || press.key === "ArrowUp") && open?.input === input) {
      press.preventDefault();
      const by = press.key === "ArrowDown" ? 1 : -1;
      mark(Math.max(-1, Math.min(open.at + by, open.found.length - 1)));
    } else if (press.key === "ArrowDown" && !open) {
      press.preventDefault();
      refresh(true);
    } else if (press.key === "Enter" && open?.input === input && open.at >= 0) {
      press.preventDefault();
      press.stopImmediatePropagation();
      const { found, at, pick: choose } = open;
      close();
      choose(found[at]);
    } else if (press.key === "Escape" && open?.input === input) {
      press.preventDefault();
      press.stopPropagation();
      close();
    }
  });
}
