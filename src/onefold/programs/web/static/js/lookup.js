// Inputs that refer to people, companies and records: letters are looked up, a choice fills the hidden input beside them.
// Fields that are edited in place: Escape leaves, Enter saves, and so does leaving those that save themselves.

import "./files.js";
import "./mentions.js";

const PAUSE_MS = 150;
let timer = 0;

function parts(box) {
  return { box, hidden: box.querySelector("input[type=hidden]"), input: box.querySelector("input[type=search]"), list: box.querySelector("ul") };
}

function close({ input, list }) {
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

async function ask(found) {
  const { box, input, list } = found;
  const query = input.value;
  const url = new URL(box.dataset.lookup, location.href);
  url.searchParams.set("q", query);
  const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer || answer.status === 401) {
    document.dispatchEvent(new Event(answer ? "connection:signed-out" : "connection:lost"));
    return;
  }
  if (!answer.ok || input.value !== query || document.activeElement !== input) return;
  list.innerHTML = await answer.text();
  list.querySelectorAll("[role=option]").forEach((one, n) => (one.id = `${list.id}-${n}`));
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  mark(found, 0);
}

function options({ list }) {
  return [...list.querySelectorAll("[role=option]")];
}

function mark(found, place) {
  const all = options(found);
  all.forEach((one, n) => one.setAttribute("aria-selected", n === place));
  if (all[place]) {
    found.input.setAttribute("aria-activedescendant", all[place].id);
    all[place].scrollIntoView({ block: "nearest" });
  }
}

function choose(found, option) {
  found.hidden.value = option.dataset.value;
  found.input.value = option.dataset.title;
  found.input.dataset.chosen = option.dataset.title;
  close(found);
}

document.addEventListener("input", ({ target }) => {
  const box = target.closest?.("[data-lookup]");
  if (!box || target.type !== "search") return;
  const found = parts(box);
  found.hidden.value = ""; // whoever stood there is meant no longer
  clearTimeout(timer);
  timer = setTimeout(() => ask(found), PAUSE_MS);
});

document.addEventListener("keydown", (press) => {
  const box = press.target.closest?.("[data-lookup]");
  if (box) {
    const found = parts(box);
    const all = options(found);
    const place = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (press.key === "ArrowDown" || press.key === "ArrowUp") {
      press.preventDefault();
      if (found.list.hidden) return void ask(found);
      mark(found, Math.min(Math.max(place + (press.key === "ArrowDown" ? 1 : -1), 0), all.length - 1));
      return;
    }
    if (press.key === "Enter" && !found.list.hidden && all[place]) {
      press.preventDefault();
      return choose(found, all[place]);
    }
    if (press.key === "Escape" && !found.list.hidden) {
      press.preventDefault();
      press.stopPropagation();
      return close(found);
    }
  }
  const form = press.target.closest?.("form[data-cancels]");
  if (form && press.key === "Escape") {
    press.preventDefault();
    cancel(form);
  }
}, true);

document.addEventListener("mousedown", (down) => {
  const option = down.target.closest("[data-lookup] [role=option]");
  if (!option) return;
  down.preventDefault(); // the input keeps the focus
  choose(parts(option.closest("[data-lookup]")), option);
});

document.addEventListener("focusout", ({ target }) => {
  const box = target.closest?.("[data-lookup]");
  if (!box || target.type !== "search") return;
  const found = parts(box);
  close(found);
  if (!found.hidden.value) target.value = ""; // what wasn't chosen isn't meant
});

// who leaves such a form has meant what stands in it; what wasn't touched is left as it was
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const form = target.closest?.("form[data-saves-itself]");
  if (!form?.isConnected || form.contains(relatedTarget) || form.querySelector("[role=alert]")) return;
  if (!document.hasFocus() || form.classList.contains("htmx-request")) return; // another window, or it is being saved
  const isTouched = [...form.elements].some((one) => (one.type === "hidden" || one.tagName === "BUTTON" ? false : one.tagName === "SELECT" ? [...one.options].some((option) => option.selected !== option.defaultSelected) : one.value !== one.defaultValue));
  isTouched ? form.requestSubmit() : cancel(form);
});

function cancel(form) {
  htmx.ajax("GET", form.dataset.cancels, { target: form, swap: "outerHTML" });
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-cancel]");
  if (button) cancel(button.closest("form[data-cancels]"));
});

// saved or left, the field is read again: whoever was in it goes on from there
let wasInside = false;

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.matches?.("form[data-cancels]")) wasInside = target.contains(document.activeElement);
});

document.addEventListener("htmx:load", ({ target }) => {
  if (!wasInside || !target.matches?.(".prop")) return;
  wasInside = false;
  target.querySelector("input:not([type=hidden]), textarea, select, button")?.focus();
});

// the stage that a deal is in stands in sight, also where not all of them fit
document.querySelector(".stepper .here")?.scrollIntoView({ block: "nearest", inline: "center" });
