"""Does the contract check for commands pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

import click

from beaf_core.testing import check_command


def command_of(function, **settings):
    return click.command(**settings)(function)


def test_a_right_command_passes_and_so_does_a_group_of_them():
    command = command_of(lambda: None, name="hello", help="Greet.")
    group = click.Group("acme", commands=[command], help="Acme's commands.")
    check_command(command)
    check_command(group)


def test_a_command_without_help_is_caught_at_any_depth(refused):
    silent = click.Group("acme", commands=[command_of(lambda: None, name="hello")], help="Acme.")
    assert "acme hello has no help text" in refused(check_command, silent, name="acme")


def test_an_option_without_help_is_caught(refused):
    command = click.option("--size")(command_of(lambda size: None, name="hello", help="Greet."))
    assert "the option size has no help text" in refused(check_command, command)


def test_a_command_that_takes_any_option_is_caught(refused):
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    command = command_of(lambda: None, name="hello", help="Greet.", context_settings=settings)
    assert "--no-such-option exits 0, not 2" in refused(check_command, command)


def test_something_that_is_no_command_is_caught(refused):
    assert "not a click command" in refused(check_command, print)
