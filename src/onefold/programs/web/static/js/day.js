// My day: X ticks the row that has the focus, and the next one takes its place.

let place = -1;
let before = null; // the list in which that was

function rows() {
  return [...document.querySelectorAll("#day [data-row]")];
}

document.addEventListener("keydown", (press) => {
  const row = press.target.closest("#day [data-row]");
  if (press.key !== "x" || !row || press.ctrlKey || press.metaKey || press.altKey) return;
  press.preventDefault();
  row.querySelector("[data-ticks]")?.click();
});

document.addEventListener("submit", (submit) => {
  place = rows().indexOf(submit.target.closest("#day [data-row]"));
  before = document.getElementById("day");
});

document.addEventListener("htmx:afterSwap", () => {
  if (place < 0 || document.getElementById("day") === before) return; // something else came
  const all = rows();
  all[Math.min(place, all.length - 1)]?.querySelector("a")?.focus();
  place = -1;
});
