# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tag cases as a script around the vendor's sample does: for each case a new token, and a new connection for each call.

python script.py TAG CASE [CASE ...]
"""

from __future__ import annotations

import os
import sys

import requests


def tag_case(tag: str, case_id: str) -> None:
    base = f"https://{os.environ['STELLAR_HOST']}/connect/api/v1"
    ca_path = os.environ["STELLAR_CA_PATH"]
    key = (os.environ["STELLAR_USERNAME"], os.environ["STELLAR_API_KEY"])
    answer = requests.post(f"{base}/access_token", auth=key, verify=ca_path, timeout=60)
    answer.raise_for_status()
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    body = {"tags": {"add": [tag]}}
    answer = requests.put(f"{base}/cases/{case_id}", json=body, headers=headers, verify=ca_path, timeout=60)
    answer.raise_for_status()
    print(case_id, answer.json()["data"]["tags"])


if __name__ == "__main__":
    for given in sys.argv[2:]:
        tag_case(sys.argv[1], given)
