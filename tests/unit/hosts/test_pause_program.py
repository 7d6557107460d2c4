"""The pause program's bytes: what an executable's fields must say, and the system calls that its code makes."""

from __future__ import annotations

import io
import struct
import tarfile

import pytest

from app.hosts.errors import HostError
from app.hosts.pause import pause_archive
from app.hosts.pause_program import ARCHITECTURES, pause_program

BASE = 0x400000
MACHINES = {"x86_64": 62, "aarch64": 183}
both = pytest.mark.parametrize("architecture", sorted(MACHINES))


def code(architecture: str) -> bytes:
    """What follows the headers and the two signal actions, the handler first."""
    return pause_program(architecture)[64 + 2 * 56 + 2 * 32 :]


def entry(architecture: str) -> int:
    return int(struct.unpack_from("<Q", pause_program(architecture), 24)[0])


def segments(architecture: str) -> list[tuple[int, ...]]:
    program = pause_program(architecture)
    table, size, count = *struct.unpack_from("<Q", program, 32), *struct.unpack_from("<HH", program, 54)
    return [struct.unpack_from("<IIQQQQQQ", program, table + size * number) for number in range(count)]


def actions(architecture: str) -> list[tuple[int, ...]]:
    """The struct sigactions: of SIGCHLD, and of the signals that end the program."""
    return [struct.unpack_from("<4Q", pause_program(architecture), 64 + 2 * 56 + at) for at in (0, 32)]


def test_there_is_a_program_for_both_processors() -> None:
    assert set(MACHINES) == ARCHITECTURES


@both
def test_the_header_is_of_a_static_executable(architecture: str) -> None:
    program = pause_program(architecture)
    assert program[:8] == b"\x7fELF\x02\x01\x01\x00"
    kind, machine, version = struct.unpack_from("<HHI", program, 16)
    assert (kind, machine, version) == (2, MACHINES[architecture], 1)
    assert struct.unpack_from("<HHHHHH", program, 52) == (64, 56, 2, 0, 0, 0)
    assert len(program) < 400


@both
def test_no_memory_is_both_writable_and_executable(architecture: str) -> None:
    load, stack = segments(architecture)
    kind, flags, offset, address, _, in_file, in_memory, alignment = load
    assert (kind, flags, offset, address) == (1, 4 | 1, 0, BASE)
    assert in_file == in_memory == len(pause_program(architecture))
    assert alignment == 0x10000
    assert address % alignment == offset % alignment
    assert stack[:2] == (0x6474E551, 4 | 2)


@both
def test_orphans_are_reaped_by_the_kernel_and_the_handler_is_the_code_that_exits(architecture: str) -> None:
    ignore, leave = actions(architecture)
    assert ignore == (1, 2, 0, 0)
    handler, flags, restorer, mask = leave
    assert handler == restorer == BASE + len(pause_program(architecture)) - len(code(architecture))
    assert (flags, mask) == ({"x86_64": 0x04000000, "aarch64": 0}[architecture], 0)


def words() -> list[int]:
    text = code("aarch64")
    return list(struct.unpack(f"<{len(text) // 4}I", text))


def moved(word: int) -> tuple[int, int] | None:
    """(register, value) of a ``mov`` of a small number into a 64-bit register."""
    return (word & 31, word >> 5 & 0xFFFF) if word >> 21 == 0b11010010100 else None


def branch(word: int) -> int:
    """How many words a ``b`` or ``bl`` goes on or back."""
    return (word & 0x3FFFFFF) - ((word & 0x2000000) << 1)


def test_arm_asks_for_the_system_calls_by_their_numbers() -> None:
    called = [moved(before) for before, word in zip(words(), words()[1:], strict=False) if word == 0xD4000001]
    assert called == [(8, 94), (8, 73), (8, 134)]  # exit_group, ppoll, rt_sigaction
    assert moved(words()[0]) == (0, 0)


def test_arm_installs_the_three_signals_and_then_waits_in_a_loop() -> None:
    begin = (entry("aarch64") - BASE - 64 - 2 * 56 - 2 * 32) // 4
    text = words()
    calls = [at for at, word in enumerate(text) if word >> 26 == 0b100101]
    install = calls[0] + branch(text[calls[0]])
    assert {at + branch(text[at]) for at in calls} == {install}
    assert [moved(text[at - 1]) for at in calls] == [(0, 15), (0, 2), (0, 17)]
    assert moved(text[install + 2]) == (8, 134)
    assert text[-1] == 0xD65F03C0  # ret
    (loop,) = (at for at, word in enumerate(text) if word >> 26 == 0b000101)
    assert loop + branch(text[loop]) == calls[-1] + 1
    assert [moved(word) for word in text[calls[-1] + 1 : loop - 1]] == [(0, 0), (1, 0), (2, 0), (3, 0), (8, 73)]
    assert text[loop - 1] == 0xD4000001
    assert begin == 3


def test_arm_finds_its_signal_actions() -> None:
    found = []
    for at, word in enumerate(words()):
        if word & 0x9F000000 == 0x10000000:  # adr
            distance = (word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3
            found.append(at * 4 + distance - (distance >> 20 << 21))
            assert word & 31 == 1
    assert found == [-32, -64]


def test_intel_asks_for_the_system_calls_by_their_numbers() -> None:
    text = code("x86_64")
    called = []
    at = text.find(b"\x0f\x05")
    while at != -1:
        assert text[at - 5] == 0xB8  # mov eax
        called.append(struct.unpack_from("<I", text, at - 4)[0])
        at = text.find(b"\x0f\x05", at + 2)
    assert called == [231, 34, 13]  # exit_group, pause, rt_sigaction


@both
def test_the_archive_holds_the_program_alone_and_is_the_same_every_time(architecture: str) -> None:
    archive = pause_archive(architecture)
    assert archive == pause_archive(architecture)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (member,) = tar.getmembers()
        content = tar.extractfile(member)
        assert content is not None
        assert content.read() == pause_program(architecture)
    assert (member.name, member.mode, member.isreg()) == ("pause", 0o755, True)
    assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")


@pytest.mark.parametrize("architecture", ["riscv64", "armv7l", "", "x\x1b[31m"])
def test_another_processor_is_refused_with_a_way_out(architecture: str) -> None:
    with pytest.raises(HostError) as caught:
        pause_archive(architecture)
    assert caught.value.kind == "refused"
    assert (architecture.replace("\x1b", "␛") or "unknown") in caught.value.message
    assert "use networkMode bridge" in caught.value.message
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(("told", "same"), [("amd64", "x86_64"), ("arm64", "aarch64")])
def test_a_processor_may_be_told_in_the_words_of_go(told: str, same: str) -> None:
    """As podman does."""
    assert pause_archive(told) == pause_archive(same)
