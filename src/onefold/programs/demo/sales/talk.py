"""What the sales team and its customers say on the telephone and write to each other. Pure.

Lines begin with `<` when the customer speaks, else with `>`; what stands in braces is the deal's.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

_OPENINGS: Final = (
    ("> Hello {them}, it's {me} from Norrland Outfitters. Is this a good moment?", "< Yes, go on, I have ten minutes."),
    ("> Good morning {them}, {me} here, Norrland Outfitters.", "< Hello {me}! I was about to write to you.",
     "> Then I was quicker, for once."),
    ("< {company}, {them} speaking.", "> Hello, {me} from Norrland. We spoke before about {subject}.",
     "< Right. I remember."),
    ("> Hi {them}, {me} here. How is the weather in {city}?",
     "< Sleet since Monday. Good for your business, I suppose.",
     "> Rain jackets, yes. Sun hats, less."),
    ("< {me}, finally. I tried to reach you yesterday.", "> I'm sorry, I was with a customer all day. What can I do?"),
    ("> {them}, hello. I'm calling about {subject}, as we agreed.", "< Perfect timing, I'm at my desk."),
)  # fmt: skip
_BLOCKS: Final = {
    "need": (
        ("> What do you use today?", "< A mix, from three suppliers. Nothing matches, and every return is a fight.",
         "> Then one order number for everything would be a relief already."),
        ("> How many would you need, roughly?", "< About {quantity} of the {product}, if the price is right.",
         "> And by when?", "< {month} at the latest. After that my people are out and nobody tries anything on."),
        ("< Honestly, we are only looking around.", "> That's fine. What would have to be better than now?",
         "< Delivery. Last year half of it came after the season had started."),
        ("> Who decides on this besides you?", "< {other} has to sign, but they listen to me.",
         "> Should they be there when I show you the {product}?", "< They'd better be."),
        ("< Is the {product} the one in your shop in Tromsø?",
         "> The same one. For firms we have it with your logo, too.",
         "< I bought one there myself. That's why I'm asking."),
    ),
    "meeting": (
        ("> I'd like to come by with the sample case.",
         "< Wednesday is good. Bring the {product}, everybody asks for it.",
         "> It's packed. I take the morning train to {city}."),
        ("< Can you show us how the {product} is repaired?", "> In ten minutes, with the kit that comes along.",
         "< That would convince our workshop. They hate gluing."),
        ("> Who will be in the meeting?", "< {other} and I, and two who will carry the things up the mountain.",
         "> Good. They are the ones who will tell me the truth."),
        ("< What about staff purchases? Our people would buy for themselves.",
         "> There's a code for that, twenty per cent. I bring the leaflet."),
    ),
    "samples": (
        ("> Did the samples arrive?", "< On Tuesday. The {product} went home with somebody the same evening.",
         "> I count that as a good sign. How do the sizes run?",
         "< Small, if you ask our drivers. We need it up to 3XL.",
         "> That exists, two weeks more."),
        ("< The logo looks too big on the sleeve.",
         "> We can go down to six centimetres. I send you a drawing tonight.",
         "< And in grey, not in white, please."),
        ("> How did the {product} do out there?", "< Three days of rain from the side, and nobody complained.",
         "< Only with gloves on it's hard to handle.", "> There's a cord for that, which we add for free."),
        ("< How many may we keep?", "> All of them, if you order. Otherwise I'd like them back by {month}."),
    ),
    "offer": (
        ("> You have the offer in front of you?", "< I do. {amount}, that's more than I had in mind.",
         "> It has the {product} in the heavier version. With the lighter one we save about eight per cent.",
         "< Send me both, then I can show the difference."),
        ("< Others ask less for something that looks the same.", "> May I ask what they say about repairs?",
         "< Nothing, so far.", "> Ours are free for five years, and the jacket is back within two weeks.",
         "< That I can argue with."),
        ("> Is the quantity still right?", "< Make it {quantity} of the {product}. We open a second place in {month}.",
         "> Congratulations! Then you reach the next step of the price list."),
        ("< When would it be here, if we order next week?",
         "> Three weeks for what is in stock, seven for the {product}.",
         "< Seven is tight.", "> I can reserve them today without any obligation. That buys us two weeks."),
        ("< I showed it to {other}. The answer was a long silence.", "> Is it the amount, or the timing?",
         "< The timing. The budget is from the new year.", "> Then deliver in {month}, and invoice afterwards. I ask."),
    ),
    "terms": (
        ("< Payment in ninety days?", "> Forty-five, and two per cent off if you pay within ten.",
         "< Sixty and we sign.", "> Give me until tomorrow, I have to ask for that."),
        ("> What is still missing on your side?", "< The signature of {other}, who is on the ice until Thursday.",
         "> Without a network, I suppose.", "< With a satellite telephone, but nobody dares to call about jackets."),
        ("< Can you split the delivery? Half in {month}, half later.", "> Yes, two addresses, too, if that helps.",
         "< It does. Then we are nearly there."),
        ("< Legal wants the return of unsold goods in writing.",
         "> Thirty days, unworn. It's in paragraph six already.",
         "< Then I tell them to read it to the end."),
        ("> So it's {amount}, delivery to {city}, sixty days. Did I forget anything?",
         "< The discount on the {product}.", "> It's in there, second line.",
         "< Then we have a deal, as far as I'm concerned."),
    ),
}  # fmt: skip
_CLOSINGS: Final = (
    ("> I write that down and send it to you today.", "< Thank you, {me}. Goodbye!"),
    ("> Shall I call again on Thursday?", "< Better Friday, after lunch.", "> Friday it is. Goodbye, {them}."),
    ("< I talk to {other} and call you back.", "> Good. If I hear nothing I try again next week.", "< Do that."),
    ("> Anything else?", "< Not today. Greetings to everybody in Umeå!", "> I'll pass them on."),
    ("< Send me an e-mail with all that, or I forget half of it.", "> In five minutes. Have a good day!"),
)  # fmt: skip
_SUBJECTS: Final = {
    "need": ("First talk", "What they need", "Quantities of last year", "Enquiry about {product}"),
    "meeting": ("Visit in {city}", "Meeting with {other}", "Demonstration of {product}"),
    "samples": ("Samples", "Sizes", "Logo on {product}", "How the samples wear"),
    "offer": ("The offer", "Questions on the offer", "Quantities and delivery", "Price of {product}"),
    "terms": ("Payment terms", "Signature", "Delivery in {month}", "Last questions"),
}
_NOTES: Final = {
    "need": (
        "{other} decides, {them} prepares it. About {quantity} pieces a year, so far from three suppliers.",
        "Came by the newsletter. Wants to see {product} before talking about numbers.",
        "Their season ends in {month}; nothing will be ordered after that.",
    ),
    "meeting": (
        "Showed {product} and the repair kit. Their workshop nodded, which they say is rare.",
        "Good meeting. {other} came late and asked only about delivery times.",
    ),
    "samples": (
        "Samples in four sizes are there. {them} collects sizes until the end of the month.",
        "Logo: six centimetres, grey, left sleeve. Drawing approved by {other}.",
    ),
    "offer": (
        "A competitor is about eight per cent below us, without repairs. Argue with the five years.",
        "They like the offer; the budget has to be moved. Asked to deliver in {month}.",
    ),
    "terms": (
        "Sixty days are all right for us, says finance. Told {them}.",
        "Waiting for the signature of {other}, away until Thursday.",
    ),
}
_LETTERS: Final = (
    "Hello {them},\n\nas promised here is what we talked about: {quantity} pieces of {product}, to {city} in {month}."
    "\n\nTell me if anything is missing.\n\nBest regards\n{me}",
    "Dear {them},\n\nthank you for your time today. I attach the price list and the sizes of {product}."
    "\n\nShall we talk again next week?\n\n{me}",
    "Hi {them},\n\na short question before I book the transport: one address or two?\n\n{me}, Norrland Outfitters",
    "Hello {me},\n\n{other} has looked at it and asks for the {product} in grey. Is that possible by {month}?"
    "\n\nRegards\n{them}",
)  # fmt: skip
_TASKS: Final = {
    "need": (("call", "Call {them} about quantities"), ("email", "Send {them} the catalogue")),
    "meeting": (("todo", "Pack the sample case for {company}"), ("meeting", "Visit {company} in {city}")),
    "samples": (("call", "Ask {them} how the samples wear"), ("todo", "Order the logo of {company} as a badge")),
    "offer": (("call", "Call {them} about the offer"), ("email", "Send {company} the offer with {quantity} pieces")),
    "terms": (("todo", "Get the agreement of {company} signed"), ("call", "Settle payment terms with {them}")),
}
Words = Mapping[str, str]
"""What stands in the braces: me, them, other, company, city, subject, product, quantity, amount, month."""


def dialogue(rng: Random, topic: str, words: Words) -> tuple[str, int]:
    """What was said, a line a turn, and about how many seconds that takes."""
    blocks = _BLOCKS[topic]
    turns = [*rng.choice(_OPENINGS)]
    for block in rng.sample(blocks, rng.choice((1, 2, 2, 3))):
        turns += block
    turns += rng.choice(_CLOSINGS)
    lines = [f"{words['me' if turn[0] == '>' else 'them']}: {turn[2:].format_map(words)}" for turn in turns]
    spoken = sum(len(line.split()) for line in lines)
    return "\n".join(lines), int(spoken / 2.1 + len(lines) * rng.uniform(1, 4) + rng.lognormvariate(3.6, 0.9))


def subject(rng: Random, topic: str, words: Words) -> str:
    """What a call, a meeting or a letter was about."""
    return _filled(rng, _SUBJECTS[topic], words)


def note(rng: Random, topic: str, words: Words) -> str:
    """What somebody of the team wrote down."""
    return _filled(rng, _NOTES[topic], words)


def letter(rng: Random, words: Words, *, is_from_customer: bool) -> str:
    """The text of an e-mail."""
    return _filled(rng, _LETTERS[-1:] if is_from_customer else _LETTERS[:-1], words)


def task(rng: Random, topic: str, words: Words) -> tuple[str, str]:
    """Kind and name of what is to be done."""
    kind, name = rng.choice(_TASKS[topic])
    return kind, name.format_map(words)


def _filled(rng: Random, choices: Sequence[str], words: Words) -> str:
    return rng.choice(choices).format_map(words)
