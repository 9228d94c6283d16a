// An answer to a form may be a page that has an address of its own (data-address). The bar shows that one, so that
// loading the page again asks for it and sends nothing twice.

const shown = document.querySelector("[data-address]");
if (shown) history.replaceState(history.state, "", shown.dataset.address);
