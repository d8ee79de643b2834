"""The `hookflash` command: its tree, and how each way of failing becomes a sentence and an exit code.

Nothing heavy is imported here: each command's module is loaded when it is called, and imports gRPC and rich inside its
functions, so that help and completion answer at once.
"""

import os
import sys
from collections.abc import Sequence

import click

from hookflash.cli.failures import ExitCode, Failure, failure_of
from hookflash.cli.options import GLOBAL_OPTIONS, Given
from hookflash.cli.tree import LazyGroup

__all__ = ["main", "root"]

_TOP = {
    "serve": ("hookflash.cli.serve:serve", "Start a server."),
    "demo": ("hookflash.cli.demo:demo", "Play the whole story against a real server, told in the terminal."),
    "status": ("hookflash.cli.nouns.status:status", "Show how the server is."),
    "queue": ("hookflash.cli.nouns.queue:queue", "Queues and their figures."),
    "agent": ("hookflash.cli.nouns.agent:agent", "Agents, and a desk in the terminal."),
    "conversation": ("hookflash.cli.nouns.conversation:conversation", "Conversations: read, transfer, whisper, close."),
    "invite": ("hookflash.cli.nouns.invite:invite", "Invites: searches for an agent."),
    "events": ("hookflash.cli.nouns.events:events", "What happened, as the journal holds it."),
    "apply": ("hookflash.cli.nouns.site:apply", "Make the site what a file says: queues, agents, channels."),
    "diff": ("hookflash.cli.nouns.site:diff", "Show what apply would change."),
    "export": ("hookflash.cli.nouns.site:export", "Print the site as a file for apply."),
    "channel": ("hookflash.cli.nouns.channel:channel", "Channels: connections to the outside."),
    "plugin": ("hookflash.cli.nouns.plugin:plugin", "Plugins of the server, or those installed here."),
    "token": ("hookflash.cli.nouns.token:token", "Tokens: who may call, as what."),
    "server": ("hookflash.cli.nouns.server:server", "The running server."),
    "doctor": (
        "hookflash.cli.doctor:doctor",
        "Check a data directory: journal, promises, views; offline or beside a server.",
    ),
    "replay": ("hookflash.cli.replay:replay", "A recorded day under another strategy, beside what it was."),
    "bench": ("hookflash.cli.bench:bench", "Measure how fast the engine is on this machine."),
    "context": ("hookflash.cli.nouns.context:context", "Servers that this user calls, by name."),
    "completion": (
        "hookflash.cli.nouns.completion:completion",
        "Print what makes a shell complete hookflash's commands.",
    ),
}

_EPILOG = (
    "A flag goes before its variable HOOKFLASH_SERVER, _TOKEN_FILE, _TOKEN, _CONTEXT, _OUTPUT, _TIMEOUT, _COLOR, that"
    " before the context, that before the default. The options above may stand behind any command too."
    " A plugin's own commands stand under its name: hookflash PLUGIN --help."
)


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if not value or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        print(f"hookflash {version('hookflash')}")
    except PackageNotFoundError:
        print("hookflash, not installed: run from its source")
    context.exit()


@click.group(
    cls=LazyGroup,
    lazy=_TOP,
    epilog=_EPILOG,
    no_args_is_help=True,
    context_settings={"max_content_width": 110},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def root(context: click.Context) -> None:
    """Hookflash: a conversation engine for contact centres."""
    context.ensure_object(Given)


root.params.extend(GLOBAL_OPTIONS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; the arguments default to those of the process."""
    given = Given()
    # What gRPC's core has to say about a connection, we say in a sentence.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        code = root.main(
            None if arguments is None else list(arguments), prog_name="hookflash", standalone_mode=False, obj=given
        )
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.UsageError as error:
        error.show(sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has had enough; what Python would flush at its end must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - a stranger sees a sentence, whatever went wrong
        return _report(failure_of(error), error, is_verbose=given.is_verbose)
    return code if isinstance(code, int) else ExitCode.OK


def _report(failure: Failure, error: Exception, *, is_verbose: bool) -> int:
    print(f"hookflash: {failure.sentence}", file=sys.stderr)
    if is_verbose:
        for line in failure.more:
            print(f"  {line}", file=sys.stderr)
        if failure.is_defect:
            import traceback

            traceback.print_exception(error, file=sys.stderr)
    return failure.code
