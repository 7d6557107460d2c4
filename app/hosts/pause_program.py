"""The pause program: a static Linux executable that waits for ever, written down as machine code.

As process 1 of the namespaces that a task shares it reaps the orphans of all containers (SIGCHLD is ignored, so the
kernel does it), ends at once with 0 on SIGTERM and SIGINT, and uses no CPU. Process 1 has no default actions: without
a handler SIGTERM would do nothing. Made of bytes, because neither a registry nor a compiler may be needed.
Pure. (design: ECS semantics 2.1, 2.2)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_BASE = 0x400000
_ALIGNMENT = 0x10000
"""The largest page of either processor: a segment that is aligned to it loads under every kernel."""
_FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_EXECUTABLE, _LOAD, _GNU_STACK = 2, 1, 0x6474E551
_X, _W, _R = 1, 2, 4

_ACTION = struct.Struct("<4Q")
"""The kernel's struct sigaction, the same on both: handler, flags, restorer, mask."""
_IGNORE_AT = _BASE + _FILE_HEADER.size + 2 * _SEGMENT.size
_LEAVE_AT = _IGNORE_AT + _ACTION.size
_CODE_AT = _LEAVE_AT + _ACTION.size
_SIG_IGN, _SA_NOCLDWAIT = 1, 0x2
_SA_RESTORER = 0x04000000
"""x86-64 kills a process whose handler comes without a restorer, even though ours never returns."""


@dataclass(frozen=True, slots=True)
class _Code:
    """``leave`` is the handler, ``start`` the entry; in memory they follow each other, from _CODE_AT on."""

    machine: int
    leave: bytes
    start: bytes
    handler_flags: int = 0


_X86_64 = _Code(
    machine=62,
    leave=bytes.fromhex(
        "31ff"  # leave:          xor edi, edi
        "b8e7000000"  #           mov eax, 231          exit_group
        "0f05"  #                 syscall
    ),
    start=bytes.fromhex(
        "bed0004000"  # start:    mov esi, 0x4000d0     _LEAVE_AT
        "bf0f000000"  #           mov edi, 15           SIGTERM
        "e822000000"  #           call install
        "bf02000000"  #           mov edi, 2            SIGINT
        "e818000000"  #           call install
        "beb0004000"  #           mov esi, 0x4000b0     _IGNORE_AT
        "bf11000000"  #           mov edi, 17           SIGCHLD
        "e809000000"  #           call install
        "b822000000"  # wait:     mov eax, 34           pause
        "0f05"  #                 syscall
        "ebf7"  #                 jmp wait
        "31d2"  # install:        xor edx, edx          no old action wanted
        "41ba08000000"  #         mov r10d, 8           bytes of a signal mask
        "b80d000000"  #           mov eax, 13           rt_sigaction
        "0f05"  #                 syscall
        "c3"  #                   ret
    ),
    handler_flags=_SA_RESTORER,
)


def _words(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


_AARCH64 = _Code(
    machine=183,
    leave=_words(
        0xD2800000,  # leave:     mov x0, #0
        0xD2800BC8,  #            mov x8, #94           exit_group
        0xD4000001,  #            svc #0
    ),
    start=_words(
        0x10FFFEA1,  # start:     adr x1, leave - 32    _LEAVE_AT
        0xD28001E0,  #            mov x0, #15           SIGTERM
        0x9400000D,  #            bl install
        0xD2800040,  #            mov x0, #2            SIGINT
        0x9400000B,  #            bl install
        0x10FFFD01,  #            adr x1, leave - 64    _IGNORE_AT
        0xD2800220,  #            mov x0, #17           SIGCHLD
        0x94000008,  #            bl install
        0xD2800000,  # wait:      mov x0, #0            no descriptors
        0xD2800001,  #            mov x1, #0
        0xD2800002,  #            mov x2, #0            no deadline
        0xD2800003,  #            mov x3, #0            no other signal mask
        0xD2800928,  #            mov x8, #73           ppoll
        0xD4000001,  #            svc #0
        0x17FFFFFA,  #            b wait
        0xD2800002,  # install:   mov x2, #0            no old action wanted
        0xD2800103,  #            mov x3, #8            bytes of a signal mask
        0xD28010C8,  #            mov x8, #134          rt_sigaction
        0xD4000001,  #            svc #0
        0xD65F03C0,  #            ret
    ),
)

_CODES = {"x86_64": _X86_64, "aarch64": _AARCH64}
"""By the processor as an engine tells it in its info."""
ARCHITECTURES = frozenset(_CODES)


def pause_program(architecture: str) -> bytes:
    """The ELF executable for one of ARCHITECTURES: one segment that cannot be written, a stack that cannot be run."""
    code = _CODES[architecture]
    actions = _ACTION.pack(_SIG_IGN, _SA_NOCLDWAIT, 0, 0) + _ACTION.pack(_CODE_AT, code.handler_flags, _CODE_AT, 0)
    content = actions + code.leave + code.start
    size = _FILE_HEADER.size + 2 * _SEGMENT.size + len(content)
    header = _FILE_HEADER.pack(
        b"\x7fELF\x02\x01\x01",  # 64 bits, little endian, version 1
        _EXECUTABLE,
        code.machine,
        1,
        _CODE_AT + len(code.leave),
        _FILE_HEADER.size,
        0,
        0,
        _FILE_HEADER.size,
        _SEGMENT.size,
        2,
        0,
        0,
        0,
    )
    loaded = _SEGMENT.pack(_LOAD, _R | _X, 0, _BASE, _BASE, size, size, _ALIGNMENT)
    stack = _SEGMENT.pack(_GNU_STACK, _R | _W, 0, 0, 0, 0, 0, 16)
    return header + loaded + stack + content
