"""The posts API over HTTP against the running example: rows P4-07 to P4-10 of the seed programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import Example
from web import bearer

Header = list[tuple[str, str]]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Example]:
    example = Example("posts-api", tmp_path / "log")
    yield example
    example.kill()


def log_in(api: Example, username: str) -> Header:
    answer = api.send("POST", "/api/login", {"username": username, "password": api.password})
    assert answer.status == 200, answer.body
    return bearer(answer.json()["access_token"])


def test_p4_07_it_begins_with_two_posts(api: Example):
    answer = api.send("GET", "/api/posts", headers=log_in(api, "admin"))
    assert answer.status == 200
    assert answer.json() == {"posts": [{"id": 1, "title": "First Post"}, {"id": 2, "title": "Second Post"}]}


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/posts"), ("POST", "/api/posts"),
    ("GET", "/api/posts/1"), ("PUT", "/api/posts/1"), ("DELETE", "/api/posts/1"),
])
def test_p4_08_nothing_without_a_token(api: Example, method: str, path: str):
    answer = api.send(method, path, {"title": "x"})
    assert answer.status == 401
    assert answer.json()["code"] == "missing_token"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_p4_09_a_bad_token_is_told_so(api: Example):
    answer = api.send("GET", "/api/posts", headers=bearer("x.y.z"))
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_p4_10_posts_are_made_changed_and_removed(api: Example):
    admin = log_in(api, "admin")
    made = api.send("POST", "/api/posts", {"title": "Third Post"}, admin)
    assert made.status == 201
    location = made.headers["Location"]
    assert api.send("GET", location, headers=admin).json() == {"id": 3, "title": "Third Post"}

    changed = api.send("PUT", location, {"title": "Changed"}, admin)
    assert (changed.status, changed.json()["title"]) == (200, "Changed")
    assert api.send("GET", location, headers=admin).json()["title"] == "Changed"

    removed = api.send("DELETE", location, headers=admin)
    assert (removed.status, removed.body) == (204, b"")
    assert api.send("GET", location, headers=admin).status == 404
    assert api.send("DELETE", location, headers=admin).status == 404
    # A number is given once: what comes next is not the third again.
    assert api.send("POST", "/api/posts", {"title": "Next"}, admin).headers["Location"] == "/api/posts/4"


def test_p4_10_authors_change_their_own_and_admins_all(api: Example):
    admin, writer = log_in(api, "admin"), log_in(api, "writer")
    own = api.send("POST", "/api/posts", {"title": "Mine"}, writer).headers["Location"]
    assert api.send("PUT", own, {"title": "Still mine"}, writer).status == 200
    for method in ("PUT", "DELETE"):
        refused = api.send(method, "/api/posts/1", {"title": "Not mine"}, writer)
        assert refused.status == 403
        assert refused.json()["code"] == "insufficient_scope"
    assert api.send("GET", "/api/posts/1", headers=writer).json()["title"] == "First Post"
    assert api.send("PUT", own, {"title": "An admin's word"}, admin).status == 200
    assert api.send("DELETE", own, headers=admin).status == 204


@pytest.mark.parametrize("body, status", [
    ({}, 422), ({"title": 1}, 422), ({"title": ""}, 422), ({"title": " "}, 422), ({"title": "x" * 201}, 422),
    ({"title": "x", "author": "admin"}, 422), ([], 422), ("x", 422),
])
def test_a_body_that_is_no_post_is_told_so(api: Example, body: object, status: int):
    answer = api.send("POST", "/api/posts", body, log_in(api, "writer"))
    assert (answer.status, answer.json()["code"]) == (status, "invalid_post")


def test_what_is_no_post_is_not_found(api: Example):
    admin = log_in(api, "admin")
    for name in ("0", "99", "-1", "x", "1%20OR%201=1", "9" * 40):
        answer = api.send("GET", f"/api/posts/{name}", headers=admin)
        assert (answer.status, answer.json()["code"]) == (404, "not_found"), name


def test_it_ends_cleanly(api: Example):
    assert api.stop() == (0, "")
