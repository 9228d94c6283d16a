"""What the sample shop sells."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Product:
    """Something to buy; the price in öre."""

    sku: str
    name: str
    category: str
    price_minor: int

    def properties(self) -> dict[str, object]:
        """As the e-commerce events of the tracking clients name them."""
        return {
            "product_id": self.sku,
            "name": self.name,
            "category": self.category,
            "price": self.price_minor / 100,
            "currency": CURRENCY,
        }


CURRENCY: Final = "SEK"
PRODUCTS: Final = tuple(
    Product(*fields)
    for fields in (
        ("TENT-2", "Fjällräv 2-person tent", "Tents", 459_900),
        ("TENT-4", "Kebnekaise family tent", "Tents", 789_900),
        ("TARP-1", "Vindskydd tarp", "Tents", 129_900),
        ("BAG-W", "Polarnatt winter sleeping bag", "Sleeping", 349_900),
        ("BAG-S", "Midsommar sleeping bag", "Sleeping", 149_900),
        ("MAT-1", "Mossa insulated mat", "Sleeping", 99_900),
        ("PACK-65", "Kungsleden 65 l rucksack", "Packs", 259_900),
        ("PACK-28", "Dagstur 28 l rucksack", "Packs", 119_900),
        ("BOOT-M", "Sarek mountain boots", "Footwear", 239_900),
        ("BOOT-R", "Regn rubber boots", "Footwear", 89_900),
        ("SHOE-T", "Stig trail shoes", "Footwear", 139_900),
        ("JACK-D", "Islossning down jacket", "Clothing", 329_900),
        ("JACK-S", "Skur shell jacket", "Clothing", 279_900),
        ("WOOL-T", "Ull base layer", "Clothing", 79_900),
        ("SOCK-1", "Raggsocka wool socks", "Clothing", 19_900),
        ("STOV-1", "Lägereld stove", "Kitchen", 119_900),
        ("KNIF-1", "Mora knife", "Kitchen", 24_900),
        ("KETL-1", "Kokkaffe kettle", "Kitchen", 49_900),
        ("LAMP-1", "Norrsken head lamp", "Light", 69_900),
        ("SKI-1", "Vidda touring skis", "Winter", 499_900),
    )
)
CATEGORIES: Final = tuple(dict.fromkeys(product.category for product in PRODUCTS))
# what the shop says of them
SAID: Final = {
    "TENT-2": "Up in four minutes, also with gloves on. Two doors, two porches, 2.1 kg.",
    "TENT-4": "Room for the whole family and a wet dog. Stands through a storm on the fell.",
    "TARP-1": "Wind on one side, a fire on the other. Folds to the size of a loaf.",
    "BAG-W": "Goose down for nights of thirty below. Smells of nothing but cold air.",
    "BAG-S": "For nights that never get dark. Opens into a blanket.",
    "MAT-1": "Warm as moss, and it packs smaller than a thermos.",
    "PACK-65": "The long way from Abisko to Hemavan, and it sits well on every day of it.",
    "PACK-28": "Lunch, a wool sweater and the map. One day, any weather.",
    "BOOT-M": "Full leather, can be soled again. Two hundred kilometres to break in, ten years to wear out.",
    "BOOT-R": "Natural rubber, knee high. For bogs, boats and school yards.",
    "SHOE-T": "Light, quick and grippy on wet rock.",
    "JACK-D": "The warmth of a tiled stove at 410 grams.",
    "JACK-S": "Three layers, taped seams, a hood that turns with your head.",
    "WOOL-T": "Merino, 200 g. Wear it for a week, we won't tell.",
    "SOCK-1": "Knitted in Jokkmokk, darned for free for life.",
    "STOV-1": "Boils a litre in three minutes. Burns spirit, or whatever the forest gives.",
    "KNIF-1": "Carbon steel and birch. Made in the same village since 1891.",
    "KETL-1": "Blackens with the years. Coffee gets better with it.",
    "LAMP-1": "Forty hours, red light for the tent, works at minus twenty-five.",
    "SKI-1": "Steel edges, waxed or with skins. For where the track ends.",
}
