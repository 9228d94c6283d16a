"""The sample shop as a website: a few pages and one script, on which Segment's own browser library runs."""

import html
import json
import threading
from collections.abc import Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any, Final, NamedTuple

from onefold.config import Settings, reachable
from onefold.programs.demo.catalogue import CATEGORIES, CURRENCY, PRODUCTS, SAID, Product

FOLDER: Final = Path(__file__).parent / "shop"
ON_THE_FRONT: Final = ("Tents", "Packs", "Footwear", "Clothing", "Winter")
HUES: Final = 5
_ARTS: Final = {
    "TENT": "tent",
    "TARP": "tarp",
    "BAG": "bag",
    "MAT": "mat",
    "PACK": "pack",
    "BOOT": "boot",
    "SHOE": "shoe",
    "JACK": "jacket",
    "WOOL": "shirt",
    "SOCK": "sock",
    "STOV": "stove",
    "KNIF": "knife",
    "KETL": "kettle",
    "LAMP": "lamp",
    "SKI": "ski",
}
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}


class Origins(NamedTuple):
    """Where the pages send people and events."""

    collector: str
    web: str
    write_key: str
    form_key: str = ""


class File(NamedTuple):
    """What is served under a path."""

    kind: str
    body: bytes


def start(settings: Settings, write_key: str, form_key: str = "") -> str:
    """Serves the shop until the process ends; its address. Takes another port when the wanted one is in use.

    `form_key`: of the form on the page Contact; "" = there is no such page.
    """
    collector, web = settings.collector, settings.web
    origins = Origins(
        collector=f"http://{_authority(collector.host, collector.port)}",
        web=f"http://{_authority(web.host, web.port)}",
        write_key=write_key,
        form_key=form_key,
    )
    handler = partial(_Handler, files(origins), _security(origins))
    try:
        server = ThreadingHTTPServer((web.host, settings.demo.port), handler)
    except OSError:
        server = ThreadingHTTPServer((web.host, 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="storefront", daemon=True).start()
    return f"http://{_authority(web.host, server.server_address[1])}"


def files(origins: Origins) -> dict[str, File]:
    """Everything that the shop serves. Pure but for the files of the package."""
    found = {
        f"/{path.name}": File(_TYPES[path.suffix], path.read_bytes())
        for path in FOLDER.iterdir()
        if path.suffix in (".css", ".js", ".svg")
    }
    found["/catalogue.js"] = File(_TYPES[".js"], _catalogue().encode())

    def add(path: str, title: str, main: str, **about: str) -> None:
        found[path] = File(_TYPES[".html"], _page(origins, title, main, **about).encode())

    line = _part("line")
    everything = _grid("Gear for the north", PRODUCTS, count=_count(PRODUCTS))
    add("/", "Norrland Outfitters", _hero() + everything, page="home")
    for category in CATEGORIES:
        some = [product for product in PRODUCTS if product.category == category]
        grid = _grid(category, some, "h1", count=_count(some))
        add(f"/{category.lower()}", category, grid, page="category", category=category)
    for product in PRODUCTS:
        add(_path(product), product.name, _product(product), page="product", sku=product.sku, category=product.category)
    add("/cart", "Cart", line + _part("cart"), page="cart")
    add("/checkout", "Check out", line + _part("checkout"), page="checkout")
    add("/account", "Account", _part("account"), page="account")
    add("/thanks", "Thank you", _part("thanks"), page="thanks")
    if origins.form_key:
        add("/contact", "Contact", Template(_part("contact")).substitute(origins._asdict()), page="contact")
    add("/404", "Not found", _part("missing"), page="missing")
    return found


def _page(origins: Origins, title: str, main: str, *, page: str, sku: str = "", category: str = "") -> str:
    menu = "".join(
        f'<a href="/{name.lower()}"{" aria-current=page" if name == category else ""}>{name}</a>'
        for name in ON_THE_FRONT
    )
    whole = title if page == "home" else f"{title} – Norrland Outfitters"  # noqa: RUF001 a dash as shops write it
    facts = {
        **origins._asdict(),
        "title": whole,
        "name": "Home" if page == "home" else title,
        "page": page,
        "sku": sku,
        "category": category,
    }
    facts["contact"] = "/contact" if origins.form_key else "/"
    escaped = {name: html.escape(value) for name, value in facts.items()}
    return Template(_part("page")).substitute(escaped, menu=menu, main=main)


def _hero() -> str:
    return (
        '<section class="hero"><svg aria-hidden="true"><use href="/art.svg#hills"/></svg><div><h1>Further north</h1>'
        "<p>Tents, boots and wool for places where the road ends. Tried out by people who live there.</p>"
        '<a class="btn" href="/tents">See the tents</a></div></section>'
    )


def _grid(title: str, products: Sequence[Product], level: str = "h2", *, count: str = "") -> str:
    items = "".join(
        f'<a class="item" href="{_path(one)}">{_art(one)}<h3>{html.escape(one.name)}</h3>'
        f'<p><span>{one.category}</span><span class="price">{_price(one)}</span></p></a>'
        for one in products
    )
    return (
        f'<div class="head"><{level}>{html.escape(title)}</{level}><span>{count}</span></div>'
        f'<section class="grid">{items}</section>'
    )


def _count(products: Sequence[Product]) -> str:
    return "1 product" if len(products) == 1 else f"{len(products)} products"


def _product(product: Product) -> str:
    more = [one for one in PRODUCTS if one.category == product.category and one != product]
    more += [one for one in PRODUCTS if one.category != product.category]
    return (
        f'<section class="product">{_art(product)}<div><p class="crumb"><a href="/{product.category.lower()}">'
        f'{product.category}</a></p><h1>{html.escape(product.name)}</h1><p class="price">{_price(product)}</p>'
        f'<p>{SAID[product.sku]}</p><button type="button" class="btn" id="add">Add to cart</button>'
        '<p class="said" id="added" role="status"></p><ul><li>In stock, leaves Umeå tomorrow</li>'
        "<li>Thirty days to change your mind</li><li>Repaired for as long as we are around</li></ul></div></section>"
        + _grid("Goes well with it", more[:4])
    )


def _art(product: Product) -> str:
    name = _ARTS[product.sku.partition("-")[0]]
    return f'<div class="art h{_hue(product)}"><svg aria-hidden="true"><use href="/art.svg#{name}"/></svg></div>'


def _hue(product: Product) -> int:
    return PRODUCTS.index(product) % HUES


def _price(product: Product) -> str:
    return f"{product.price_minor // 100:,} kr"


def _path(product: Product) -> str:
    return f"/p/{product.sku.lower()}"


def _catalogue() -> str:
    products = [
        product.properties()
        | {"price": product.price_minor // 100, "art": _ARTS[product.sku.partition("-")[0]], "hue": _hue(product)}
        for product in PRODUCTS
    ]
    return f"export const CURRENCY = {json.dumps(CURRENCY)}\nexport const PRODUCTS = {json.dumps(products)}\n"


def _part(name: str) -> str:
    return (FOLDER / f"{name}.html").read_text("utf-8")


def _security(origins: Origins) -> str:
    return (
        f"default-src 'none'; script-src 'self' {origins.collector}; connect-src {origins.collector}; "
        "style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _authority(host: str, port: int) -> str:
    found = reachable(host)
    return f"[{found}]:{port}" if ":" in found else f"{found}:{port}"


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of what `files` gave; the rest is not there."""

    server_version = "Norrland"
    sys_version = ""
    timeout = 10  # of a client that says nothing

    def __init__(self, found: dict[str, File], security: str, *arguments: Any) -> None:  # noqa: ANN401 the server's own
        self._files = found
        self._security = security
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """One file, or the page that says there is none."""
        path = self.path.partition("?")[0]
        file = self._files.get(path.rstrip("/") or "/")
        self.send_response(200 if file else 404)
        file = file or self._files["/404"]
        self.send_header("Content-Type", f"{file.kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(file.body)))
        self.send_header("Content-Security-Policy", self._security)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "strict-origin-when-cross-origin")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(file.body)

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 the server's own
        """Nothing: who looks at what is for Onefold to tell."""
