// Cells of lists that are edited where they stand: a click or the arrows choose one, Enter or another click edits it,
// Enter or Tab saves, Escape leaves. What can't be edited says why. On phones a tap opens the record.

const PHONE = matchMedia("(max-width: 720px)");
const before = new WeakMap(); // what stood in a cell that is edited
const after = new WeakMap(); // where to go once it is saved

const cellsOf = (row) => [...row.querySelectorAll("td[data-cell]")].filter((one) => one.checkVisibility());

function choose(cell) {
  cell?.focus();
  cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function beside(cell, columns, rows) {
  const row = cell.closest("tr");
  if (columns) {
    const all = cellsOf(row);
    const next = all[all.indexOf(cell) + columns];
    return next ?? (columns < 0 ? row.querySelector("[data-peeks]") : null);
  }
  const all = [...row.parentElement.rows];
  return all[all.indexOf(row) + rows]?.querySelector(`td[data-cell="${CSS.escape(cell.dataset.cell)}"]`);
}

function edit(cell) {
  if (!cell.dataset.edits || cell.querySelector("form")) return;
  before.set(cell, cell.innerHTML);
  htmx.ajax("GET", `${cell.dataset.edits}/edit?cell=yes`, { target: cell, swap: "innerHTML" });
}

function leave(cell) {
  cell.classList.remove("editing");
  cell.innerHTML = before.get(cell) ?? "";
}

function isChanged(form) {
  const given = new FormData(form);
  return given.getAll("value").join("\n") !== given.getAll("seen").join("\n");
}

function save(form, next) {
  const cell = form.closest("td");
  after.set(cell, next);
  if (isChanged(form)) return form.requestSubmit();
  leave(cell);
  choose(next ?? cell);
}

document.addEventListener("click", (click) => {
  const cell = click.target.closest("td[data-cell]");
  if (!cell || click.target.closest("a, button, form")) return;
  if (PHONE.matches) cell.closest("tr").querySelector("[data-peeks]").click();
  else if (click.detail > 1 || cell.dataset.chosen) edit(cell);
});

// which cell was chosen before the press: the press itself gives it the focus
document.addEventListener("pointerdown", ({ target }) => {
  const cell = target.closest("td[data-cell]");
  if (cell) cell.dataset.chosen = document.activeElement === cell ? "yes" : "";
});

document.addEventListener("keydown", (press) => {
  if (press.ctrlKey || press.metaKey || press.altKey) return;
  const form = press.target.closest("form.cell-form");
  if (form) return inForm(press, form);
  const link = press.target.closest("#list [data-peeks]");
  if (link && press.key === "ArrowRight") {
    press.preventDefault();
    return choose(cellsOf(link.closest("tr"))[0]);
  }
  const cell = press.target.closest("td[data-cell]");
  if (!cell || press.target !== cell) return;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[press.key];
  if (step) choose(beside(cell, ...step));
  else if (press.key === "Enter" || press.key === "F2") edit(cell);
  else if (press.key === "Escape") cell.closest("tr").querySelector("[data-peeks]").focus();
  else return;
  press.preventDefault();
  press.stopPropagation();
});

function inForm(press, form) {
  const cell = form.closest("td");
  const isLong = press.target.matches("textarea");
  if (press.key === "Escape") {
    press.preventDefault();
    press.stopPropagation();
    leave(cell);
    choose(cell);
  } else if (press.key === "Tab") {
    press.preventDefault();
    save(form, beside(cell, press.shiftKey ? -1 : 1, 0) ?? cell);
  } else if (press.key === "Enter" && !press.defaultPrevented && !(isLong && press.shiftKey)) {
    press.preventDefault();
    save(form, cell);
  }
}

document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const form = target.closest("form.cell-form");
  if (!form || form.contains(relatedTarget) || form.querySelector("[role=alert]")) return;
  // once the press that took the focus away has done what it does
  setTimeout(() => form.isConnected && !form.contains(document.activeElement) && save(form, document.activeElement));
});

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (!target.matches?.("td[data-cell]")) return;
  const form = target.querySelector("form.cell-form");
  target.classList.toggle("editing", Boolean(form));
  if (form) {
    const control = form.querySelector("input:not([type=hidden]), select, textarea");
    control?.focus();
    control?.select?.();
  } else choose(after.get(target) ?? target);
});
