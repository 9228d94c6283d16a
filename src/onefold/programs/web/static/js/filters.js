// What a list or a board is filtered by: the popover of fields and forms, the dialog of groups, columns in their order.

import { openGroups } from "./groups.js";

const menu = document.getElementById("filter-menu");

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
  if (swap.target.id !== "filter-body") return;
  const select = swap.target.querySelector("[data-operators]");
  if (select) showInputs(select);
  swap.target.querySelector("input:not([type=hidden]):not(:disabled), select, button")?.focus();
});
