// Lists: J and K move through rows ([data-row]) and through what they open; the live list stays bounded.

const MAX_LIVE_GROUPS = 40;

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
  if (document.querySelector(".peek")) link?.click();
  press.preventDefault();
});

document.addEventListener("keydown", (press) => {
  if (press.key === "Escape") document.querySelector(".peek [data-closes-peek]")?.click();
});

document.addEventListener("htmx:afterSwap", () => {
  document.querySelectorAll("#stream .batch").forEach((batch, place) => {
    if (place >= MAX_LIVE_GROUPS) batch.remove();
  });
});
