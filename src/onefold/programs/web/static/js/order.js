// Rows in an order: dragged by their handles, or moved by the up and down arrows. data-orders="address" is told of it;
// rows of a form (data-sorts) are sent with the form. data-adds="id" puts a row of that template in, data-drops takes one out.

import { say } from "./toasts.js";

const SAVES_MS = 400; // several strokes are one order
const waiting = new Map();

function rows(box) {
  return [...box.querySelectorAll(":scope > [data-id], :scope > [data-item]")];
}

function changed(box) {
  if (!box.dataset.orders) return;
  clearTimeout(waiting.get(box));
  waiting.set(box, setTimeout(() => save(box), SAVES_MS));
}

async function save(box) {
  const body = new URLSearchParams(rows(box).map((row) => ["id", row.dataset.id]));
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    const answer = await fetch(box.dataset.orders, { method: "POST", headers: { "HX-Request": "true", "X-CSRFToken": token }, body });
    if (answer.status === 401) return document.dispatchEvent(new Event("connection:signed-out"));
    if (!answer.ok) return say({ text: box.dataset.failed, tone: "bad" });
    box.dataset.saved = "yes";
  } catch {
    document.dispatchEvent(new Event("connection:lost"));
  }
}

function tell(row, box) {
  const says = document.getElementById("order-says");
  const all = rows(box);
  if (says) says.textContent = says.dataset.says.replace("%n", all.indexOf(row) + 1).replace("%all", all.length);
}

function prepare(root) {
  for (const box of root.querySelectorAll("[data-orders], [data-sorts]"))
    new Sortable(box, {
      handle: "[data-handle]",
      draggable: "[data-id], [data-item]",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      onEnd: ({ item }) => (changed(box), tell(item, box)),
    });
}

if (window.Sortable) prepare(document);
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => target.matches?.("dialog") && prepare(target));

document.addEventListener("keydown", (press) => {
  const handle = press.target.closest?.("[data-handle]");
  const step = { ArrowUp: -1, ArrowDown: 1 }[press.key];
  if (!handle || !step || press.ctrlKey || press.metaKey || press.altKey) return;
  press.preventDefault();
  const row = handle.closest("[data-id], [data-item]");
  const box = row.parentElement;
  const other = rows(box)[rows(box).indexOf(row) + step];
  if (!other) return;
  other[step < 0 ? "before" : "after"](row);
  handle.focus();
  changed(box);
  tell(row, box);
});

document.addEventListener("click", (click) => {
  const adds = click.target.closest("[data-adds]");
  if (adds) {
    const row = document.getElementById(adds.dataset.adds).content.firstElementChild.cloneNode(true);
    document.getElementById(adds.dataset.into).append(row);
    row.querySelector("input:not([type=hidden])").focus();
  }
  const dropped = click.target.closest("[data-drops]")?.closest("[data-item]");
  if (!dropped) return;
  const next = (dropped.nextElementSibling ?? dropped.previousElementSibling)?.querySelector("input:not([type=hidden])");
  dropped.remove();
  next?.focus();
});
