"""What is done with images by keys. Mixed into the screens that show them; they say which are meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.model.errors import MoorageError
from app.model.image import short_image_id
from app.screens import formats
from app.screens.asking import ask, clusters_read_only, read_only_words
from app.screens.form_dialog import Field, FormDialog, Values
from app.screens.frame import FrameScreen
from app.screens.images.beginning import begin_transfer
from app.screens.images.rows import image_argument, image_title

if TYPE_CHECKING:
    from app.model.image import HostImage
    from app.model.image_progress import TransferProgress
    from app.model.image_requests import PruneImagesRequest
    from app.operations.images.listing import ImageRow
    from app.operations.images.pruning import Prune
    from app.screens.images.works import Transfer

IMAGE_FORMS = ("image.pull", "image.build", "image.copy", "image.push", "image.tag")
IMAGE_REMOVALS = ("image.remove", "image.prune")
IMAGE_DEEDS = (*IMAGE_FORMS, *IMAGE_REMOVALS)
OF_A_NAME = frozenset({"push_image", "copy_image"})
OF_ONE_IMAGE = frozenset({*OF_A_NAME, "tag_image", "remove_image"})
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class _Together:
    """What several calls gave back. ``problems``: of those that were refused as a whole, a line each."""

    results: tuple[TransferProgress, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class ImageDeeds(FrameScreen):
    # --- what a screen says ----------------------------------------------------------------------------------------

    def image_cluster(self) -> str:
        """The cluster whose images are meant."""
        return self.cluster_in_sight()

    def chosen_image(self) -> ImageRow | None:
        """The image at the cursor."""
        return None

    def chosen_images(self) -> Sequence[ImageRow]:
        """The marked ones, or else the one at the cursor."""
        row = self.chosen_image()
        return [row] if row is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an image there is nothing to be done with it; what has no name goes nowhere."""
        if action in OF_ONE_IMAGE and self.children:
            row = self.chosen_image()
            if row is None or (action in OF_A_NAME and row.dangling):
                return False
        return super().check_action(action, parameters)

    # --- forms -----------------------------------------------------------------------------------------------------

    def action_pull_image(self) -> None:
        from app.screens.images.forms import pull_dialog

        self.open_form(lambda cluster: pull_dialog(self, cluster, self.chosen_image()))

    def action_build_image(self) -> None:
        from app.screens.images.forms import build_dialog

        self.open_form(lambda cluster: build_dialog(self, cluster))

    def action_push_image(self) -> None:
        from app.screens.images.forms import push_dialog

        if (row := self.chosen_image()) is not None:
            self.open_form(lambda cluster: push_dialog(self, cluster, row))

    def action_tag_image(self) -> None:
        from app.screens.images.forms import tag_dialog

        if (row := self.chosen_image()) is not None:
            self.open_form(lambda cluster: tag_dialog(self, cluster, row))

    def action_copy_image(self) -> None:
        from app.screens.images.forms import copy_dialog

        if (row := self.chosen_image()) is not None:
            self.open_form(lambda cluster: copy_dialog(self, cluster, row))

    def open_form(self, make: Callable[[str], FormDialog]) -> None:
        """The dialog of a deed in the cluster, unless nothing is to be changed there."""
        cluster = self.image_cluster()
        if locked := clusters_read_only(self.desk, [cluster]):
            self.say(read_only_words(locked), bad=True)
        else:
            self.app.push_screen(make(cluster))

    # --- questions -------------------------------------------------------------------------------------------------

    def action_remove_image(self) -> None:
        from app.model.image_requests import RemoveImageRequest
        from app.model.requests import parse_request
        from app.operations.deeds import command_of

        rows, cluster = list(self.chosen_images()), self.image_cluster()
        if not rows:
            return
        try:
            members = [{"image": image_argument(row), "cluster": cluster} for row in rows]
            requests = [parse_request(RemoveImageRequest, one) for one in members]
        except MoorageError as error:
            self.say(error.message, bad=True)
            return
        command = " && ".join(command_of("remove-image", request) for request in requests)
        about = image_title(rows[0]) if len(rows) == 1 else f"{len(rows)} images"

        def run(work: Transfer) -> object:
            from app.operations.images.removing import remove_image

            ended, problems = [], []
            for request in requests:
                try:
                    ended.append(remove_image(self.desk.session, request, work.take))
                except MoorageError as error:
                    problems.append(error.message)
            results = tuple(result for one in ended for result in one.results)
            return _Together(results, tuple(line for one in ended for line in one.warnings), tuple(problems))

        def remove() -> None:
            self._clear_marks()
            begin_transfer(self, "remove", cluster, about, command, run)

        lines = [line for row in rows for line in remove_lines(row)]
        ask(self, [cluster], f"Remove {about}?", [*lines, "", command], remove, action="Remove")

    def action_prune_images(self) -> None:
        """First what would go is looked at, then it is asked for."""
        cluster = self.image_cluster()

        def request(values: Values) -> PruneImagesRequest:
            from app.model.image_requests import PruneImagesRequest
            from app.model.requests import parse_request

            names = values["instances"].replace(",", " ").split()
            members = {"cluster": cluster, "containerInstances": names, "all": bool(values["all"])}
            return parse_request(PruneImagesRequest, {name: value for name, value in members.items() if value})

        def command(values: Values) -> str:
            from app.operations.deeds import command_of

            return command_of("prune-images", request(values))

        def work(values: Values) -> Callable[[], object]:
            from app.operations.images.pruning import plan_prune

            wanted = request(values)
            plan = plan_prune(self.desk.session, wanted)
            return lambda: self._ask_prune(cluster, wanted, plan, command(values))

        fields = [
            Field("instances", "Instances", "", "all of the cluster; or names, as in edge-1 edge-2"),
            Field("all", "With a name", "", "also images with a name that no container uses", box=True),
        ]
        lines = ["Images that no container uses go, and first is shown which. A launch pulls again what it needs."]
        self.open_form(
            lambda _: FormDialog(self.desk, f"Prune images of {cluster}", fields, "Look", work, lines, command)
        )

    def _ask_prune(self, cluster: str, request: PruneImagesRequest, plan: Prune, command: str) -> None:
        if not plan.images:
            why = "; ".join(f"{key.name}: {why}" for key, why in plan.failures.items())
            self.say(f"Nothing to prune{f'; not read: {why}' if why else ': every image is in use'}", bad=bool(why))
            return

        def run(work: Transfer) -> object:
            from app.operations.images.pruning import prune_images

            return prune_images(self.desk.session, request, work.take, plan, work.stop)

        def prune() -> None:
            begin_transfer(self, "prune", cluster, f"{len(plan.images)} images", command, run)

        count = len(plan.images)
        title = f"Remove {count} image{'' if count == 1 else 's'}, {formats.size(plan.bytes)} at most?"
        ask(self, [cluster], title, [*prune_lines(plan), "", command], prune, action="Remove")

    def _clear_marks(self) -> None:
        from widgets.live_table import LiveTable

        for table in self.query(LiveTable):
            table.clear_marks()


