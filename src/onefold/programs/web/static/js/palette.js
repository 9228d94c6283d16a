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

// ---- recent: records and people that this tab was at, kept by the tab alone and forgotten at the sign-out

const RECENT = "recent";
const MOST_RECENT = 6;
const IS_RECORD = /^\/(people|companies|deals|tasks|activities|products|records\/\w+)\/[^/]+$/;

function recent() {
  return JSON.parse(sessionStorage.getItem(RECENT) ?? "[]");
}

function remember() {
  const title = document.querySelector(".rec-h .name, h1.name, h1")?.textContent.trim();
  if (!dialog || !title || !IS_RECORD.test(location.pathname) || location.pathname.endsWith("/new")) return;
  const others = recent().filter((one) => one.url !== location.pathname);
  sessionStorage.setItem(RECENT, JSON.stringify([{ title, url: location.pathname }, ...others].slice(0, MOST_RECENT)));
}

function showRecent() {
  const all = recent().filter((one) => one.url !== location.pathname);
  const found = dialog.querySelector(".found");
  if (dialog.querySelector("input").value.trim() || !all.length) return;
  const head = document.createElement("p");
  head.className = "cap";
  head.textContent = found.dataset.recent;
  const links = all.map(({ title, url }, n) => {
    const link = document.createElement("a");
    [link.id, link.href, link.role, link.textContent] = [`recent-${n}`, url, "option", title];
    return link;
  });
  found.prepend(head, ...links);
}

document.addEventListener("submit", ({ target }) => {
  if (target.getAttribute("action") === "/signout") sessionStorage.removeItem(RECENT);
});

remember();

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

dialog?.addEventListener("htmx:afterSwap", () => {
  showRecent();
  choose(dialog.querySelector(".found a"));
});
