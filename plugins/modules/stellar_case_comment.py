# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_case_comment
short_description: Have a comment on a Stellar Cyber case once
version_added: 0.1.0
description:
  - Reads the comments of a case, and posts one only if it is not there. So the case has it once, however often the play
    runs.
  - If it is unknown whether the comment arrived, the task reads the comments before it posts it again.
  - "API requests: one for an access token, one to read the case, one to read its comments, and two if there is
    something to do. One more reads the users if O(author=me) and the key is a legacy key."
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - The platform has no conditional write. Two tasks that run at the same time may both post the comment. The later
        one reads the comments after its own and warns.
options:
  case_id:
    description:
      - The case's id, the field C(_id) on the platform.
      - One of O(case_id) and O(ticket_id) is required.
    type: str
  ticket_id:
    description:
      - The ticket number shown in the UI.
      - If it matches cases of several tenants (ambiguous), the task fails and lists them, unless O(tenant) selects one.
    type: int
  comment:
    description:
      - The text of the comment. Spaces and line ends are ignored when it is compared.
      - "Another comment with this text counts, also as HTML: with C(&lt;), C(&gt;), C(&amp;) and quotes as entities,
        with C(<br>) for line ends, in C(<p>) or C(<div>). Any other tag is text: V(Blocked <host-a>) is not
        V(Blocked)."
      - Required with O(state=present). With O(state=absent), the comment with this text is deleted.
    type: str
  marker:
    description:
      - A key by which the comment is found again, such as the id of a job or a ticket. The comment ends with
        C([ansible:<key>]).
      - A comment is found if any of its lines ends so, for example one that the rules of
        M(stellarcyber.xdr.stellar_cases) posted together. A line that begins with C(>) or is in C(<blockquote>) is a
        quotation and is ignored.
      - A comment is changed or deleted only if it ends so itself, and no line of it ends with another marker.
      - Without it, the comment is found by its text. Give it if the text is not the same in each run.
      - "1 to 100 letters, digits or characters of C(._:/#@+-)."
    type: str
  author:
    description:
      - Whose comments count. With V(me), those of the user of the key, as a scoped key names it, or as O(username) is
        in the list of users.
      - If it can't be known who V(me) is, the task warns and the comments of all users count. It deletes none then.
    type: str
    choices: [me, anyone]
    default: me
  on_difference:
    description:
      - What to do if a comment has the O(marker) and another text. V(fail) changes nothing, V(add) posts a second
        comment, V(edit) changes the oldest, or posts a second one if O(marker) says that none may be changed.
      - The vendor's documentation names the request that edits a comment, and not its body. So the task reads the
        comment again, and fails if it does not show the text.
    type: str
    choices: [fail, add, edit]
    default: fail
  state:
    description:
      - Whether the comment is there.
      - V(absent) deletes all comments of the key's own user that end with the O(marker), or the one with the text of
        O(comment). If several have this text, the task deletes none and fails. It warns of comments that have the
        O(marker) and may not be deleted.
      - The vendor's documentation is incomplete about the request that deletes. So the task reads the comments again,
        and fails if the comment is still there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: stellarcyber.xdr.stellar_case
  - module: stellarcyber.xdr.stellar_case_info
"""

EXAMPLES = r"""
- name: Say once that the case was handed over
  stellarcyber.xdr.stellar_case_comment:
    ticket_id: 67535
    comment: Handed over to the day shift

- name: Link the ticket, and keep the link up to date
  stellarcyber.xdr.stellar_case_comment:
    case_id: 62fceb4a48be7776c793a02a
    comment: "INC0012345 is {{ ticket_state }}"
    marker: INC0012345
    on_difference: edit
"""

RETURN = r"""
platform:
  description: The platform, as RV(stellarcyber.xdr.stellar_case#module:platform).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description: The scope, as RV(stellarcyber.xdr.stellar_case#module:scope).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: tenant Example Tenant (6aeb2aae7d8d4ef0820136f42d107db4)
case_id:
  description: The id of the case.
  returned: when the case was read
  type: str
  sample: 62fceb4a48be7776c793a02a
ticket_id:
  description: The ticket number of the case.
  returned: when the case was read
  type: int
  sample: 67535
comment:
  description:
    - The comment, as the platform returns it. In check mode, with the text that it would have. V(null) if
      O(state=absent).
  returned: when the case was read
  type: dict
  contains:
    _id:
      description: Its id.
      type: str
      returned: when it was on the case
      sample: 62fcec9048be7776c793a0ff
    comment:
      description: Its text.
      type: str
      returned: always
      sample: Handed over to the day shift
    user:
      description: The id of the user who posted it.
      type: str
      returned: if the platform returns it
      sample: 9887e386323148ea8c68d4cf0bc1cdf6
    created_at:
      description: When it was posted, in epoch milliseconds.
      type: int
      returned: if the platform returns it
      sample: 1660835991789
matched:
  description: How many comments of the case matched, before the task changed anything.
  returned: when the case was read
  type: int
  sample: 0
author_checked:
  description: Whether only comments of the key's own user counted.
  returned: when the case was read
  type: bool
  sample: true
diff:
  description: The texts of the comments that matched, before and after.
  returned: when the comments were read
  type: dict
  contains:
    before_header:
      description: The header of RV(diff.before), which names the case as C(case <ticket_id>).
      type: str
      returned: always
      sample: comment on case 67535
    after_header:
      description: The header of RV(diff.after).
      type: str
      returned: always
      sample: comment on case 67535
    before:
      description: The texts before, as the list C(comments).
      type: dict
      returned: always
      sample: {comments: []}
    after:
      description: The texts after.
      type: dict
      returned: always
      sample: {comments: [Handed over to the day shift]}
error:
  description: The error, see RV(stellarcyber.xdr.stellar_case#module:error).
  returned: failure
  type: dict
requests:
  description: The number of API requests that were sent, see RV(stellarcyber.xdr.stellar_case#module:requests).
  returned: when the connection's options are valid, in a failure too
  type: dict
  sample: {read: 3, write: 1, retry: 0}
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.comment import COMMENT
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.comment import run_comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(COMMENT, run_comment)


if __name__ == "__main__":
    main()
