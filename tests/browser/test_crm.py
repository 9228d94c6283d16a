"""A salesperson's day in a browser: people, deals on their board, calls, tasks; by mouse and without one."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Shop, state_of
from tests.browser.crm import Head, Records, card, drag, has_focus, head, lane, records_of

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def records(browser: Browser, shop: Shop) -> Records:
    """The CRM by its API."""
    state = state_of(browser, shop, "alice")
    assert state is not None
    return records_of(shop, state)


def test_a_day_by_mouse(visit: Visit) -> None:
    page = visit("alice", "/people")
    page.get_by_role("button", name="Person", exact=True).click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    dialog.get_by_label("Name").fill("Dagny Day")
    dialog.get_by_label("E-mail").fill("dagny@day.example")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#record .name")).to_have_text("Dagny Day")
    address = page.url
    page.locator(".rec-h .acts").get_by_role("button", name="Deal").click()
    expect(dialog.get_by_role("combobox", name="Person")).to_have_value("Dagny Day")
    expect(dialog.get_by_label("Owner")).to_have_value("alice")
    expect(dialog.get_by_label("Stage")).to_have_value(re.compile(r"^\d+$"))
    dialog.get_by_label("Name").fill("Tents for Dagny")
    dialog.get_by_label("Amount").fill("4800")
    dialog.get_by_role("button", name="Save").click()
    link = page.locator("#beside-deal").get_by_role("link", name="Tents for Dagny")
    expect(link).to_be_visible()
    expect(page.locator("#beside-deal")).to_contain_text("€4,800")
    number = int((link.get_attribute("href") or "").rpartition("/")[2])
    drag_and_take_back(page, number)
    lose_with_a_reason(page, number)
    work_on_the_page(page, number)
    page.goto(address)
    timeline = page.locator("#p-timeline")
    expect(timeline.locator(".ev").filter(has_text="Call Logged")).to_contain_text("Wants it in blue.")
    expect(timeline.locator(".ev").filter(has_text="Deal Created")).to_contain_text("Tents for Dagny")


def drag_and_take_back(page: Page, number: int) -> None:
    """To the next stage: both lanes and the strip say so, and Undo in the toast puts it back."""
    page.goto(re.sub(r"/people.*", "/deals/board", page.url))
    first, second = head(page, "Qualified"), head(page, "Meeting")
    weighted = page.locator("#strip dd").nth(1).inner_text()
    drag(page, number, "Meeting")
    toast = page.locator(".toast").filter(has_text="Moved to Meeting.")
    expect(toast).to_be_visible()
    assert head(page, "Qualified") == Head(count=first.count - 1, worth=first.worth - 4800)
    assert head(page, "Meeting") == Head(count=second.count + 1, worth=second.worth + 4800)
    assert page.locator("#strip dd").nth(1).inner_text() != weighted
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text="Undone for 1 record.")).to_be_visible()
    expect(card(lane(page, "Qualified"), number)).to_be_visible()
    assert (head(page, "Qualified"), head(page, "Meeting")) == (first, second)


def lose_with_a_reason(page: Page, number: int) -> None:
    """The stage asks why; without an answer the card stands where it stood."""
    dialog = page.locator("#dialog")
    drag(page, number, "Lost")
    expect(dialog.get_by_label("Lost because of")).to_be_focused()
    expect(card(lane(page, "Qualified"), number)).to_have_count(1)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.reload()
    expect(card(lane(page, "Qualified"), number)).to_have_count(1)
    drag(page, number, "Lost")
    dialog.get_by_label("Lost because of").select_option("price")
    dialog.get_by_role("button", name="Move").click()
    expect(page.locator(".toast").filter(has_text="Moved.")).to_be_visible()
    expect(card(lane(page, "Lost"), number)).to_be_visible()
    assert "/deals/board" in page.url


def work_on_the_page(page: Page, number: int) -> None:
    """The deal's own page: its stage, its amount in place, a call, a task that is done."""
    card(page, number).get_by_role("link").click()
    expect(page.locator(".stepper [aria-current]")).to_contain_text("Lost")
    expect(page.locator("#line-lost_reason")).to_contain_text("Price")
    page.locator(".stepper").get_by_role("button", name="Proposal").click()
    expect(page.locator(".stepper [aria-current]")).to_contain_text("Proposal")
    edit = page.get_by_role("button", name="Edit Amount", exact=True)
    page.locator("#line-amount").hover()
    edit.click()
    amount = page.get_by_label("Amount", exact=True)
    expect(amount).to_be_focused()
    amount.fill("9000")
    amount.press("Escape")
    expect(page.locator("#line-amount")).to_contain_text("€4,800")
    expect(edit).to_be_focused()
    edit.click()
    amount.fill("5000")
    amount.press("Enter")
    expect(page.locator("#line-amount")).to_contain_text("€5,000")
    expect(edit).to_be_focused()
    expect(page.locator("#r-facts")).to_contain_text("€5,000")
    expect(page.locator("#line-weighted")).to_contain_text("3,000")
    expect(page.locator("#r-timeline .entry").first).to_contain_text("5,000")
    log_a_call(page)
    tick_a_task(page)


