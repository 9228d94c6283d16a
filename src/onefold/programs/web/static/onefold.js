// What the pages do beyond HTML and htmx. Each part is a module beside this file.
import "./js/address.js";
import "./js/connection.js";
import "./js/copy.js";
import "./js/dialogs.js";
import "./js/keys.js";
import "./js/lists.js";
import "./js/menus.js";
import "./js/palette.js";
import "./js/toasts.js";
import "./js/tabs.js";
