// The builder of forms: draws the preview whenever the draft was saved, and lets fields be dragged to another place.

const preview = document.getElementById("preview");
const build = document.getElementById("build");

function draw() {
  OnefoldForm.draw(JSON.parse(document.getElementById("form-shown").dataset.shown), preview);
}

function makeSortable() {
  const list = document.getElementById("fields");
  if (list.dataset.sorts) return;
  list.dataset.sorts = "yes";
  Sortable.create(list, {
    handle: ".grip",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
    onEnd: () => build.dispatchEvent(new Event("change")),
  });
}

document.addEventListener("htmx:afterSettle", () => {
  draw();
  makeSortable();
});
draw();
makeSortable();
