# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retries of one API request: how long they wait (Retry-After, backoff, the retry budget), and when they end.

Before a request that must not be repeated is retried, its caller verifies that the failed attempt was not applied.
"""

from __future__ import annotations

import random
from typing import Any, Callable

from .._errors import ApiError, ConflictError, StellarError, TransportError
from .request import GONE, GONE_STATUSES, Request, Retry
from .throttle import FIRST_WAIT_S

LONGEST_WAIT_S = 30.0


def send_with_retries(request: Request, auth: Callable[[], Any]) -> dict[str, Any]:
    """Send a request until an attempt succeeds, is verified as applied, or no attempt is left. auth: as in send()."""
    attempts = failures = 0
    backoff = FIRST_WAIT_S
    throttle, retries = request.session.throttle, request.session.connection.retries
    while True:
        try:
            return request.send(auth)
        except Retry as failure:
            attempts += 1
            # Also added to the Retry-After of the platform, since many clients may get the same one.
            wait = (failure.retry_after or 0.0) + backoff * random.uniform(0.5, 1.0)
            backoff = min(2 * backoff, LONGEST_WAIT_S)
            throttle.failed(failure.began)
            error = failure.error
            error.details["attempts"] = attempts
            error.retry_after = failure.retry_after
            # An attempt that was only too early (429) costs time, and none of retries.
            failures += error.details.get("status") != 429
            may_retry = retries > 0 and failures <= retries
            # A platform that says when to come back can give the same answer then.
            if may_retry and failure.retry_after is None and request.call.gives_up(error):
                raise error from None
            is_last = not may_retry or not throttle.try_spend(wait)
            if not is_last:
                throttle.wait_before_retry(wait, slow_down=failure.slow_down)
            # An attempt that was refused for good needs no check.
            if (request.may_have_arrived or not is_last) and verify_arrival(request, error):
                return {}
            if is_last:
                if attempts > 1:
                    error.notes.append(f"Gave up after {attempts} attempts.")
                if failure.retry_after and may_retry:
                    asks = f"The platform asks to wait {failure.retry_after:g} s"
                    error.notes.append(f"{asks}, more than is left of retry_budget.")
                raise error from None
        except (ApiError, TransportError) as error:
            # Another attempt would fail as well, and this one may have been applied.
            if request.may_have_arrived and verify_arrival(request, error):
                return {}
            raise


def verify_arrival(request: Request, error: StellarError) -> bool:
    """Return whether a failed attempt was applied. False for a call without already_applied.

    If the check fails, raise the attempt's own error.
    """
    already_applied = request.call.already_applied
    if already_applied is None:
        return False
    try:
        return already_applied(request.may_have_arrived)
    except ConflictError:
        raise
    except StellarError as read_error:
        if request.may_have_arrived:
            error.notes.append("It is unknown whether the write was made: the read that verifies it failed as well.")
            error.details["outcome_unknown"] = True
        else:
            error.notes.append("The write was not retried: the read before the retry failed as well.")
        if read_error.details.get("status") in GONE_STATUSES and GONE in read_error.reason:
            error.notes.append(GONE)
        raise error from None
