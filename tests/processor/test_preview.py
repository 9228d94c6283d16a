"""A preview says what the decision then does, and writes nothing."""

from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.profiles.naming import forget_names, names_in_force
from onefold.profiles.preview import preview
from tests.processor.driving import deliver, install, read_world, undone
from tests.reference.story import link
from tests.reference.strategies import histories
from tests.reference.world import SECOND, Rule, diff

RULES: list[Rule] = ["never", "always", "withdrawn"]
FEW = settings(
    max_examples=12,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@FEW
@given(data=st.data())
def test_the_preview_is_what_the_decision_then_makes(lone_db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories(max_events=30))
    with undone(lone_db):
        install(lone_db, history.config)
        off = deliver(lone_db, sorted(history.events, key=lambda event: event.received_at), 1)
        before = read_world(lone_db, history.config)
        assume(before.nodes)
        ordered = [before.nodes[h].ident for h in sorted(before.nodes)]
        a, b = data.draw(st.sampled_from(ordered)), data.draw(st.sampled_from(ordered))
        rule: Rule = data.draw(st.sampled_from(RULES))
        assume(a != b or rule != "always")
        forget_names()
        texts = [f"{end.namespace}:{end.value}" for end in (a, b)]
        said = preview(lone_db, names_in_force(lone_db), rule=rule, a=texts[0], b=texts[1])
        assert diff(before, read_world(lone_db, history.config)) == []
        latest = max(event.received_at for event in history.events)
        deliver(lone_db, [link(latest / SECOND + 3_600, rule, str(a), str(b))], off)
        after = read_world(lone_db, history.config)
    forget_names()
    gone = {h: one for h, one in before.profiles.items() if after.profiles.get(h, None) != one}
    come = {h: one for h, one in after.profiles.items() if before.profiles.get(h, None) != one}
    assert {one.id for one in said.before if not one.is_nobody} == set(gone)
    assert {one.id for one in said.after if not one.is_nobody} == set(come)
    for people, world in ((said.before, before), (said.after, after)):
        for one in people:
            if not one.is_nobody:
                profile = world.profiles[one.id]  # type: ignore[index]  # a plain int
                assert (one.n_identifiers, one.n_events) == (len(profile.members), profile.n)
                assert one.values == {name: value.value for name, value in profile.traits.items()}
