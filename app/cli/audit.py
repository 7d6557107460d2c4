"""The verb that shows the audit log."""

from __future__ import annotations

from app.cli.command import Call, Command
from app.cli.outcome import complain
from app.operations.audit import AuditRequest, read_audit


def _audit(call: Call) -> int:
    shape, trouble = read_audit(call.session, call.request)
    for line in trouble:
        complain(line, kind="note: ")
    call.show(shape)
    return 0


COMMANDS = {"audit": Command(AuditRequest, _audit)}
