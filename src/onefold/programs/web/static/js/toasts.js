// Toasts: those of the page go after a while, those of an answer (`HX-Trigger: {"toast": {"text", "tone", "undo"}}`) come.

const STAYS_MS = 8000;
const box = document.getElementById("toasts");

function leave(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? leave(toast) : toast.remove()), STAYS_MS);
}

box?.querySelectorAll(".toast:not(.bad)").forEach(leave);

document.addEventListener("click", (click) => click.target.closest("[data-closes-toast]")?.closest(".toast").remove());

// `undo`: address that takes it back, `back()`: takes it back in this page, `url`: address of the link; the toast, or the
// one that says the same already
export function say({ text, tone = "ok", undo = "", back = null, url = "" }) {
  const known = [...box.children].find((one) => one.querySelector("span").textContent === text);
  if (known && !undo && !back) return known;
  const toast = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  toast.classList.add(tone);
  toast.querySelector("span").textContent = text;
  const [form, link] = [toast.querySelector("form"), toast.querySelector("a")];
  if (undo) form.action = undo;
  else if (back)
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      submit.stopPropagation();
      toast.remove();
      back();
    });
  else form.remove();
  if (url) link.href = url;
  else link.remove();
  box.append(toast);
  if (tone !== "bad") leave(toast);
  return toast;
}

document.addEventListener("toast", (event) => say(event.detail));
