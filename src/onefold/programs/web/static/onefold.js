// What the pages do beyond HTML and htmx: copy buttons, a question before what can't be undone, a bound on the live list.
"use strict";

const MAX_LIVE_GROUPS = 40;

document.addEventListener("click", async (click) => {
  const button = click.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.dataset.state = "Copied";
  } catch {
    // no clipboard on plain http from another machine: mark the text so that Ctrl-C takes it
    getSelection().selectAllChildren(source);
    button.dataset.state = "Marked: press Ctrl-C";
  }
  setTimeout(() => delete button.dataset.state, 2000);
});

// A confirmation where htmx isn't used: `data-confirm` on a form's button.
document.addEventListener("submit", (submit) => {
  const question = submit.submitter?.dataset.confirm;
  if (question && !confirm(question)) submit.preventDefault();
});

document.addEventListener("htmx:afterSwap", () => {
  document.querySelectorAll("#stream .batch").forEach((batch, place) => {
    if (place >= MAX_LIVE_GROUPS) batch.remove();
  });
});
