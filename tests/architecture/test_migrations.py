"""The migrations of a slice follow one another; two that were made side by side need an order."""

from django.db.migrations.loader import MigrationLoader

from onefold.config import use_django


def test_no_two_migrations_of_a_slice_follow_the_same_one() -> None:
    use_django()
    assert MigrationLoader(None).detect_conflicts() == {}, "Make one of them depend on the other."
