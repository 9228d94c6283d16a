// Security keys: a form with data-webauthn (create or get) asks the browser for the key, and sends what it answers.

async function ask(form) {
  const options = JSON.parse(form.dataset.options).publicKey;
  const isNew = form.dataset.webauthn === "create";
  const credential = isNew
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.submit();
}

// in the capturing phase, before copy.js takes the form for sent
document.addEventListener("submit", async (submit) => {
  const form = submit.target.closest("form[data-webauthn]");
  if (!form) return;
  submit.preventDefault();
  submit.stopPropagation();
  const failure = form.querySelector("[role=alert]");
  failure.hidden = true;
  try {
    await ask(form);
  } catch {
    failure.hidden = false;
  }
}, true);
