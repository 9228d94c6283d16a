// Copy buttons (`data-copy` = id of the text), and a question before what can't be undone (`data-confirm`).

document.addEventListener("click", async (click) => {
  const button = click.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.dataset.state = document.getElementById("toasts").dataset.copied;
  } catch {
    // no clipboard on plain http from another machine: mark the text so that Ctrl-C takes it
    getSelection().selectAllChildren(source);
    button.dataset.state = document.getElementById("toasts").dataset.marked;
  }
  setTimeout(() => delete button.dataset.state, 2000);
});

document.addEventListener("submit", (submit) => {
  const form = submit.target;
  if (form.dataset.sent) return submit.preventDefault(); // a double click sends once
  const question = submit.submitter?.dataset.confirm;
  if (question && !confirm(question)) return submit.preventDefault();
  if (form.method === "post" && !form.matches("[hx-post], [hx-get]")) form.dataset.sent = "yes";
});

// the page may come back out of the browser's memory with its forms as they were sent
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
