"""`hookflash completion`: what makes a shell complete the commands."""

import click

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS), metavar="bash|zsh|fish")
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete hookflash's commands.

    For bash: hookflash completion bash > ~/.local/share/bash-completion/completions/hookflash
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    complete = found(context.find_root().command, {}, "hookflash", "_HOOKFLASH_COMPLETE")
    # Not complete.source(): for bash it starts one to ask its version, and the shell may be another machine's.
    print(complete.source_template % complete.source_vars())
