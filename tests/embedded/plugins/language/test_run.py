import os
import sys

import pytest

from embedded.plugins.language.program import verdict
from embedded.plugins.protos import language_pb2
from tests.embedded.plugins.language.support import (
    Program,
    bare_environment,
    executors,
    info,
    wait_for,
)


def test_a_program_registers_its_resources_and_exports(program: Program) -> None:
    response = program.run("import pulumi; pulumi.export('size', 3)")

    assert (response.error, response.bail) == ("", False)
    assert program.engine.registered == ["pulumi:pulumi:Stack tiny-a"]
    assert program.engine.outputs == {"size": 3}


def test_a_program_knows_where_it_runs(program: Program) -> None:
    (program.folder / "neighbour.py").write_text("NAME = 'next door'\n")

    program.run(
        """
import os, sys, pulumi, neighbour
pulumi.export("names", [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])
pulumi.export("preview", pulumi.runtime.is_dry_run())
pulumi.export("places", [pulumi.runtime.get_root_directory(), os.getcwd()])
pulumi.export("environment", os.environ["VIRTUAL_ENV"])
pulumi.export("path", str(os.environ.get("PYTHONPATH")))
pulumi.export("neighbour", neighbour.NAME)
pulumi.export("arguments", sys.argv[1:])
""",
        dryRun=True,
        args=["--flag"],
    )

    assert program.engine.outputs == {
        "names": ["tiny", "a", "us"],
        "preview": True,
        "places": [str(program.folder)] * 2,
        "environment": info(program.folder).options["virtualenv"],
        # The launcher's own is none of the program's business.
        "path": str(os.environ.get("PYTHONPATH")),
        "neighbour": "next door",
        "arguments": ["--flag"],
    }


def test_the_hosts_own_modules_are_not_in_the_programs_way(program: Program) -> None:
    program.run("import interpreter")

    [error] = program.engine.errors
    assert "No module named 'interpreter'" in error


def test_a_program_may_be_a_file_beside_its_modules(program: Program) -> None:
    (program.folder / "neighbour.py").write_text("NAME = 'next door'\n")
    (program.folder / "main.py").write_text(
        "import neighbour, pulumi; pulumi.export('name', neighbour.NAME)"
    )
    where = info(program.folder)
    where.entry_point = "main.py"

    program.run(None, info=where)

    assert program.engine.errors == []
    assert program.engine.outputs == {"name": "next door"}


def test_configuration_and_secrets_arrive(program: Program) -> None:
    program.run(
        """
import pulumi
config = pulumi.Config()
pulumi.export("plain", config.require("colour"))
pulumi.export("secret", pulumi.Output.from_input(config.require_secret("token").is_secret()))
""",
        config={"tiny:colour": "red", "tiny:token": "s3cret"},
        configSecretKeys=["tiny:token"],
    )

    assert program.engine.outputs == {"plain": "red", "secret": True}


def test_a_run_error_is_its_message_and_nothing_else(program: Program) -> None:
    message = "replicas is -1; allowed: 0 and more"

    response = program.run(f"import pulumi; raise pulumi.RunError('{message}')")

    assert program.engine.errors == [message]
    assert (response.error, response.bail) == ("", True)


def test_an_exception_shows_the_users_lines_only(program: Program) -> None:
    (program.folder / "shapes.py").write_text("def area():\n    raise ValueError('no area')\n")

    response = program.run("import shapes\nshapes.area()\n")

    [error] = program.engine.errors
    assert error.splitlines()[:3] == [
        "Program failed with an unhandled exception:",
        "Traceback (most recent call last):",
        f'  File "{program.folder}/__main__.py", line 2, in <module>',
    ]
    assert f'File "{program.folder}/shapes.py", line 2, in area' in error
    assert error.endswith("ValueError: no area\n")
    assert response.bail


def test_an_error_in_an_apply_shows_the_line_in_which_it_arose(program: Program) -> None:
    program.run(
        """
import pulumi
def look(value):
    return {}[value]
pulumi.export("a", pulumi.Output.from_input("missing").apply(look))
"""
    )

    [error] = program.engine.errors
    assert f'File "{program.folder}/__main__.py", line 4, in look' in error
    assert error.endswith("KeyError: 'missing'\n")


def test_a_folder_without_a_program_says_so(program: Program) -> None:
    assert program.run(None).bail
    assert program.engine.errors == [
        f"There is no __main__.py in {program.folder}: a Python program starts there."
    ]


def test_what_a_program_prints_goes_to_the_engine(own_program: Program) -> None:
    own_program.run("import sys; print('to out'); print('to err', file=sys.stderr)")

    assert own_program.host.end() == ("to out\n", "to err\n")


def test_a_missing_environment_is_named_with_the_command_that_makes_it(program: Program) -> None:
    response = program.run("", info=info(program.folder, virtualenv="gone"))

    [error] = program.engine.errors
    assert f"The virtual environment {program.folder}/gone does not exist" in error
    assert f"`pulumi install` in {program.folder}" in error
    assert response.bail


def test_an_environment_without_the_sdk_is_named(program: Program) -> None:
    bare = bare_environment(program.folder / "bare")

    program.run("import pulumi", info=info(program.folder, virtualenv="bare"))

    [error] = program.engine.errors
    assert f"The Python package pulumi is not installed for {bare}/bin/python" in error


def test_a_program_that_the_type_checker_rejects_is_not_run(program: Program) -> None:
    checker = bare_environment(program.folder / "venv")
    packages = checker / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "mypy.py").write_text("import sys; sys.exit(f'checked {sys.argv[1:]}')")
    strict = info(program.folder, virtualenv="venv", typechecker="mypy")

    response = program.run("open('ran', 'w')", info=strict)

    assert program.engine.errors == [
        f"mypy did not pass {program.folder}: the program was not run."
    ]
    assert response.bail
    assert not (program.folder / "ran").exists()


def start_pack(program: Program) -> None:
    host, where = program.host, info(program.folder)
    host.stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=where))
    pack = language_pb2.RunPluginRequest(kind="analyzer", pwd=str(program.folder), info=where)
    list(host.stub.RunPlugin(pack))


def test_a_program_is_ready_before_it_is_asked_for_when_a_policy_pack_starts(
    own_program: Program,
) -> None:
    start_pack(own_program)
    started = executors(own_program.host.process.pid)

    own_program.run("import os, pulumi; pulumi.export('pid', os.getpid())")

    assert started == [own_program.engine.outputs["pid"]]


def test_a_program_that_was_made_ready_and_not_asked_for_is_silent(own_program: Program) -> None:
    start_pack(own_program)

    assert own_program.host.end() == ("", "")
    wait_for(lambda: not executors(own_program.host.process.pid))


@pytest.mark.parametrize(
    ("code", "error", "bail"),
    [
        (0, "", False),
        (1, "Program exited with non-zero exit code: 1", False),
        (3, "Program exited with non-zero exit code: 3", False),
        # The executor's own code: the user has been shown the error already.
        (32, "", True),
        (-9, "the program was ended by signal 9", False),
    ],
)
def test_the_verdict_says_nothing_twice(code: int, error: str, bail: bool) -> None:
    response = verdict(code)

    assert (response.error, response.bail) == (error, bail)
