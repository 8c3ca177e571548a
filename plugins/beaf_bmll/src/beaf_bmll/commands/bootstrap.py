"""`beaf job bootstrap`: what prepares machines, and how does it come to lie in an area?"""

from __future__ import annotations

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import UsageError, json_option, print_json


@click.command("bootstrap")
@asks_for_jobs
@click.option("--print", "show", is_flag=True, help="Print the script alone, and write nothing.")
@click.option("--refresh", is_flag=True, help="Write the scripts; what happens without --print.")
@json_option
def bootstrap(jobs: AskedJobs, show: bool, refresh: bool, as_json: bool) -> None:
    """Put the scripts that every job needs into their area.

    `beaf job run` does so by itself wherever the area is mounted. Those who submit from outside the
    Lab do this once in the Lab, for each version of what is installed. A script's name tells its
    content, so none is ever overwritten.
    """
    from beaf_bmll.staging import install_scripts, mounted
    from beaf_bmll.staging.bootstrap import bootstrap_script

    if show and refresh:
        raise UsageError("--print writes nothing, --refresh does", remedy="give one of them")
    config = jobs.config()
    if show:
        script = bootstrap_script(config)
        if as_json:
            print_json({"path": mounted(script.place, config), "text": script.text})
        else:
            click.echo(script.text, nl=False)
        return
    written = [mounted(each.place, config) for each in install_scripts(config)]
    if as_json:
        print_json(written)
        return
    for path in written:
        click.echo(path)