def log_a_call(page: Page) -> None:
    """With its outcome and what was said."""
    dialog = page.locator("#dialog")
    page.get_by_role("button", name="Call", exact=True).click()
    expect(page.get_by_role("dialog", name="Log a call")).to_be_visible()
    expect(dialog.get_by_label("When")).to_have_value(re.compile(r"^\d{4}-"))  # now, unless somebody says when
    dialog.get_by_label("Outcome").select_option("connected")
    dialog.get_by_label("Notes").fill("Wants it in blue.")
    expect(dialog.get_by_role("combobox", name="Deal")).to_have_value("Tents for Dagny")
    person = dialog.get_by_role("combobox", name="Person")
    if not person.input_value():
        person.press_sequentially("Dagny")
        dialog.locator("#found-person").get_by_role("option", name="Dagny Day").click()
    dialog.get_by_role("button", name="Save").click()
    entry = page.locator("#r-timeline .entry").filter(has_text="Wants it in blue.")
    expect(entry).to_contain_text("Connected")
    expect(entry).to_contain_text("Dagny Day")


def tick_a_task(page: Page) -> None:
    """Made from the deal's page, and done there."""
    dialog = page.locator("#dialog")
    page.locator("#r-head").get_by_role("button", name="Task").click()
    expect(dialog.get_by_label("Priority")).to_have_value("normal")
    dialog.get_by_label("Task").fill("Send the quote")
    dialog.get_by_label("Due").fill("2031-01-02T10:00")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#r-facts")).to_contain_text("2 Jan 2031")
    page.get_by_role("button", name="Done: Send the quote").click()
    expect(page.locator("#beside-task")).to_contain_text("None")
    expect(page.locator("#r-timeline .entry").filter(has_text="Send the quote").first).to_contain_text("Done")


def test_a_card_is_lifted_moved_and_dropped_by_keys(visit: Visit, records: Records) -> None:
    number = records.deal("Moved by keys", amount="700")
    page = visit("alice", "/deals/board")
    says = page.locator("#board-says")
    first, second = head(page, "Qualified"), head(page, "Meeting")
    card(page, number).get_by_role("link").focus()
    page.keyboard.press("Space")
    expect(says).to_contain_text("Lifted")
    page.keyboard.press("ArrowRight")
    expect(says).to_have_text("Meeting")
    expect(card(lane(page, "Meeting"), number)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(says).to_have_text("Put back.")
    expect(card(lane(page, "Qualified"), number)).to_have_count(1)
    assert has_focus(card(page, number))
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".toast").filter(has_text="Moved to Meeting.")).to_be_visible()
    assert head(page, "Qualified") == Head(count=first.count - 1, worth=first.worth - 700)
    assert head(page, "Meeting") == Head(count=second.count + 1, worth=second.worth + 700)
    assert has_focus(card(lane(page, "Meeting"), number))
    for key in ("Space", *["ArrowRight"] * 4, "Space"):
        page.keyboard.press(key)
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Lost because of")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(card(lane(page, "Meeting"), number)).to_have_count(1)
    assert has_focus(card(page, number))
    page.keyboard.press("Enter")
    expect(page.locator(".stepper [aria-current]")).to_contain_text("Meeting")


def test_a_record_is_made_and_edited_by_keys(visit: Visit, shop: Shop) -> None:
    page = visit("alice", "/deals")
    page.keyboard.press("c")
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opener = page.get_by_role("button", name="Deal", exact=True).first
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Made by keys")
    person = dialog.get_by_role("combobox", name="Person")
    person.focus()
    page.keyboard.type("Lindqv")
    options = dialog.locator("#found-person").get_by_role("option")
    expect(options.first).to_contain_text("Astrid Lindqvist")
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(dialog).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(options.first).to_be_visible()
    page.keyboard.press("Enter")
    expect(person).to_have_value("Astrid Lindqvist")
    person.press("Enter")
    row = page.locator("#list [data-row]").filter(has_text="Made by keys")
    expect(row).to_contain_text("Astrid Lindqvist")
    page.goto(shop.web + (row.get_by_role("link", name="Made by keys").get_attribute("href") or ""))
    edit_by_keys(page)


