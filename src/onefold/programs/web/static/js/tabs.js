// Tabs: [role=tab] buttons show the panel that aria-controls names. Arrow keys move, as the ARIA pattern asks.

function choose(tab) {
  for (const one of tab.parentElement.querySelectorAll("[role=tab]")) {
    const is_chosen = one === tab;
    one.setAttribute("aria-selected", is_chosen);
    one.tabIndex = is_chosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !is_chosen;
  }
}

document.addEventListener("click", (click) => {
  const tab = click.target.closest("[role=tab]");
  if (tab) choose(tab);
});

document.addEventListener("keydown", (press) => {
  const tab = press.target.closest?.("[role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[press.key];
  if (!tab || !step) return;
  const all = [...tab.parentElement.querySelectorAll("[role=tab]")];
  const next = all[(all.indexOf(tab) + step + all.length) % all.length];
  choose(next);
  next.focus();
  press.preventDefault();
});
