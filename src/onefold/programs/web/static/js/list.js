// A list of records: the one at the side, filters and columns, selecting, widths. The address always says what is shown.

import { openGroups } from "./groups.js";

const PHONE = matchMedia("(max-width: 720px)");
const peek = document.getElementById("peek");
const menu = document.getElementById("filter-menu");

// ---- the record at the side

function here(id) {
  const url = new URL(location.href);
  if (id) url.searchParams.set("peek", id);
  else url.searchParams.delete("peek");
  return url;
}

function openPeek(id) {
  const isOpen = Boolean(peek.firstElementChild);
  const url = here(id);
  history[isOpen ? "replaceState" : "pushState"]({ peek: id }, "", url);
  showPeek(url, id);
}

function showPeek(url, id) {
  markRow(id);
  htmx.ajax("GET", url.pathname + url.search, { target: "#peek", swap: "innerHTML" });
}

function closePeek() {
  const open = document.querySelector("tr.open");
  // as the back button would: two entries of the same list would want two presses
  if (history.state?.peek) history.back();
  else {
    history.replaceState({}, "", here(""));
    emptyPeek();
  }
  open?.querySelector("a")?.focus();
}

function emptyPeek() {
  peek.replaceChildren();
  markRow("");
}

function rows() {
  return [...document.querySelectorAll("#list [data-row]")];
}

function markRow(id) {
  rows().forEach((row) => row.classList.toggle("open", row.dataset.id === id));
}

function showPlace() {
  const all = rows();
  const place = all.findIndex((row) => row.classList.contains("open"));
  const shown = peek.querySelector("[data-peek-place]");
  if (shown) shown.textContent = place < 0 ? "" : `${place + 1} / ${document.getElementById("count").textContent}`;
}

document.addEventListener("click", (click) => {
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
  const link = click.target.closest("[data-peeks]");
  const row = click.target.closest("#list [data-row]");
  if (PHONE.matches) return;
  if (link || (row && !click.target.closest("a, button, input"))) {
    click.preventDefault();
    openPeek((link ?? row.querySelector("[data-peeks]")).dataset.peeks);
  }
  if (click.target.closest("[data-closes-peek]")) {
    click.preventDefault();
    closePeek();
  }
  const step = click.target.closest("[data-peek-step]");
  if (step) {
    const all = rows();
    const place = all.findIndex((one) => one.classList.contains("open")) + Number(step.dataset.peekStep);
    const next = all[Math.min(Math.max(place, 0), all.length - 1)];
    if (next) openPeek(next.dataset.id);
  }
});

document.addEventListener("keydown", (press) => {
  const link = press.target.closest("[data-peeks]");
  if (press.key === "Enter" && press.shiftKey && link) {
    press.preventDefault();
    location.href = link.href;
  } else if (press.key === "Enter" && press.shiftKey) {
    const page = peek.querySelector("[data-peek-page]");
    if (page && !press.target.closest("input, textarea, select, dialog")) location.href = page.href;
  } else if (press.key === "x" && link && !press.ctrlKey && !press.metaKey) {
    link.closest("tr").querySelector("[data-picks]")?.click();
  }
});

let listAt = here("").href;

addEventListener("popstate", () => {
  if (here("").href !== listAt) return location.reload();
  const id = new URL(location.href).searchParams.get("peek");
  if (id) showPeek(new URL(location.href), id);
  else emptyPeek();
});

// ---- filters and columns

function placeBelow(popover, opener) {
  const box = opener.getBoundingClientRect();
  popover.style.top = `${Math.min(box.bottom + 4, innerHeight - 120)}px`;
  popover.style.left = `${Math.max(8, Math.min(box.left, innerWidth - Math.max(popover.offsetWidth, 200) - 8))}px`;
}

document.addEventListener("click", (click) => {
  const opener = click.target.closest("[data-opens-filter]");
  if (opener && !opener.matches("[data-opens-groups]")) {
    menu.showPopover();
    placeBelow(menu, opener);
  }
  if (click.target.closest("[data-opens-groups]")) {
    menu.hidePopover();
    openGroups();
  }
  const mover = click.target.closest("[data-moves]");
  if (mover) {
    const choice = mover.closest(".choice");
    const other = mover.dataset.moves === "1" ? choice.nextElementSibling : choice.previousElementSibling;
    if (other?.matches(".choice:has([data-moves])")) other[mover.dataset.moves === "1" ? "after" : "before"](choice);
    mover.focus();
  }
});

