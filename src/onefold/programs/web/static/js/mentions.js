// Texts that name users: an @ and letters are looked up, a choice is written into the text.

const PAUSE_MS = 150;
const TYPED = /(?:^|[^\w@.])@([\w.+-]{0,150})$/;
let timer = 0;
let list = null; // beside the text that has the focus

function typed(area) {
  return TYPED.exec(area.value.slice(0, area.selectionStart))?.[1];
}

function close(area) {
  list?.remove();
  list = null;
  area.removeAttribute("aria-activedescendant");
  area.setAttribute("aria-expanded", "false");
}

function options() {
  return list ? [...list.querySelectorAll("[role=option]")] : [];
}

function mark(area, place) {
  options().forEach((one, n) => {
    one.setAttribute("aria-selected", n === place);
    if (n === place) area.setAttribute("aria-activedescendant", one.id);
  });
}

async function ask(area) {
  const query = typed(area);
  if (query === undefined) return close(area);
  const url = new URL(area.dataset.mentions, location.href);
  url.searchParams.set("q", query);
  const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || typed(area) !== query || document.activeElement !== area) return;
  const html = await answer.text();
  close(area);
  list = document.createElement("ul");
  list.className = "options mention-list";
  list.id = "mentions";
  list.setAttribute("role", "listbox");
  list.innerHTML = html;
  if (!options().length) return close(area);
  options().forEach((one, n) => (one.id = `mention-${n}`));
  area.after(list);
  area.setAttribute("role", "combobox");
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);
  area.setAttribute("aria-expanded", "true");
  mark(area, 0);
}

function choose(area, option) {
  const end = area.selectionStart;
  area.setRangeText(`${option.dataset.value} `, end - typed(area).length, end, "end");
  close(area);
}

document.addEventListener("input", ({ target }) => {
  if (!target.dataset?.mentions) return;
  clearTimeout(timer);
  if (typed(target) === undefined) close(target);
  else timer = setTimeout(() => ask(target), PAUSE_MS);
});

document.addEventListener("keydown", (press) => {
  const area = press.target;
  if (!area.dataset?.mentions || !list) return;
  const all = options();
  const place = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
  if (step) mark(area, Math.min(Math.max(place + step, 0), all.length - 1));
  else if (press.key === "Enter" || press.key === "Tab") choose(area, all[place]);
  else if (press.key === "Escape") close(area);
  else return;
  press.preventDefault();
  press.stopPropagation();
}, true);

document.addEventListener("mousedown", (down) => {
  const option = down.target.closest(".mention-list [role=option]");
  if (!option) return;
  down.preventDefault(); // the text keeps the focus
  choose(list.previousElementSibling, option);
});

document.addEventListener("focusout", ({ target }) => {
  if (target.dataset?.mentions) close(target);
});
