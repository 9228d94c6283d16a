// Dialogs: data-opens="id" opens one, data-closes inside closes it, a click beside it too. One that an answer fills opens.

document.addEventListener("click", (click) => {
  const opener = click.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (click.target.closest("dialog [data-closes]") || click.target.matches("dialog[open]")) click.target.closest("dialog").close();
});

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (!target.matches?.("dialog")) return;
  if (!target.open) target.showModal();
  target.querySelector("[autofocus], [aria-invalid=true]")?.focus();
});
