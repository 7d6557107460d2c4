"""An image that hosts lack is brought to them before a launch: copied from a host that has it, or pulled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from app.model.image_progress import TransferVerb
from app.model.image_requests import CopyImageRequest, PullImageRequest
from app.model.instance import InstanceKey
from app.model.requests import parse_request
from app.model.safe_text import safe_line
from app.operations.deeds import command_of
from app.screens.asking import ask, clusters_read_only, read_only_words, wants_a_yes
from app.screens.choice_dialog import Choice, ChoiceDialog
from app.screens.frame import FrameScreen
from app.screens.images.beginning import begin_transfer
from app.screens.images.works import Transfer
from app.screens.run.images import Missing, named, short_image

_MOST = 20


def bring_dialog(
    screen: FrameScreen,
    cluster: str,
    missing: Sequence[Missing],
    planned: Sequence[InstanceKey],
    over: Callable[[], None],
) -> None:
    """Offer what can be done, and do what is chosen.

    Args:
        planned: instances that the plan has tasks for.
        over: called on the screen's thread once something was brought, or has failed.
    """
    if locked := clusters_read_only(screen.desk, [cluster]):
        screen.say(read_only_words(locked), bad=True)
        return
    bringing = _Bringing(screen, cluster, over)
    choices = [choice for one in missing for choice in bringing.choices(one, planned)]
    screen.app.push_screen(ChoiceDialog("Images that are missing", ("WHAT", "HOW"), choices[:_MOST]))


class _Bringing:
    def __init__(self, screen: FrameScreen, cluster: str, over: Callable[[], None]) -> None:
        self._screen = screen
        self._cluster = cluster
        self._over = over

    def choices(self, one: Missing, planned: Sequence[InstanceKey]) -> list[Choice]:
        """To those of the plan first, where they are not all that lack it."""
        image, found = short_image(one.image), []
        of_plan = tuple(key for key in one.lacking if key in planned)
        for keys in dict.fromkeys((of_plan or one.lacking, one.lacking)):
            names = [key.name for key in keys]
            if one.having:
                take, how = self._copy(one.image, one.having[0].name, names), f"from {one.having[0].name}"
                found.append(Choice(f"copy to {named(keys)}", f"{image} {how}", take))
            found.append(Choice(f"pull on {named(keys)}", f"{image} from its registry", self._pull(one.image, names)))
        return found

    def _copy(self, image: str, source: str, names: Sequence[str]) -> Callable[[], None]:
        members = {"image": image, "cluster": self._cluster, "from": source, "to": list(names)}
        request = parse_request(CopyImageRequest, members)

        def run(work: Transfer) -> object:
            from app.operations.images.copying import copy_image

            return copy_image(self._screen.desk.session, request, work.take, work.stop)

        return lambda: self._begin("copy", image, command_of("copy-image", request), run)

    def _pull(self, image: str, names: Sequence[str]) -> Callable[[], None]:
        members = {"image": image, "cluster": self._cluster, "containerInstances": list(names)}
        request = parse_request(PullImageRequest, members)

        def run(work: Transfer) -> object:
            from app.operations.images.pulling import pull_image

            return pull_image(self._screen.desk.session, request, work.take, work.stop)

        return lambda: self._begin("pull", image, command_of("pull", request), run)

    def _begin(self, verb: TransferVerb, image: str, command: str, run: Callable[[Transfer], object]) -> None:
        """Once somebody has said yes, where the cluster wants that."""
        screen, about = self._screen, safe_line(image)

        def run_and_tell(work: Transfer) -> object:
            try:
                return run(work)
            finally:
                screen.desk.jobs.post(self._over)

        def begin() -> None:
            begin_transfer(screen, verb, self._cluster, about, command, run_and_tell)

        if wants_a_yes(screen.desk, [self._cluster]):
            title = f"{verb.capitalize()} {about}?"
            # Later: whoever asks gets the answer, and now that is the dialog of choices, which is gone by then.
            screen.call_later(
                partial(ask, screen, [self._cluster], title, [command], begin, action="Go on", danger=False)
            )
        else:
            begin()
