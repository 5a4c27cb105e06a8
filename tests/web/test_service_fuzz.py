"""The API asked at random, within its OpenAPI and outside of it: never an error of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from desk_sample import Office, office_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

PATHS = (
    "/status", "/places", "/places/{code}", "/history", "/provisions",
    "/provisions/{provision_id}", "/instruments", "/instruments/{instrument_id}", "/changes",
    "/diff", "/sources", "/words",
)  # fmt: skip
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="session")
def described(server: Any) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", PATHS)
def test_no_question_breaks_it(described: Any, path: str, mode: GenerationMode) -> None:
    operation = described[f"/api/v1{path}"]["GET"]
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(checks=checks, timeout=20)

    ask()


# -- subscriptions -----------------------------------------------------------------------------

STEPS = [
    ("/subscriptions", "POST"),
    ("/subscriptions/{token}", "GET"),
    ("/subscriptions/{token}", "PUT"),
    ("/subscriptions/{token}", "DELETE"),
    ("/subscriptions/{token}/confirm", "POST"),
    ("/subscriptions/{token}/rotate", "POST"),
    ("/subscriptions/{token}/forget", "POST"),
]


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, site_at: Callable[..., Path]
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with office_at(folder, site_at(folder / "site")) as made:
        yield made


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), STEPS)
def test_no_request_at_the_desk_breaks_it(
    office: Office, path: str, method: str, mode: GenerationMode
) -> None:
    described = schemathesis.openapi.from_url(f"{office.url}/api/v1/openapi.json")
    operation = described[f"/api/v1{path}"][method]
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    token = (
        office.active(f"{method}{len(path)}{mode.value}@example.org".lower()) if "{" in path else ""
    )

    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any, known: bool) -> None:
        if known and token and mode is GenerationMode.POSITIVE:
            case.path_parameters["token"] = token
        case.call_and_validate(checks=checks, base_url=office.url, timeout=20)

    ask()
