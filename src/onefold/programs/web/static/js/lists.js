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

// htmx says it for each element that came; the list is cut once for all of them
let is_cut_soon = false;

document.addEventListener("htmx:afterSwap", () => {
  const stream = document.getElementById("stream");
  if (!stream || is_cut_soon) return;
  is_cut_soon = true;
  requestAnimationFrame(() => {
    is_cut_soon = false;
    const rows = stream.getElementsByClassName("evt");
    while (rows.length > MAX_LIVE_ROWS) rows[rows.length - 1].remove();
    for (const batch of stream.querySelectorAll(".batch:not(:has(.evt))")) batch.remove();
  });
});

// one event of the stream is open beside it
document.addEventListener("click", (click) => {
  const row = click.target.closest("#stream .evt");
  if (!row) return;
  document.querySelectorAll("#stream .evt.open").forEach((one) => one.classList.remove("open"));
  row.classList.add("open");
});
