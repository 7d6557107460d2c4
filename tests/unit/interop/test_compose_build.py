"""build of a Compose file: images for who builds, a loss for everybody else."""

from __future__ import annotations

from app.model.deployment import ImageBuild
from tests.unit.interop.compose_corpus import FOLDER
from tests.unit.interop.composing import read, refusal

_SERVICE = "services:\n  web:\n    mem_limit: 16m\n"


def builds(text: str) -> tuple[ImageBuild, ...]:
    return read(_SERVICE + text, builds=True, project_name="shop").builds


def test_a_folder_alone_builds_what_compose_would_call_it() -> None:
    (build,) = builds("    build: ./web\n")
    assert build == ImageBuild("shop-web", f"{FOLDER}/web")
    read_of = read(_SERVICE + "    build: .\n", builds=True, project_name="shop")
    assert read_of.definitions[0].members["containerDefinitions"][0]["image"] == "shop-web"
    assert read_of.losses == ()


def test_every_member_that_is_taken() -> None:
    (build,) = builds(
        "    image: registry.lan/web:7\n"
        "    build:\n"
        "      context: ../src\n"
        "      dockerfile: docker/Dockerfile\n"
        "      args: [VERSION=7, HOST, NOWHERE]\n"
        "      target: run\n"
        "      platforms: [linux/arm64]\n"
        "      no_cache: true\n"
        "      pull: 'yes'\n"
    )
    context = f"{FOLDER.rsplit('/', 1)[0]}/src"
    assert build == ImageBuild(
        image="registry.lan/web:7",
        context=context,
        dockerfile=f"{context}/docker/Dockerfile",
        args={"VERSION": "7", "HOST": "from the host"},
        target="run",
        platform="linux/arm64",
        no_cache=True,
        pull=True,
    )


def test_what_a_build_cannot_have_is_told() -> None:
    text = "    build: {context: ., secrets: [key], cache_from: [a], labels: {}}\n"
    told = [str(loss) for loss in read(_SERVICE + text, builds=True).losses]
    assert told == [
        "services.web.build.secrets: builds get no secrets; fetch what is secret when the container starts",
        "services.web.build.cache_from: the cache is the engine's own; remove it",
    ]


def test_mistakes_are_refused_at_their_place() -> None:
    text = "    build: {contxt: ., dockerfile_inline: FROM x, platforms: [linux/amd64, linux/arm64]}\n"
    lines = refusal(_SERVICE + text, builds=True)
    assert [line.split(": ", 1)[0].split(", ")[-1] for line in lines] == [
        "services.web.build.contxt",
        "services.web.build.dockerfile_inline",
        "services.web.build.platforms",
    ]
    assert "did you mean 'context'?" in lines[0]
    (remote,) = refusal(_SERVICE + "    build: https://example.com/x.git\n", builds=True)
    assert "is no folder of this machine" in remote


def test_two_services_share_an_image_only_if_they_build_it_alike() -> None:
    other = "  job:\n    mem_limit: 16m\n    image: app:1\n    build: {folder}\n"
    alike = read(_SERVICE + "    image: app:1\n    build: .\n" + other.format(folder="."), builds=True)
    assert [one.image for one in alike.builds] == ["app:1"]
    (line,) = refusal(_SERVICE + "    image: app:1\n    build: .\n" + other.format(folder="./job"), builds=True)
    assert "another service builds the same image otherwise" in line


def test_who_does_not_build_is_told_who_does() -> None:
    (loss,) = read(_SERVICE + "    build: .\n", project_name="shop").losses
    assert str(loss) == "services.web.build: images are not built here; moorage deploy builds shop-web"
    assert read(_SERVICE + "    build: .\n").builds == ()