def remove_lines(row: ImageRow) -> list[str]:
    """What goes, where, and who is in the way."""
    lines = [f"{image_title(row)}  {formats.size(row.size)}"]
    for copy in row.copies:
        others = [str(name) for name in copy.names if name != row.name]
        what = "the image"
        if others:
            what = f"only this name; it is {', '.join(others)}, too"
        elif copy.containers:
            count = len(copy.containers)
            what = f"stays: {count} container{' is' if count == 1 else 's are'} made of it"
        lines.append(f"  {copy.instance.name}  {short_image_id(copy.id)}  {what}")
    return lines


def prune_lines(plan: Prune) -> list[str]:
    """Instance by instance each image with its size."""
    lines: list[str] = []
    for key in dict.fromkeys(image.instance for image in plan.images):
        own = plan.of(key)
        count = f"{len(own)} image{'' if len(own) == 1 else 's'}"
        lines.append(f"{key.name}  {count}, {formats.size(sum(image.size for image in own))}")
        lines += [f"  {formats.size(one.size):>5}  {_names(one)}" for one in own]
    if len(lines) > MOST_LISTED:
        lines = [*lines[:MOST_LISTED], f"and {len(lines) - MOST_LISTED} more lines"]
    return [*lines, *(f"✕ not read: {key.name}: {why}" for key, why in plan.failures.items())]


def _names(image: HostImage) -> str:
    return ", ".join(map(str, image.names)) or f"<none> {short_image_id(image.id)}"