def edit_by_keys(page: Page) -> None:
    """Tab comes to the pencil, Enter opens and saves, and the focus is where it was."""
    page.locator("#line-person").get_by_role("link").focus()
    page.keyboard.press("Tab")
    edit = page.get_by_role("button", name="Edit Person")
    expect(edit).to_be_focused()
    page.keyboard.press("Enter")
    person = page.get_by_role("combobox", name="Person")
    expect(person).to_be_focused()
    person.fill("")
    page.keyboard.type("Jonas")
    expect(page.locator("#found-person").get_by_role("option").first).to_contain_text("Jonas Berg")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#line-person")).to_contain_text("Jonas Berg")
    expect(edit).to_be_focused()
    page.get_by_role("button", name="Edit Name").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("Renamed by keys")
    page.keyboard.press("Enter")
    expect(page.locator("#r-head .name")).to_have_text("Renamed by keys")


def test_the_later_of_two_reps_is_told_and_sees_what_stands_there_now(visit: Visit, records: Records) -> None:
    number = records.deal("Two reps", amount="100")
    alice, rita = visit("alice", f"/deals/{number}"), visit("rita", f"/deals/{number}")
    for page in (alice, rita):
        page.locator("#line-amount").hover()
        page.get_by_role("button", name="Edit Amount", exact=True).click()
    alice.get_by_label("Amount", exact=True).fill("200")
    alice.keyboard.press("Enter")
    expect(alice.locator("#line-amount")).to_contain_text("€200")
    rita.get_by_label("Amount", exact=True).fill("300")
    rita.keyboard.press("Enter")
    told = rita.locator("#fault-amount")
    expect(told).to_contain_text("It is now:")
    expect(told).to_contain_text("€200")
    expect(rita.get_by_label("Amount", exact=True)).to_have_value("300")
    expect(rita.get_by_label("Amount", exact=True)).to_be_focused()
    assert records.ask("GET", f"/records/deal/{number}")["amount"] == 200
    rita.keyboard.press("Enter")
    expect(rita.locator("#line-amount")).to_contain_text("€300")


def test_a_task_is_done_and_opened_again_on_its_page(visit: Visit, records: Records) -> None:
    page = visit("alice", f"/tasks/{records.make('task', name='Ring back', owner='alice')}")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator("#r-head .tag")).to_have_text("Done")
    page.get_by_role("button", name="Open again").click()
    expect(page.locator("#r-head .tag")).to_have_count(0)
    expect(page.get_by_role("button", name="Done", exact=True)).to_be_visible()


def test_the_board_is_filtered_as_lists_are(visit: Visit, records: Records) -> None:
    """By a condition on what deals lead to, by my own; the table goes on with both."""
    with_astrid = records.deal("With Astrid", owner="alice")
    records.make("task", name="Ring her", kind="call", deal=with_astrid, due_at="2020-01-01T09:00:00Z")
    hers = records.deal("With Astrid, of Rita", owner="rita")
    nobodys = records.deal("With nobody", person=None, owner="alice")
    page = visit("alice", "/deals/board")
    expect(card(page, with_astrid)).to_contain_text(re.compile(r"Call overdue [\d,]+ days"))
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator("#filter-body").get_by_role("button", name=re.compile("^Person . Name$")).click()
    form = page.locator("#filter-body form")
    form.get_by_label("Comparison").select_option(label="contains")
    form.locator("[data-takes-of]:visible input").first.fill("Astrid")
    form.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip.filter")).to_contain_text("Astrid")
    expect(card(page, nobodys)).to_have_count(0)
    expect(card(page, hers)).to_have_count(1)
    page.get_by_role("link", name="My deals").click()
    expect(card(page, hers)).to_have_count(0)
    expect(card(page, with_astrid)).to_have_count(1)
    card(page, with_astrid).get_by_role("link").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(lane(page, "Qualified").locator(".delta")).to_have_text("\N{MINUS SIGN}€1,000")
    expect(lane(page, "Meeting").locator(".delta")).to_have_text("+€1,000")
    page.keyboard.press("Escape")
    expect(page.locator(".delta:visible")).to_have_count(0)
    page.get_by_role("link", name="Table").click()
    expect(page.locator(".chip.filter")).to_have_count(2)
    expect(page.locator("#list [data-row]").filter(has_text="With Astrid")).to_have_count(1)
