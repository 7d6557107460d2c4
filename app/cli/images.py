"""Verbs of images on instances: pull, push, copy, tag, remove, list, prune."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from app.cli.command import Call, Command
from app.cli.outcome import FAILED, complain, telling_what_exists, warn
from app.cli.transfer_progress import TransferPrinter
from app.model.image_progress import TellTransfer
from app.model.image_requests import (
    CopyImageRequest,
    ListImagesRequest,
    PruneImagesRequest,
    PullImageRequest,
    PushImageRequest,
    RemoveImageRequest,
    TagImageRequest,
)
from app.operations.images import copying, listing, pruning, pulling, pushing, removing, tagging
from app.operations.images.transfers import Transferred
from app.operations.session import Session


def transferring(operation: Callable[[Session, Any, TellTransfer], Transferred]) -> Callable[[Call], int]:
    """The run of a verb that moves images: progress on stderr, the answer on stdout, and what failed on stderr."""

    def run(call: Call) -> int:
        printer = TransferPrinter(sys.stderr)
        with telling_what_exists(printer.left):
            done = operation(call.session, call.request, printer.tell)
        printer.close()
        return tell_outcome(call, done)

    return run


def tell_outcome(call: Call, done: Transferred) -> int:
    """Print it; the exit code."""
    for warning in done.warnings:
        warn(warning)
    shape = done.shape()
    call.show(shape)
    for failure in shape["failures"]:
        complain(f"{failure['containerInstance']}: {failure['detail']}")
    return 0 if done.succeeded else FAILED


def _tag(call: Call) -> int:
    return tell_outcome(call, tagging.tag_image(call.session, call.request))


def _list(call: Call) -> int:
    return _told(call, listing.list_images(call.session, call.request))


def _prune(call: Call) -> int:
    printer = TransferPrinter(sys.stderr)
    with telling_what_exists(printer.left):
        done = pruning.prune_images(call.session, call.request, printer.tell)
    printer.close()
    for image, reason in done.skipped:
        warn(f"{image.instance.name}: {pruning.image_words(image)} stays: {reason}")
    if call.request.dry_run:
        complain("nothing was removed")
    return _told(call, done.shape())


def _told(call: Call, shape: dict[str, Any]) -> int:
    call.show(shape)
    for failure in shape["failures"]:
        complain(failure["detail"])
    return FAILED if shape["failures"] else 0


COMMANDS = {
    "pull": Command(PullImageRequest, transferring(pulling.pull_image), "image"),
    "push": Command(PushImageRequest, transferring(pushing.push_image), "image"),
    "copy-image": Command(CopyImageRequest, transferring(copying.copy_image), "image"),
    "tag": Command(TagImageRequest, _tag, "image"),
    "list-images": Command(ListImagesRequest, _list, "containerInstances"),
    "remove-image": Command(RemoveImageRequest, transferring(removing.remove_image), "image"),
    "prune-images": Command(PruneImagesRequest, _prune),
}
