// Toasts: those of the page go after a while, those of an answer (`HX-Trigger: {"toast": {"text", "tone", "undo"}}`) come.

const STAYS_MS = 8000;
const box = document.getElementById("toasts");

function leave(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? leave(toast) : toast.remove()), STAYS_MS);
}

box?.querySelectorAll(".toast:not(.bad)").forEach(leave);

document.addEventListener("click", (click) => click.target.closest("[data-closes-toast]")?.closest(".toast").remove());

document.addEventListener("toast", (event) => {
  const toast = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  toast.classList.add(event.detail.tone ?? "ok");
  toast.querySelector("span").textContent = event.detail.text;
  const undo = toast.querySelector("form");
  if (event.detail.undo) undo.action = event.detail.undo;
  else undo.remove();
  box.append(toast);
  if (event.detail.tone !== "bad") leave(toast);
});

// what htmx could not do is said, and the page stays as it is
document.addEventListener("htmx:sendError", () => {
  document.dispatchEvent(new CustomEvent("toast", { detail: { tone: "bad", text: box.dataset.offline } }));
});
document.addEventListener("htmx:responseError", (event) => {
  const said = event.detail.xhr.getResponseHeader("X-Message");
  const text = said ? decodeURIComponent(said) : box.dataset.failed;
  document.dispatchEvent(new CustomEvent("toast", { detail: { tone: "bad", text } }));
});
