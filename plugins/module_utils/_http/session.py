# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State that the requests of a run share: connections, pace, the platform's clock, and registered secrets."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from itertools import chain
from typing import Any, Callable

from ansible.module_utils.basic import missing_required_lib

from .._errors import InputError, MissingLibraryError, printable
from .adapter import Adapter, name_and_port, passwords, settings
from .auth import basic_pair
from .connection import PROXY_USER, Connection, is_proxy
from .scrub import hidden, spellings
from .throttle import Throttle

try:
    import requests
    import urllib3
except ImportError:
    requests = None  # type: ignore[assignment]
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

# Maximum concurrent requests of a run, each on its own connection
MAX_CONCURRENCY = 32
# Tokens before the last one that are masked: each is valid for ten minutes
KEPT_TOKENS = 12


class Session:
    """The connections to the platform for one run, and the state that all requests share. Safe for threads.

    It knows neither tokens nor requests.
    """

    def __init__(
        self,
        connection: Connection,
        on_secret: Callable[[str], Any] = lambda secret: None,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        if requests is None:
            raise MissingLibraryError(
                "Could not load the Python library requests",
                missing_required_lib("requests") + ".",
                f"To install it there: {sys.executable} -m pip install requests",
                detail=(REQUESTS_IMPORT_ERROR or "").strip().rpartition("\n")[2],
            )
        self.connection = connection
        self._sleep = sleep
        self._spellings: dict[str, frozenset[str]] = {}
        self._tokens: tuple[str, ...] = ()
        self._clock_ahead_s: float | None = None
        # By how many seconds the platform's clock is ahead, at least, as the first answer shows: 0 if it may be right
        self.clock_offset_s = 0.0
        # The platform's time by its last answer in epoch seconds, and the time.monotonic() of that
        self._last_answer = time.time(), time.monotonic()
        # Not a session of requests, which keeps cookies, and reads the body of a redirect without a limit
        self.adapter = Adapter(pool_maxsize=MAX_CONCURRENCY)
        # Parsing one at a time is as fast, and keeps the copies of only one answer in memory.
        self.parsing = threading.Lock()
        if connection.verify is False:
            urllib3.disable_warnings()
        self.settings = settings(connection.base_url, connection.verify, connection.proxy)
        proxy = requests.utils.select_proxy(connection.base_url, self.settings["proxies"])
        if proxy and not is_proxy(proxy if "://" in proxy else "http://" + proxy):
            remedy = f"Correct HTTPS_PROXY or ALL_PROXY. {PROXY_USER}"
            raise InputError("The proxy of the environment", "is not a valid proxy URL.", remedy)
        self.proxy = name_and_port(proxy or "")
        self.reset(on_secret)
        self._register_connection_secrets()

    def reset(self, on_secret: Callable[[str], Any]) -> None:
        """Start another run on the same connections, with its own budget, counts and register of secrets."""
        self.throttle = Throttle(self.connection.retry_budget, self._sleep)
        self._on_secret = on_secret
        for secret in self._spellings:
            on_secret(secret)

    def close(self) -> None:
        self.adapter.close()

    def measure_clock_skew(self, platform_s: float, sent_at: float) -> None:
        """Measure with the first answer how far the platform's clock is ahead of the local one, at least and at most.

        platform_s: its time by the answer. sent_at: when the request was sent. Both in epoch seconds.
        """
        self._last_answer = platform_s, time.monotonic()
        if self._clock_ahead_s is None:
            # One second more, since a Date has no fractions.
            self._clock_ahead_s = platform_s + 1 - sent_at
            self.clock_offset_s = max(platform_s - time.time(), min(self._clock_ahead_s, 0.0))

    @property
    def knows_clock(self) -> bool:
        """Return whether an answer showed the platform's clock."""
        return self._clock_ahead_s is not None

    def platform_time_ms(self) -> int:
        """Return epoch ms on the platform's clock: never early, late by at most 1 s and the first answer's time."""
        return int((time.time() + (self._clock_ahead_s or 0)) * 1000)

    def now_ms(self) -> int:
        """Return epoch ms on the platform's clock where that is known to differ, else on the local one."""
        return int((time.time() + self.clock_offset_s) * 1000)

    def latest_clock_ms(self) -> int:
        """Return epoch ms on the platform's clock by its last answer: early by 1 s at most."""
        platform_s, answered_at = self._last_answer
        return int((platform_s + time.monotonic() - answered_at) * 1000)

    def register_secret(self, secret: str) -> None:
        """Mask a text in all messages from now on, and pass it to on_secret, which masks it in results."""
        if secret:
            # A new one, since another thread may be iterating over this.
            self._spellings = {**self._spellings, secret: spellings(secret)}
            self._on_secret(secret)

    def register_token(self, token: str) -> None:
        """Mask a token like any secret, and forget those of hours ago: a client may be used for weeks."""
        old, self._tokens = self._tokens[:-KEPT_TOKENS], (*self._tokens[-KEPT_TOKENS:], token)
        self._spellings = {secret: known for secret, known in self._spellings.items() if secret not in old}
        self.register_secret(token)

    def _register_connection_secrets(self) -> None:
        connection = self.connection
        secrets = [connection.api_key, connection.access_token]
        if connection.username and connection.api_key:
            secrets.append(basic_pair(connection.username, connection.api_key))
        for proxy in self.settings["proxies"].values():
            secrets += passwords(proxy)
        for secret in secrets:
            self.register_secret(secret)

    def scrub(self, text: Any, is_cut: bool = False) -> str:
        """Return a text of an answer or a library's exception, safe for an error message. is_cut: as in hidden()."""
        return printable(hidden(str(text), chain.from_iterable(self._spellings.values()), is_cut))
