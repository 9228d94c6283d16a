// A list of records: the one at the side, filters and columns, selecting, widths. The address always says what is shown.

import "./filters.js";

const PHONE = matchMedia("(max-width: 720px)");
const peek = document.getElementById("peek");

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
  if (link || (row && !click.target.closest("a, button, input, td[data-cell], form"))) {
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

document.addEventListener("htmx:afterSwap", (swap) => {
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
  const ids = (bar.dataset.ids = chosen.map((one) => one.value).join(","));
  bar.dataset.isAll = isAll ? "yes" : "";
  bar.querySelectorAll("[name=all]").forEach((one) => (one.value = isAll ? "yes" : ""));
  bar.querySelectorAll("[name=ids]").forEach((one) => (one.value = ids));
  bar.querySelector(".all").hidden = isAll || document.querySelectorAll("[data-picks]").length !== chosen.length;
}

document.addEventListener("change", (change) => {
  if (change.target.matches("[data-picks-all]")) {
    document.querySelectorAll("[data-picks]").forEach((one) => (one.checked = change.target.checked));
  }
  if (change.target.matches("[data-picks], [data-picks-all]")) showPicked();
});

document.addEventListener("click", (click) => {
  // what is exported: the rows that are selected, or without any the whole list
  if (!click.target.closest("[data-opens=export-list]")) return;
  const form = document.querySelector("#export-list form");
  const bar = document.getElementById("selbar");
  const ids = bar && !bar.hidden ? bar.dataset.ids : "";
  const isAll = !ids || bar.dataset.isAll === "yes";
  delete form.dataset.sent; // it is another question than the last one
  form.elements.all.value = isAll ? "yes" : "";
  form.elements.ids.value = isAll ? "" : ids;
  const text = form.querySelector("[data-everything]");
  text.textContent = isAll ? text.dataset.everything : `${text.dataset.selected} ${ids.split(",").length}`;
}, true);

document.addEventListener("submit", (submit) => {
  if (submit.target.matches("[data-exports]")) submit.target.closest("dialog").close();
  // a download leaves the page: the form may be sent again, though not by a double click
  if (submit.target.closest("#selbar, [data-exports]")) setTimeout(() => delete submit.target.dataset.sent, 2000);
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
