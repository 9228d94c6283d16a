"""What visitors read on a form that its maker doesn't write, in the form's language. Pure.

Not by Django's translations: the collector, which serves forms, is without Django, and a form has one language.
"""

from typing import Final

WORDS: Final = {
    "en": {
        "send": "Send",
        "thanks": "Thank you. We have received it.",
        "look": "Thank you. We have sent you an e-mail: please confirm it by the link in it.",
        "required": "Please fill this in.",
        "box": "Please tick this.",
        "email": "This is no e-mail address. One looks like ada@example.com.",
        "phone": "This is no phone number. With the country it looks like +40 721 123 456.",
        "number": "This is no number.",
        "choice": "Please choose one of the list.",
        "long": "This is too long: up to {n} characters.",
        "faults": "Please look at what is marked.",
        "failed": "This could not be sent. Please try again in a moment.",
        "busy": "Too much was sent from here. Please try again in a few minutes.",
        "optional": "optional",
        "choose": "Please choose",
        "gone": "This form is not open any more.",
        "confirm": "Confirm",
        "confirm_title": "One more click",
        "confirm_text": "Confirm that you sent us this, and that the e-mail address is yours.",
        "confirmed": "Thank you. It is confirmed.",
        "expired": "This link is not valid any more. Please send the form again.",
        "subject": "Please confirm",
        "mail": "Hello {first_name},\n\nplease confirm by this link that it was you:\n\n{link}\n\n"
        "If it wasn't you, do nothing: without your click nothing is kept.",
        "leave_empty": "Leave this empty",
    },
    "de": {
        "send": "Absenden",
        "thanks": "Vielen Dank. Ihre Nachricht ist angekommen.",
        "look": "Vielen Dank. Wir haben Ihnen eine E-Mail geschickt: Bitte bestätigen Sie über den Link darin.",
        "required": "Bitte ausfüllen.",
        "box": "Bitte ankreuzen.",
        "email": "Das ist keine E-Mail-Adresse. Eine sieht so aus: ada@example.com.",
        "phone": "Das ist keine Telefonnummer. Mit Land sieht sie so aus: +49 30 123456.",
        "number": "Das ist keine Zahl.",
        "choice": "Bitte aus der Liste wählen.",
        "long": "Das ist zu lang: höchstens {n} Zeichen.",
        "faults": "Bitte sehen Sie nach, was markiert ist.",
        "failed": "Das ließ sich nicht senden. Bitte versuchen Sie es gleich noch einmal.",
        "busy": "Von hier wurde zu viel gesendet. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        "optional": "freiwillig",
        "choose": "Bitte wählen",
        "gone": "Dieses Formular ist nicht mehr offen.",
        "confirm": "Bestätigen",
        "confirm_title": "Noch ein Klick",
        "confirm_text": "Bestätigen Sie, dass Sie uns das geschickt haben und die E-Mail-Adresse Ihnen gehört.",
        "confirmed": "Vielen Dank. Das ist bestätigt.",
        "expired": "Dieser Link gilt nicht mehr. Bitte senden Sie das Formular noch einmal.",
        "subject": "Bitte bestätigen",
        "mail": "Guten Tag {first_name},\n\nbitte bestätigen Sie über diesen Link, dass Sie es waren:\n\n{link}\n\n"
        "Waren Sie es nicht, so tun Sie nichts: Ohne Ihren Klick behalten wir nichts.",
        "leave_empty": "Bitte leer lassen",
    },
    "ro": {
        "send": "Trimite",
        "thanks": "Vă mulțumim. Am primit mesajul.",
        "look": "Vă mulțumim. V-am trimis un e-mail: vă rugăm să confirmați prin linkul din el.",
        "required": "Vă rugăm să completați.",
        "box": "Vă rugăm să bifați.",
        "email": "Aceasta nu este o adresă de e-mail. Una arată așa: ada@example.com.",
        "phone": "Acesta nu este un număr de telefon. Cu țara arată așa: +40 721 123 456.",
        "number": "Acesta nu este un număr.",
        "choice": "Vă rugăm să alegeți din listă.",
        "long": "Textul este prea lung: cel mult {n} caractere.",
        "faults": "Vă rugăm să verificați câmpurile marcate.",
        "failed": "Nu s-a putut trimite. Vă rugăm să încercați din nou imediat.",
        "busy": "S-a trimis prea mult de aici. Vă rugăm să încercați din nou peste câteva minute.",
        "optional": "opțional",
        "choose": "Vă rugăm să alegeți",
        "gone": "Acest formular nu mai este deschis.",
        "confirm": "Confirm",
        "confirm_title": "Încă un clic",
        "confirm_text": "Confirmați că dumneavoastră ne-ați trimis formularul și că adresa de e-mail vă aparține.",
        "confirmed": "Vă mulțumim. Este confirmat.",
        "expired": "Acest link nu mai este valabil. Vă rugăm să trimiteți formularul din nou.",
        "subject": "Vă rugăm să confirmați",
        "mail": "Bună ziua {first_name},\n\nvă rugăm să confirmați prin acest link că ați fost dumneavoastră:\n\n"
        "{link}\n\nDacă nu ați fost dumneavoastră, nu faceți nimic: fără clicul dumneavoastră nu păstrăm nimic.",
        "leave_empty": "Lăsați necompletat",
    },
}


def words_of(language: str) -> dict[str, str]:
    """In that language, else in English."""
    return WORDS.get(language, WORDS["en"])
