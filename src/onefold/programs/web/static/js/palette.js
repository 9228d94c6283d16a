// The command palette: Ctrl-K or ⌘-K. The server finds (GET /jump?q=…), this chooses.

const dialog = document.getElementById("palette");

if (navigator.platform.startsWith("Mac")) document.querySelector(".jump .kbd").textContent = "⌘K";

function open() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const input = dialog.querySelector("input");
  input.select();
  if (!dialog.querySelector(".found a")) htmx.trigger(input, "search");
}

function choose(link) {
  dialog.querySelectorAll(".found a").forEach((one) => one.setAttribute("aria-selected", one === link));
  dialog.querySelector("input").setAttribute("aria-activedescendant", link?.id ?? "");
  link?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (press) => {
  if ((press.ctrlKey || press.metaKey) && press.key.toLowerCase() === "k") {
    press.preventDefault();
    open();
  }
});

document.addEventListener("click", (click) => {
  if (click.target.closest("[data-opens-palette]")) open();
});

dialog?.addEventListener("keydown", (press) => {
  const links = [...dialog.querySelectorAll(".found a")];
  const here = links.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
  if (press.key === "Escape") dialog.close(); // at once: the browser would only empty the search
  if (step && links.length) {
    press.preventDefault();
    choose(links[(here + step + links.length) % links.length]);
  } else if (press.key === "Enter" && links.length) {
    press.preventDefault();
    links[Math.max(here, 0)].click();
  }
});

dialog?.addEventListener("htmx:afterSwap", () => choose(dialog.querySelector(".found a")));
