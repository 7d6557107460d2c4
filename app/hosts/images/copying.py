"""An image from one engine to several at once: read once, handed to each, and looked at afterwards.

An engine that gets half of an image has no image of it: it gives the name when it has the whole tar. So whatever
happens to one of those that take part, every other one has the image as it was or as it is meant to be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.archive import Loading, saved
from app.hosts.images.breaking import BrokenOffError
from app.hosts.images.likeness import ImageFacts, check_fit_to_copy, facts
from app.hosts.images.naming import image_or_none, tag
from app.hosts.images.speed import Speed
from app.hosts.images.tee import Lane, Tee
from app.model.errors import MoorageError
from app.model.image_progress import TellTransfer, TransferProgress, TransferState
from app.model.image_reference import parse_reference
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText, safe_line

_TOLD_EVERY: Final = 0.1
"""Seconds between two events of a target."""
_TURN: Final = 0.1
_LAST_MOMENT: Final = 3.0
"""Seconds that whoever breaks it off waits for what there is to be said of each target."""
_FAULT: Final = "a fault of Moorage"


@dataclass(frozen=True, slots=True)
class Place:
    """An instance that gives or gets an image, with its engine."""

    key: InstanceKey
    engine: Engine


def copied(
    image: str, source: Place, targets: Sequence[Place], tell: TellTransfer, broken: Callable[[], bool] = lambda: False
) -> tuple[TransferProgress, ...]:
    """Copy the image to all targets at once, and stay until all have ended: their last events, in order.

    A target that fails, falls silent for SILENCE seconds or is cut off is a result "failed"; the others go on. When
    the source fails all that have not got it fail.

    Args:
        image: a name with its tag; the copies have the same.
        tell: gets every event, from several threads.
        broken: asked again and again; once it says yes everything is broken off.

    Raises MoorageError before anything is sent: the source does not answer, or the image is not fit to be copied.
    """
    told = source.engine.image(image)
    check_fit_to_copy(image, told)
    return _Copy(image, source, facts(told), tell, broken).to(targets)


class _Copy:
    def __init__(
        self, image: str, source: Place, wanted: ImageFacts, tell: TellTransfer, broken: Callable[[], bool]
    ) -> None:
        self._image = image
        self._source = source
        self._wanted = wanted
        self._tell = tell
        self._broken = broken

    def to(self, targets: Sequence[Place]) -> tuple[TransferProgress, ...]:
        receivers = [_Receiver(self._image, self._wanted, place, self._tell) for place in targets]
        self._at_once([receiver.prepare for receiver in receivers])
        # One engine under two names gets it once. But hosts that were cloned may have one id, too: the others are
        # looked at again, and get it then if they are not the same.
        first: dict[str, _Receiver] = {}
        for receiver in receivers:
            first.setdefault(receiver.engine_id or receiver.key.name, receiver)
        self._stream([receiver for receiver in first.values() if not receiver.progress.over])
        twins = [receiver for receiver in receivers if not receiver.progress.over]
        self._at_once([twin.prepare for twin in twins])
        self._stream([twin for twin in twins if not twin.progress.over])
        return tuple(receiver.progress for receiver in receivers)

    def _stream(self, receivers: Sequence[_Receiver]) -> None:
        """One read, handed to all that have to get it."""
        if not receivers:
            return
        tee = Tee(len(receivers))
        for receiver in receivers:
            receiver.say(safe_line(f"{self._source.key.name} packs it"))
        pairs = zip(receivers, tee.lanes, strict=True)
        threads = self._begun([partial(receiver.receive, lane) for receiver, lane in pairs])
        try:
            self._read_into(tee)
            while any(thread.is_alive() for thread in threads):
                threads[0].join(_TURN)
                threads = [thread for thread in threads if thread.is_alive()]
                if self._broken():
                    tee.end(BrokenOffError)
        except BaseException:
            # ctrl-c. Each has a moment to let go, and to look what is there.
            tee.end(BrokenOffError)
            until = time.monotonic() + _LAST_MOMENT
            for thread in threads:
                thread.join(max(until - time.monotonic(), 0))
            raise

    def _read_into(self, tee: Tee) -> None:
        """All that the source sends, or why it ends before."""
        name = self._source.key.name
        try:
            for piece in saved(self._source.engine, self._image, self._wanted.size, self._check):
                if not tee.put(piece, self._check):
                    break
            tee.end()
        except HostError as error:
            kind, message = error.kind, f"{name}: {error.message}"
            tee.end(lambda: HostError(message, kind))
        except BrokenOffError:
            tee.end(BrokenOffError)

    def _check(self) -> None:
        if self._broken():
            raise BrokenOffError

    def _at_once(self, jobs: Sequence[Callable[[], object]]) -> None:
        for thread in self._begun(jobs):
            while thread.is_alive():
                thread.join(_TURN)

    @staticmethod
    def _begun(jobs: Sequence[Callable[[], object]]) -> list[threading.Thread]:
        # Daemon threads: whoever leaves does not wait for an engine that does not answer.
        threads = [threading.Thread(target=job, name="copy", daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        return threads


class _Receiver:
    """One target: what is known of it before, what it takes, and whether it has come."""

    def __init__(self, image: str, wanted: ImageFacts, place: Place, tell: TellTransfer) -> None:
        self.key = place.key
        self.engine_id = ""
        self.progress = TransferProgress("copy", safe_line(image), place.key, "waiting", total=wanted.size)
        self._image = image
        self._wanted = wanted
        self._engine = place.engine
        self._tell = tell
        self._before: ImageFacts | None = None
        self._has_all = False
        self._speed = Speed()
        self._told_at = 0.0
        tell(self.progress)

    def prepare(self) -> None:
        """Look whether it may, can and has to get the image; where it need not, it ends here."""
        self._ended_by_errors(self._prepare)

    def _prepare(self) -> None:
        engine, wanted = self._engine, self._wanted
        engine.gate(f"copying {self._image}")
        self.engine_id = str(engine.info().get("ID") or "")
        self._before = self._found(self._image)
        if self._before is not None and wanted.same_as(self._before):
            self.end("present", _short(wanted.id))
        elif why := wanted.not_for(engine.version()):
            self.end("failed", why)
        elif self._found(wanted.id) is not None:
            self._name_it()
            self.end("done", f"{_short(wanted.id)} was there under another name")

    def receive(self, lane: Lane) -> None:
        """Take all that comes, and look whether the image is there then."""
        try:
            self._ended_by_errors(lambda: self._receive(lane))
        finally:
            lane.leave()

    def _receive(self, lane: Lane) -> None:
        pieces = iter(lane)
        first = next(pieces, None)
        # Only now: until a large image is packed minutes may go by.
        loading = Loading(self._engine, self._image, lane.check, self.say)
        try:
            piece = first
            while piece is not None and loading.send(piece):
                self._came(len(piece))
                piece = next(pieces, None)
            self._has_all = True
            self.say(SafeText("unpacking"), now=True)
            loading.finish()
        except (HostError, BrokenOffError) as error:
            loading.close()  # before the look: what is cut off lets go of what it has
            self._explain(error)
        finally:
            loading.close()
        self._check_arrived()

    def _check_arrived(self) -> None:
        after = self._found(self._image)
        if after is None or not self._wanted.same_as(after):
            raise HostError("what is there now under this name is not what was sent", "failed")
        self.end("done", _short(after.id))

    def _explain(self, error: MoorageError) -> None:
        """Return if the image has come all the same; raise what ended it, with what is there now."""
        try:
            after = self._found(self._image)
        except HostError:
            raise error from None
        if after is not None and self._wanted.same_as(after):
            return
        unchanged = (after and after.id) == (self._before and self._before.id)
        left = "nothing of it was loaded" if unchanged else "another image has got this name meanwhile"
        if self._has_all and unchanged and not (isinstance(error, HostError) and error.kind == "failed"):
            left = "it has all of it, and may still load it"
        message = f"{error.message}; {left}"
        if isinstance(error, HostError):
            raise HostError(message, error.kind) from error
        raise BrokenOffError(message) from error

    def _found(self, name: str) -> ImageFacts | None:
        told = image_or_none(self._engine, name)
        return None if told is None else facts(told)

    def _name_it(self) -> None:
        tag(self._engine, self._wanted.id, parse_reference(self._image))

    # --- telling ---------------------------------------------------------------------------------------------------

    def _ended_by_errors(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BrokenOffError as error:
            self.end("stopped", error.message)
        except MoorageError as error:
            self.end("failed", error.message)
        except BaseException:
            self.end("failed", _FAULT)
            raise

    def say(self, words: SafeText, *, now: bool = False) -> None:
        """What goes on there while nothing moves."""
        self._show(replace(self.progress, state="working", detail=words, rate=0.0), now=now)

    def end(self, state: TransferState, words: str) -> None:
        ended = self.progress.ended(state, safe_line(words))
        # The size was an estimate; what has come is all of it.
        self.progress = replace(ended, total=ended.done) if state == "done" and ended.done else ended
        self._tell(self.progress)

    def _came(self, size: int) -> None:
        done = self.progress.done + size
        rate = self._speed.moved(size)
        total = max(self._wanted.size, done)
        self._show(replace(self.progress, state="working", detail=SafeText(""), done=done, total=total, rate=rate))

    def _show(self, progress: TransferProgress, *, now: bool = False) -> None:
        self.progress = progress
        moment = time.monotonic()
        if now or moment - self._told_at >= _TOLD_EVERY:
            self._told_at = moment
            self._tell(progress)


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
