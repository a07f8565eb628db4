# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator over its socket, in walks from call to call: from a list to a case, from an update to what it left.

tests/unit/simulator/test_openapi.py calls each path by itself, without a socket.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests import evidence
from tests.simulator.process import Simulator
from tests.unit.simulator.test_openapi import NOT_HELD

pytestmark = pytest.mark.slow

STEPS = 8


def test_walks_from_answer_to_answer(sim: Simulator) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = sim.ca_path
        description = session.get(f"{sim.control_url}/openapi.json", timeout=10).json()
        schema = schemathesis.openapi.from_dict(description)
        schema.config.update(base_url=sim.url)
        key = (sim.username, sim.api_key)
        sent: dict[str, Any] = {"session": session, "verify": sim.ca_path}
        walked: Counter[tuple[str, int]] = Counter()

        class Walk(schema.as_state_machine()):  # type: ignore[misc]
            def setup(self) -> None:
                # Answers decide what is drawn next: what an earlier walk left must not make them others.
                sim.reset()
                answer = session.post(f"{sim.url}/connect/api/v1/access_token", auth=key, timeout=10).json()
                sent["headers"] = {"Authorization": f"Bearer {answer['access_token']}"}

            def get_call_kwargs(self, case: Any) -> dict[str, Any]:
                return sent

            def validate_response(self, response: Any, case: Any, **more: Any) -> None:
                walked[case.operation.label, response.status_code] += 1
                case.validate_response(response, excluded_checks=NOT_HELD, transport_kwargs=sent)

        Walk.run(
            settings=settings(
                max_examples=settings.default.max_examples // 4,
                stateful_step_count=STEPS,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
        )
    # Where random walks lead is luck, but they get somewhere.
    assert len({label for label, status in walked if status == 200}) > 5
    assert not {status for _label, status in walked if status >= 500}
    evidence.record(
        "fuzz",
        subject="simulator API",
        property="walks from answer to answer over the socket find what is described",
        examples=walked.total(),
    )
