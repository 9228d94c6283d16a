"""The mail that asks to confirm. Pure."""

from html import escape
from typing import NamedTuple

from onefold.forms.definition import Definition
from onefold.forms.wording import words_of


class Letter(NamedTuple):
    """Subject, plain text, HTML."""

    subject: str
    text: str
    html: str


def letter_of(definition: Definition, link: str, first_name: str) -> Letter:
    """With the form's own wording, else ours in its language. What the visitor typed is text, never HTML."""
    words = words_of(definition.language)
    subject = definition.opt_in.subject.strip() or words["subject"]
    text = definition.opt_in.text.strip() or words["mail"]
    name = " ".join(first_name.split())[:60]
    if "://" in name or "www." in name.lower():  # our mail must not carry a stranger's link to somebody else
        name = ""

    def filled(part: str, name: str = name) -> str:
        return part.replace("{first_name}", name).replace(" ,", ",")

    paragraphs = []
    for part in filled(escape(text), escape(name)).split("\n\n"):
        button = (
            f'<a href="{escape(link)}" style="display:inline-block;padding:12px 20px;border-radius:6px;'
            f'background:#4446cf;color:#fff;text-decoration:none">{escape(words["confirm"])}</a>'
        )
        paragraphs.append(f"<p>{part.replace('{link}', button)}</p>")
    html = (
        f'<!doctype html><html lang="{definition.language}"><body style="font:16px/1.5 sans-serif">'
        f"{''.join(paragraphs).replace(chr(10), '<br>')}</body></html>"
    )
    return Letter(filled(subject), filled(text).replace("{link}", link), html)
