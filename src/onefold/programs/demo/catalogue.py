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
