// Lists: J and K move through rows ([data-row]) and through what they open; the live stream stays bounded.

const MAX_LIVE_ROWS = 400;

document.addEventListener("keydown", (press) => {
  const step = { j: 1, k: -1 }[press.key];
  if (!step || press.ctrlKey || press.metaKey || press.altKey) return;
  if (press.target.closest("input, textarea, select, dialog[open]")) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const here = rows.indexOf(press.target.closest("[data-row]") ?? document.querySelector("[data-row].open"));
  const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
  const link = next.querySelector("a");
  link?.focus();
  if (document.querySelector(".peek, .detail > *")) link?.click();
  press.preventDefault();
});

document.addEventListener("keydown", (press) => {
  if (press.key === "Escape") document.querySelector("[data-closes-peek]")?.click();
});

document.addEventListener("htmx:afterSwap", () => {
  document.querySelectorAll("#stream .evt").forEach((row, place) => {
    if (place >= MAX_LIVE_ROWS) row.remove();
  });
});

// one event of the stream is open beside it
document.addEventListener("click", (click) => {
  const row = click.target.closest("#stream .evt");
  if (!row) return;
  document.querySelectorAll("#stream .evt.open").forEach((one) => one.classList.remove("open"));
  row.classList.add("open");
});
