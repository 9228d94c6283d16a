// The menu of conditions: one search among kinds, real events, traits and audiences.

import { icon, make, t } from "./page.js";
import { offers } from "./lines.js";

const MOST = 80;
const menu = make("div", { className: "menu adding", id: "adding", popover: "auto", attrs: { "aria-label": t("condition") } });
const search = make("input", { type: "search", placeholder: t("search_conditions"), autocomplete: "off", attrs: { role: "combobox", "aria-label": t("search_conditions"), "aria-controls": "offers", "aria-expanded": "true", "aria-autocomplete": "list" } });
const found = make("div", { className: "offers", id: "offers", attrs: { role: "listbox", "aria-label": t("condition") } });
menu.append(search, found);
document.body.append(menu);
let take = null;
let all = [];
let shown = [];
let at = 0;

export function openMenu(opener, pick) {
  take = pick;
  all = offers();
  search.value = "";
  draw();
  menu.showPopover();
  const box = opener.getBoundingClientRect();
  const below = box.bottom + 4;
  menu.style.top = `${below + menu.offsetHeight + 8 <= innerHeight ? below : Math.max(8, Math.min(box.top - 4 - menu.offsetHeight, innerHeight - menu.offsetHeight - 8))}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
  search.focus();
  menu.ontoggle = (toggle) => toggle.newState === "closed" && document.activeElement === document.body && opener.focus();
}

function draw() {
  const wanted = search.value.trim().toLowerCase();
  const kinds = (one) => `${one.title} ${one.words ?? ""}`.toLowerCase();
  shown = all.filter((one) => (wanted ? kinds(one).includes(wanted) : !one.hint)).slice(0, MOST);
  at = 0;
  let group = null;
  found.replaceChildren(
    ...shown.flatMap((one, n) => {
      const head = one.group !== group ? [make("p", { className: "cap", textContent: one.group })] : [];
      group = one.group;
      const option = make("div", { className: "option", id: `offer-${n}`, title: one.title, attrs: { role: "option" } }, icon(one.icon), make("span", { className: "cut", textContent: one.title, dir: "auto" }), one.hint || one.words ? make("span", { className: "hint", textContent: one.hint ?? one.words }) : "");
      return [...head, option];
    }),
  );
  if (!shown.length) found.append(make("p", { className: "cap", textContent: t("nothing_found") }));
  mark();
}

function mark() {
  found.querySelectorAll("[role=option]").forEach((one, n) => {
    one.setAttribute("aria-selected", String(n === at));
    if (n === at) one.scrollIntoView({ block: "nearest" });
  });
  if (shown.length) search.setAttribute("aria-activedescendant", `offer-${at}`);
}

function pick(n) {
  const one = shown[n];
  if (!one) return;
  menu.hidePopover();
  take(one.make());
}

search.addEventListener("input", draw);
search.addEventListener("keydown", (press) => {
  if (press.isComposing) return;
  if (press.key === "ArrowDown" || press.key === "ArrowUp") {
    press.preventDefault();
    at = Math.max(0, Math.min(at + (press.key === "ArrowDown" ? 1 : -1), shown.length - 1));
    mark();
  } else if (press.key === "Enter") {
    press.preventDefault();
    pick(at);
  }
});
found.addEventListener("click", (click) => {
  const option = click.target.closest("[role=option]");
  if (option) pick([...found.querySelectorAll("[role=option]")].indexOf(option));
});
