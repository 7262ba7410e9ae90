"""The variables that a recipe writes, on a server that speaks GitLab's documented API."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from rotated_key import RotatedKey
from tests.stage.gitlab import GitLab, gitlab
from to_gitlab import GitLabError, Project, write

OLD = RotatedKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
NEW = RotatedKey("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
TOKEN = "glpat-EXAMPLEEXAMPLEEXAMP"
PROJECT = "platform/shop"
FILE, MASK = "AWS_SHARED_CREDENTIALS_FILE", "AWS_SHARED_CREDENTIALS_FILE_MASK"


@pytest.fixture
def server() -> Iterator[GitLab]:
    with gitlab() as server:
        server.tokens[TOKEN] = "maintainer"
        server.projects[PROJECT] = []
        yield server


def deliver(
    server: GitLab, key: RotatedKey, *, scope: str = "*", token: str = TOKEN, project: str = PROJECT
) -> None:
    write(Project(server.url, project, token), FILE, scope, True, key)


def asked(server: GitLab) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in server.requests]


def test_the_first_key_makes_both_variables(server: GitLab) -> None:
    deliver(server, NEW)

    file, mask = server.variable(PROJECT, FILE), server.variable(PROJECT, MASK)
    assert file is not None
    assert mask is not None
    assert file["value"] == NEW.credentials_file()
    assert mask["value"] == NEW.secret
    for variable in (file, mask):
        assert variable["variable_type"] == "file"  # no environment variable holds the key
        assert variable["protected"] is True
        assert variable["raw"] is True
    assert (file["masked"], mask["masked"], mask["hidden"]) == (False, True, True)
    path = "/api/v4/projects/platform%2Fshop/variables"
    scoped = "filter%5Benvironment_scope%5D=%2A"
    assert asked(server) == [
        ("PUT", f"{path}/{MASK}?{scoped}"),
        ("POST", path),
        ("PUT", f"{path}/{FILE}?{scoped}"),
        ("POST", path),
    ]
    assert {request.token for request in server.requests} == {TOKEN}


def test_the_next_key_replaces_id_and_secret_by_one_write(server: GitLab) -> None:
    deliver(server, OLD)
    server.requests.clear()

    deliver(server, NEW)

    assert [method for method, _ in asked(server)] == ["PUT", "PUT"]
    for request in server.requests:
        text = str(request.body)
        assert NEW.secret in text
        assert OLD.secret not in text
    file = server.variable(PROJECT, FILE)
    assert file is not None
    assert file["value"] == NEW.credentials_file()
    assert len(server.projects[PROJECT]) == 2


def test_the_mask_is_there_before_the_key(server: GitLab) -> None:
    deliver(server, OLD)
    server.requests.clear()

    deliver(server, NEW)

    assert [path.partition("?")[0].rpartition("/")[2] for _, path in asked(server)] == [MASK, FILE]


def test_the_same_key_again_leaves_everything_as_it_was(server: GitLab) -> None:
    deliver(server, NEW)
    before = [dict(variable) for variable in server.projects[PROJECT]]

    deliver(server, NEW)

    assert server.projects[PROJECT] == before


def test_other_scopes_and_other_variables_stay(server: GitLab) -> None:
    deliver(server, OLD, scope="staging")

    deliver(server, NEW, scope="production")

    for scope, key in (("staging", OLD), ("production", NEW)):
        file = server.variable(PROJECT, FILE, scope)
        assert file is not None
        assert file["value"] == key.credentials_file()


def test_a_gitlab_below_a_path_and_a_project_by_number(server: GitLab) -> None:
    project = Project(f"{server.url}/gitlab/", "42", TOKEN)

    with pytest.raises(GitLabError, match="404"):  # the server of this test is not below a path
        write(project, FILE, "*", True, NEW)

    assert asked(server)[0][1].startswith("/gitlab/api/v4/projects/42/variables/")


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 409, 429, 500, 502, 503])
def test_an_answer_that_is_no_success_is_an_error_without_a_secret(
    server: GitLab, status: int
) -> None:
    server.broken = status

    with pytest.raises(GitLabError, match=f"answers {status} for the variable {MASK}") as refused:
        deliver(server, NEW)

    assert NEW.secret not in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert len(server.requests) == 1


def test_a_project_that_is_not_there_is_an_error(server: GitLab) -> None:
    with pytest.raises(GitLabError, match=r"answers 404 .*no such project"):
        deliver(server, NEW, project="platform/gone")


def test_a_wrong_token_is_an_error_that_says_what_to_do(server: GitLab) -> None:
    with pytest.raises(GitLabError, match=r"answers 401 .*expired or revoked"):
        deliver(server, NEW, token="glpat-revoked")


def test_a_token_without_the_role_is_an_error_that_says_what_to_do(server: GitLab) -> None:
    server.tokens["glpat-developer"] = "developer"

    with pytest.raises(GitLabError, match=r"answers 403 .*Maintainer"):
        deliver(server, NEW, token="glpat-developer")


def test_an_error_between_the_two_writes_leaves_the_old_key_whole(server: GitLab) -> None:
    deliver(server, OLD)
    server.projects[PROJECT].append({**server.projects[PROJECT][1], "environment_scope": "*"})

    with pytest.raises(GitLabError, match=f"409 for the variable {FILE} "):
        deliver(server, NEW)

    file, mask = server.variable(PROJECT, FILE), server.variable(PROJECT, MASK)
    assert file is not None
    assert mask is not None
    assert file["value"] == OLD.credentials_file()
    assert mask["value"] == NEW.secret


def test_the_token_follows_no_redirect(server: GitLab) -> None:
    with gitlab() as elsewhere:
        server.broken, server.location = 302, f"{elsewhere.url}/api/v4/projects/1/variables"

        with pytest.raises(GitLabError, match="follows no redirect"):
            deliver(server, NEW)

        assert elsewhere.requests == []


def test_a_gitlab_that_cannot_be_reached_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(ConnectionRefusedError):
        write(Project(f"http://127.0.0.1:{port}", PROJECT, TOKEN), FILE, "*", True, NEW)


def test_a_gitlab_that_hangs_up_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = Event()

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.close()
            closed.set()

        Thread(target=hang_up).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        with pytest.raises(ConnectionError):
            write(Project(url, PROJECT, TOKEN), FILE, "*", True, NEW)

        assert closed.wait(5)


def test_a_project_shows_no_token() -> None:
    assert TOKEN not in repr(Project("https://gitlab.com", PROJECT, TOKEN))


def test_a_gitlab_that_does_not_answer_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(TimeoutError):
            write(Project(url, PROJECT, TOKEN, seconds=0.1), FILE, "*", True, NEW)
