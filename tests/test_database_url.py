"""The URL of a shared study: which ones there are, and that no password leaves it."""

from __future__ import annotations

import tomllib

import pytest

from flopt.errors import FloptError
from flopt.search.stores.database_url import check_journal, check_storage, without_password
from flopt.study import study_of
from flopt.tuning import identity

GOOD = "postgresql+psycopg://me:hunter2@host:5432/db?sslmode=require"


def test_what_a_journal_keeps_is_in_no_database() -> None:
    check_journal(None, "what is told")
    with pytest.raises(FloptError) as caught:
        check_journal(GOOD, "what is told")
    assert str(caught.value) == (
        "storage = 'postgresql+psycopg://me@host:5432/db?sslmode=require': what is told is kept in its folder's "
        "journal, and in no database; leave the key out of the study"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (GOOD, "postgresql+psycopg://me@host:5432/db?sslmode=require"),
        ("postgresql+psycopg://me@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql+psycopg://host/db", "postgresql+psycopg://host/db"),
        ("postgresql+psycopg://me:a@b:c@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql+psycopg://:hunter2@host/db", "postgresql+psycopg://@host/db"),
    ],
)
def test_what_is_shown_has_no_password(url: str, shown: str) -> None:
    check_storage(url)
    assert without_password(url) == shown
    assert without_password(shown) == shown


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///hunter2.db", "sqlite is slower than the journal, and unsafe for several hosts"),
        ("mysql://me:hunter2@host/db", "'mysql' is no database that flopt knows"),
        ("postgresql://me:hunter2@host/db", "must be like postgresql\\+psycopg://user@host/database"),
        ("hunter2", "it is no database that flopt knows"),
        ("postgresql+psycopg:hunter2", "it is no database that flopt knows"),
        ("", "it is no database that flopt knows"),
        ("postgresql+psycopg://host/db?password=hunter2", "a password belongs into PGPASSWORD or ~/.pgpass"),
    ],
)
def test_other_storages_are_refused_without_being_shown(url: str, said: str) -> None:
    with pytest.raises(FloptError, match=said) as caught:
        study_of({"storage": url})
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_study_keeps_and_shows_its_storage_without_the_password() -> None:
    study = study_of({"storage": GOOD})
    assert study.storage == GOOD
    assert "hunter2" not in repr(study) + str(study) + study.to_toml() + str(study.flat())
    assert tomllib.loads(study.to_toml())["storage"] == without_password(GOOD)


def test_where_a_study_is_stored_is_no_part_of_what_it_is() -> None:
    from flopt.results import problem_of

    problem = problem_of(study_of({"oracle": "analytic"}))
    here, there = (study_of({"oracle": "analytic", **where}) for where in ({}, {"storage": GOOD}))
    assert identity(here, problem) == identity(there, problem)
