// Files of a record: chosen or dropped, sent one after the other with their progress. What goes wrong is said beside each.

function line(box, name) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const bar = document.createElement("progress");
  text.className = "cut small";
  text.textContent = name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", name);
  item.append(text, bar);
  box.querySelector(".uploads").append(item);
  return { item, bar };
}

function refuse(item, text) {
  item.className = "bad small";
  item.setAttribute("role", "alert");
  item.textContent = text;
}

function send(box, file, { item, bar }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", box.dataset.upload);
    request.setRequestHeader("X-CSRFToken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => (bar.value = loaded / total);
    request.onloadend = () => {
      const isText = request.getResponseHeader("Content-Type")?.startsWith("text/plain");
      if (request.status === 200) item.remove();
      else refuse(item, isText ? `${file.name}: ${request.responseText}` : box.dataset.failed.replace("%s", file.name));
      resolve(request.status === 200);
    };
    request.send(file);
  });
}

async function upload(box, files) {
  const waiting = [...files].map((file) => [file, line(box, file.name)]);
  let isAny = false;
  let isWrong = false;
  for (const [file, shown] of waiting) {
    if (file.size > Number(box.dataset.most)) {
      refuse(shown.item, box.dataset.tooLarge.replace("%s", file.name));
      isWrong = true;
    } else if (await send(box, file, shown)) isAny = true;
    else isWrong = true;
  }
  if (!isAny) return;
  const said = isWrong ? [...box.querySelectorAll(".uploads > .bad")] : [];
  const card = box.closest(".files");
  document.addEventListener("htmx:afterSettle", () => document.querySelector("#files .uploads")?.append(...said), { once: true });
  htmx.trigger(card, "files-changed");
}

document.addEventListener("click", ({ target }) => {
  target.closest?.("[data-picks-files]")?.parentElement.querySelector("input[type=file]").click();
});

document.addEventListener("change", ({ target }) => {
  const box = target.closest?.("[data-upload]");
  if (!box || target.type !== "file" || !target.files.length) return;
  upload(box, [...target.files]);
  target.value = "";
});

for (const name of ["dragover", "dragleave", "drop"])
  document.addEventListener(name, (event) => {
    const box = event.target.closest?.(".files")?.querySelector("[data-upload]");
    if (!box || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    box.classList.toggle("over", name === "dragover");
    if (name === "drop") upload(box, event.dataTransfer.files);
  });
