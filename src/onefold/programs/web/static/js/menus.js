// Menus (`popover`, class menu) open beside the button that names them (`popovertarget`): below it, or above where there is room.

const GAP = 4;
const EDGE = 8;
let opener = null;

document.addEventListener("click", (click) => {
  opener = click.target.closest("[popovertarget]") ?? opener;
}, true);

document.addEventListener("toggle", (toggle) => {
  const menu = toggle.target;
  if (toggle.newState === "open" && menu.matches?.(".menu") && opener?.getAttribute("popovertarget") === menu.id) place(menu);
}, true);

function place(menu) {
  const near = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = near.bottom + GAP;
  const top = below + height + EDGE <= innerHeight ? below : near.top - GAP - height;
  menu.style.top = `${Math.max(EDGE, top)}px`;
  menu.style.left = `${Math.max(EDGE, Math.min(near.left, innerWidth - width - EDGE))}px`;
  menu.style.right = "auto";
}