function showInputs(select) {
  const takes = select.selectedOptions[0]?.dataset.takes;
  select.form.querySelectorAll("[data-takes-of]").forEach((part) => {
    const isShown = part.dataset.takesOf === takes;
    part.hidden = !isShown;
    part.querySelectorAll("input").forEach((input) => (input.disabled = !isShown));
  });
}

document.addEventListener("change", (change) => {
  if (change.target.matches("[data-operators]")) showInputs(change.target);
});

document.addEventListener("input", (input) => {
  if (!input.target.matches("[data-narrows]")) return;
  const wanted = input.target.value.trim().toLowerCase();
  const box = input.target.parentElement.querySelector("[data-narrowed]");
  box.querySelectorAll("button, label.choice").forEach((one) => {
    one.hidden = !one.textContent.toLowerCase().includes(wanted);
  });
  const other = input.target.parentElement.querySelector("[data-other]");
  if (other) {
    other.hidden = !wanted;
    other.querySelector("input").value = other.dataset.other + input.target.value.trim();
    other.querySelector("b").textContent = input.target.value.trim();
  }
});

document.addEventListener("htmx:afterSwap", (swap) => {
  if (swap.target.id === "filter-body") {
    const select = swap.target.querySelector("[data-operators]");
    if (select) showInputs(select);
    swap.target.querySelector("input:not([type=hidden]):not(:disabled), select, button")?.focus();
  }
  if (swap.target.id === "peek") showPlace();
  if (swap.target.id === "list") {
    // the address says what is searched for; each letter is no step of the back button
    emptyPeek();
    history.replaceState({}, "", document.getElementById("list").dataset.base);
    listAt = here("").href;
    showPicked();
  }
});

// ---- selecting

function picked() {
  return [...document.querySelectorAll("[data-picks]:checked")];
}

function showPicked(isAll = false) {
  const bar = document.getElementById("selbar");
  if (!bar) return;
  const chosen = picked();
  bar.hidden = !chosen.length;
  bar.querySelector("[data-picked]").textContent = isAll ? bar.dataset.all : chosen.length;
  bar.querySelector("[name=all]").value = isAll ? "yes" : "";
  bar.querySelector("[name=ids]").value = chosen.map((one) => one.value).join(",");
  bar.querySelector(".all").hidden = isAll || document.querySelectorAll("[data-picks]").length !== chosen.length;
}

document.addEventListener("change", (change) => {
  if (change.target.matches("[data-picks-all]")) {
    document.querySelectorAll("[data-picks]").forEach((one) => (one.checked = change.target.checked));
  }
  if (change.target.matches("[data-picks], [data-picks-all]")) showPicked();
});

document.addEventListener("submit", (submit) => {
  // a download leaves the page: the form may be sent again, though not by a double click
  if (submit.target.closest("#selbar")) setTimeout(() => delete submit.target.dataset.sent, 2000);
});

document.addEventListener("click", (click) => {
  if (click.target.closest("#selbar .all")) showPicked(true);
  if (click.target.closest("[data-picks-none]")) {
    document.querySelectorAll("[data-picks], [data-picks-all]").forEach((one) => (one.checked = false));
    showPicked();
  }
});

// ---- widths

function setWidths() {
  document.querySelectorAll("th[data-width]").forEach((head) => setWidth(head, Number(head.dataset.width)));
}

function setWidth(head, px) {
  head.style.width = head.style.minWidth = head.style.maxWidth = `${px}px`;
  const place = [...head.parentElement.children].indexOf(head);
  head.closest("table").querySelectorAll(`tbody tr > :nth-child(${place + 1})`).forEach((cell) => {
    cell.style.maxWidth = `${px}px`;
  });
}

function keepWidths() {
  const url = new URL(location.href);
  url.searchParams.delete("col");
  document.querySelectorAll("th[data-column]").forEach((head) => {
    url.searchParams.append("col", head.dataset.width ? `${head.dataset.column}~${head.dataset.width}` : head.dataset.column);
  });
  location.replace(url);
}

document.addEventListener("pointerdown", (down) => {
  const grip = down.target.closest("[data-resizes]");
  if (!grip) return;
  down.preventDefault();
  const head = grip.closest("th");
  const [from, width] = [down.clientX, head.offsetWidth];
  const move = (event) => {
    head.dataset.width = Math.round(Math.min(Math.max(width + event.clientX - from, 64), 800));
    setWidth(head, Number(head.dataset.width));
  };
  grip.setPointerCapture(down.pointerId);
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", () => {
    grip.removeEventListener("pointermove", move);
    keepWidths();
  }, { once: true });
});

document.addEventListener("htmx:load", setWidths);
setWidths();
showPlace();
showPicked();
