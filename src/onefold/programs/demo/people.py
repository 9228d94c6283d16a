"""The invented people of the sample shop: who they are, what they carry. Pure; one seed, one set of people."""

import unicodedata
from dataclasses import dataclass, replace
from random import Random
from typing import Final
from uuid import UUID

from onefold.programs.demo import names

COUNTRIES: Final = {
    "NO": ("nb-NO", "Europe/Oslo", ("Oslo", "Bergen", "Tromsø", "Trondheim", "Bodø", "Ålesund")),
    "SE": ("sv-SE", "Europe/Stockholm", ("Umeå", "Kiruna", "Göteborg", "Stockholm", "Östersund")),
    "DK": ("da-DK", "Europe/Copenhagen", ("København", "Århus", "Ærøskøbing")),
    "FI": ("fi-FI", "Europe/Helsinki", ("Helsinki", "Rovaniemi", "Jyväskylä")),
    "IS": ("is-IS", "Atlantic/Reykjavik", ("Reykjavík", "Akureyri")),
    "DE": ("de-DE", "Europe/Berlin", ("München", "Köln", "Hamburg")),
    "PL": ("pl-PL", "Europe/Warsaw", ("Kraków", "Łódź", "Gdańsk")),
    "GB": ("en-GB", "Europe/London", ("Edinburgh", "Keswick", "Bristol")),
}
_GIVEN: Final = {
    "NO": "Ingrid Håkon Solveig Øystein Astrid Bjørn Liv Sindre Åse Torstein Máret Niillas",
    "SE": "Elsa Göran Märta Björn Åsa Örjan Linnéa Sixten Ebba Håkan",
    "DK": "Søren Freja Jørgen Maja Åge Signe Bjarke Lærke",
    "FI": "Aino Väinö Jarkko Päivi Eero Kyllikki Ilmari Satu",
    "IS": "Þóra Guðrún Björk Ægir Sigríður Jón",
    "DE": "Jürgen Anneliese Käthe Sören Grete Matthäus",
    "PL": "Agnieszka Łukasz Małgorzata Paweł Zofia Stanisław",
    "GB": "Fiona Alasdair Niamh Rhys Siobhán Callum",
}
_FAMILY: Final = {
    "NO": "Solheim Bakken Nygård Tørresen Sæther Eira Hætta Skjelbred Lødøen Fjellanger",
    "SE": "Lindqvist Åkesson Sjöberg Öberg Hägglund Nordström Blomqvist Ström",
    "DK": "Sørensen Kjær Ångstrøm Bæk Nørgaard Møller",
    "FI": "Mäkinen Järvi Hämäläinen Korpela Väisänen Lehtonen",
    "IS": "Jónsdóttir Þorsteinsson Sigurðardóttir Ægisson",
    "DE": "Müller Grünwald Weiß Schäfer Köhler",
    "PL": "Wójcik Kowalczyk Żuławski Dąbrowska Wiśniewska",
    "GB": "MacLeod O'Connor Ap-Rhys Fraser-Hyde Byrne",
}
WEIGHTS: Final = {"NO": 34, "SE": 24, "DK": 10, "FI": 9, "IS": 4, "DE": 8, "PL": 5, "GB": 6}
# with the part of their address that no rule could spell
FROM_AFAR: Final = (
    ("佐藤 美咲", "misaki.sato", "ja-JP", "Asia/Tokyo", "札幌", "JP"),
    ("Ελένη Παπαδοπούλου", "eleni.p", "el-GR", "Europe/Athens", "Ιωάννινα", "GR"),
    ("محمد الإدريسي", "m.idrissi", "ar-MA", "Africa/Casablanca", "أزرو", "MA"),
    ("Nguyễn Thị Ánh", "anh.nguyen", "vi-VN", "Asia/Ho_Chi_Minh", "Đà Lạt", "VN"),
    ("Оксана Шевченко", "oksana.sh", "uk-UA", "Europe/Kyiv", "Яремче", "UA"),
    ("Çağla Yıldız", "cagla.y", "tr-TR", "Europe/Istanbul", "Ağrı", "TR"),  # noqa: RUF001 a dotless i is meant
    ("נועה לוי", "noa.levi", "he-IL", "Asia/Jerusalem", "חיפה", "IL"),
    ("José Ñúñez de la O", "jnunez", "es-ES", "Europe/Madrid", "Jaca", "ES"),
    ("김서연", "seoyeon.kim", "ko-KR", "Asia/Seoul", "속초", "KR"),
    ("อรุณี ศรีสุข", "arunee.s", "th-TH", "Asia/Bangkok", "เชียงใหม่", "TH"),
    ("पूजा शर्मा", "pooja.sharma", "hi-IN", "Asia/Kolkata", "मनाली", "IN"),
    ("Zoë 🏔️ van 't Hoff", "zoe.hoff", "nl-NL", "Europe/Amsterdam", "Valkenburg", "NL"),
)
_SPELLED: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "å": "a", "ß": "ss", "ł": "l", "ð": "d", "þ": "th", "đ": "d", "ı": "i"}  # noqa: RUF001 as above
)
_BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
    " Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
    " Mobile Safari/537.36",
)
_UNUSED: Final = {"NO": "+4710", "DK": "+4510"}  # numbers do not begin like that
_PHONES: Final = (("Apple", "iPhone17,3", "iOS", "18.6"), ("Google", "Pixel 9", "Android", "16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser on some machine: what analytics.js sends of it."""

    anonymous_id: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A telephone with the shop's app."""

    anonymous_id: str
    device_id: str
    advertising_id: str
    model: tuple[str, str, str, str]  # maker, model, system, its version


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who shops. `user_id` is the shop's, `app_id` the app's own."""

    name: str
    email: str
    phone: str
    user_id: str
    app_id: str
    locale: str
    timezone: str
    city: str
    country: str
    born_on: str
    browsers: tuple[Browser, ...]
    app: Phone


def random_id(rng: Random) -> str:
    """What clients use for ids: a random UUID."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def make_browser(rng: Random) -> Browser:
    """A browser nobody has used yet."""
    return Browser(anonymous_id=random_id(rng), user_agent=rng.choice(_BROWSERS))


def make_phone(rng: Random) -> Phone:
    """A telephone nobody has used yet."""
    return Phone(
        anonymous_id=random_id(rng),
        device_id=random_id(rng).upper(),
        advertising_id=random_id(rng).upper(),
        model=rng.choice(_PHONES),
    )


def make_people(rng: Random, count: int) -> list[Person]:
    """`count` people, no two of whom share an identifier; those from afar come first."""
    afar = [_person(rng, number, *who) for number, who in enumerate(FROM_AFAR)]
    return afar + [_person(rng, number, *_neighbour(rng, number)) for number in range(len(afar), count)]


def make_person(rng: Random, number: int) -> Person:
    """One of very many, from 1,000: `number` makes the identifiers, and no two of a number are alike."""
    country = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    locale, timezone, cities = COUNTRIES[country]
    name = f"{rng.choice(names.GIVEN[country].split())} {rng.choice(names.FAMILY[country].split())}"
    local = f"{spelled(name)}{number}"
    person = _person(rng, number, name, local, locale, timezone, rng.choice(cities), country)
    return replace(person, phone=f"{_UNUSED[country]}{number:06}" if country in _UNUSED else "")


def _neighbour(rng: Random, number: int) -> tuple[str, str, str, str, str, str]:
    country = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    locale, timezone, cities = COUNTRIES[country]
    name = f"{rng.choice(_GIVEN[country].split())} {rng.choice(_FAMILY[country].split())}"
    return name, f"{spelled(name)}{number}", locale, timezone, rng.choice(cities), country


def _person(  # noqa: PLR0913, PLR0917 what is known of somebody is that much
    rng: Random, number: int, name: str, local: str, locale: str, timezone: str, city: str, country: str
) -> Person:
    born_on = f"{rng.randint(1948, 2006)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return Person(
        name=name,
        email=f"{local}@{rng.choice(('example.com', 'example.org', 'example.net', 'post.example'))}",
        phone=f"+447700900{number:03}",  # a range that is given to nobody
        user_id=f"C-{10_000 + number * 7}",
        app_id=f"{500_000 + number * 13}",
        locale=locale,
        timezone=timezone,
        city=city,
        country=country,
        born_on=born_on,
        browsers=tuple(make_browser(rng) for _ in range(rng.choices((1, 2, 3), (55, 33, 12))[0])),
        app=make_phone(rng),
    )


def spelled(name: str) -> str:
    """A name as the local part of an address: `Søren Bæk` → `soren.baek`."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED)).encode("ascii", "ignore").decode()
    return ".".join("".join(letter if letter.isalnum() else " " for letter in plain.replace("'", "")).split())
