// Keyboard shortcuts. An element says its own: data-key="g p" (two strokes), data-key="/" (one). `?` lists them all.

const FOLLOWS_WITHIN_MS = 1200;
let first = { key: "", at: 0 };

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") && !target.matches("[type=checkbox], [type=radio]");
}

function use(element) {
  if (element.matches("input, textarea, select")) element.focus();
  else element.click();
}

function find(keys) {
  return [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === keys && one.checkVisibility?.() !== false)
    ?? document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
}

document.addEventListener("keydown", (press) => {
  if (press.ctrlKey || press.metaKey || press.altKey || isTyping(press.target) || document.querySelector("dialog[open]")) return;
  const now = performance.now();
  const both = now - first.at < FOLLOWS_WITHIN_MS ? `${first.key} ${press.key}` : "";
  const element = (both && find(both)) || find(press.key);
  first = { key: press.key, at: now };
  if (press.key === "?") showAll();
  else if (element) use(element);
  else return;
  first = { key: "", at: 0 };
  press.preventDefault();
});

document.addEventListener("click", (click) => {
  if (click.target.closest("[data-shows-keys]")) showAll();
});

function showAll() {
  const dialog = document.getElementById("keys");
  const rows = new Map([["? ", dialog.dataset.title]]);
  document.querySelectorAll("[data-key]").forEach((one) => {
    rows.set(one.dataset.key, one.dataset.keyTitle ?? one.getAttribute("aria-label") ?? one.textContent.trim());
  });
  const always = [...dialog.querySelectorAll("[data-lists-key]")]
    .filter((one) => document.querySelector(one.dataset.when))
    .map((one) => [one.dataset.listsKey, one.textContent]);
  dialog.querySelector("dl").replaceChildren(
    ...[...rows, ...always].flatMap(([keys, title]) => {
      const [name, value] = [document.createElement("dt"), document.createElement("dd")];
      name.textContent = title;
      value.replaceChildren(
        ...keys.trim().split(" ").map((key) => {
          const cap = document.createElement("span");
          cap.className = "kbd";
          cap.textContent = key;
          return cap;
        }),
      );
      return [name, value];
    }),
  );
  dialog.showModal();
}
