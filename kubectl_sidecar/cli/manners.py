"""click commands whose flags behave as kubectl's do, because a flag that is read differently reaches the wrong namespace.

kubectl reads its command line with pflag (flags) and cobra (commands); click reads several of the same spellings otherwise:
`-n=x` becomes the namespace `=x`, a bare `--dry-run` swallows the name behind it, `--name` is taken for `--namespace`. So the
words are read here by pflag's rules (spf13/pflag, flag.go: parseArgs, parseLongArg, parseSingleShortArg) and handed to click
in the one spelling that both read alike: `--flag value … -- arguments`. Types, defaults, callbacks and help stay click's.

What always holds: a flag before the command is the same as one behind it, of two the later wins, every given value is
checked even if a later one replaces it, and a flag that a command does not know is refused, never ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """What `flag` and its siblings give: declares an option on a command's function."""

    def __call__(self, function: F, /) -> F: ...


# What strconv.ParseBool knows; "yes" or "on" are errors in kubectl too.
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class _GoBool(click.types.BoolParamType):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        if isinstance(value, bool):
            return value
        if value not in _TRUE | _FALSE:
            self.fail("not a boolean: write true or false", param, ctx)
        return value in _TRUE


class _Choice(click.Choice[str]):
    """A choice that is compared as it is written (kubectl does not know `--output=JSON`)."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        return f"must be {_either(self.choices)}"


class Flag(click.Option):
    """One flag. `bare` is its value when it stands alone (pflag's NoOptDefVal): such a flag takes a value only behind `=`.
    With `commas`, a flag of several values also takes them as a comma-separated list (pflag's StringSlice; without, its
    StringArray)."""

    def __init__(self, *args: Any, bare: str | None = None, commas: bool = False, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.bare = bare
        self.commas = commas

    def pieces(self, value: str) -> list[str]:
        """The values that one occurrence stands for. Raises click.BadParameter."""
        if not self.commas:
            return [value]
        import csv  # pflag reads CSV, so that a quoted item may contain a comma

        try:
            return [piece for row in csv.reader([value], strict=True) for piece in row]
        except csv.Error as error:
            raise click.BadParameter(f"not a comma-separated list ({error})", param=self) from error

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names = ", ".join(sorted(self.opts, key=len))
        if isinstance(self.type, _GoBool):
            return names, record[1]
        metavar = self.make_metavar(ctx).strip("[]")
        return f"{names}[={metavar}]" if self.bare is not None else f"{names} {metavar}", record[1]


def flag(*names: str, choices: Sequence[str] | None = None, **settings: Any) -> Decorator:
    """A flag with one value, which must be given: `-n x`, `-n=x`, `-nx`, `--namespace x`, `--namespace=x`. `settings` are those
    of click.option; the value is None if the flag is not given and has no default."""
    kind = {"type": _Choice(choices)} if choices else {}
    return click.option(*names, cls=Flag, **kind, **settings)


def switch(*names: str, default: bool = False, **settings: Any) -> Decorator:
    """A flag that is on when it stands alone: `-A`, `--all-namespaces`, `--all-namespaces=false`. A word behind it is an
    argument, not its value."""
    return click.option(*names, cls=Flag, type=_GoBool(), bare="true", default=default, **settings)


def optional_value(*names: str, bare: str, choices: Sequence[str], default: str, **settings: Any) -> Decorator:
    """A flag that means `bare` when it stands alone, and has another value only behind `=`: `--dry-run`, `--dry-run=server`."""
    return click.option(*names, cls=Flag, type=_Choice(choices), bare=bare, default=default, **settings)


def listing(*names: str, split: bool = True, **settings: Any) -> Decorator:
    """A flag that may be given several times; the value is the tuple of all, in their order. With `split`, `a,b` is two."""
    return click.option(*names, cls=Flag, multiple=True, commas=split, **settings)


@dataclass(frozen=True, slots=True)
class Words:
    """A command line, read: each occurrence of a flag with its value, the arguments, and how many words that took.
    `ended` tells that `--` was among them."""

    given: tuple[tuple[click.Option, str], ...]
    arguments: tuple[str, ...]
    length: int
    ended: bool = False


def read_words(
    words: Sequence[str], flags: Mapping[str, click.Option], ctx: click.Context, *, interspersed: bool = True
) -> Words:
    """Reads a command line by pflag's rules; `flags` are keyed by their spelling (`-n`, `--namespace`). If not `interspersed`,
    reading stops before the first argument. Raises click.UsageError in pflag's words."""
    given: list[tuple[click.Option, str]] = []
    arguments: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return Words(tuple(given), (*arguments, *words[at + 1 :]), len(words), ended=True)
        if word == "-" or not word.startswith("-"):
            if not interspersed:
                break
            arguments.append(word)
            at += 1
            continue
        following = words[at + 1] if at + 1 < len(words) else None
        read = _read_long if word.startswith("--") else _read_shorthands
        found, took_following = read(word, following, flags, ctx)
        given.extend(found)
        at += 2 if took_following else 1
    return Words(tuple(given), tuple(arguments), at)


_Found = tuple[list[tuple[click.Option, str]], bool]


def _read_long(word: str, following: str | None, flags: Mapping[str, click.Option], ctx: click.Context) -> _Found:
    name, equals, value = word[2:].partition("=")
    if not name or name.startswith("-"):
        ctx.fail(f"bad flag syntax: {word}")
    # kubectl reads --all_namespaces as --all-namespaces (k8s.io/component-base, WordSepNormalizeFunc)
    option = flags.get(f"--{name.replace('_', '-')}")
    if option is None:
        ctx.fail(f"unknown flag: --{name}")
    if equals:
        return [(option, value)], False
    if (bare := _bare(option)) is not None:
        return [(option, bare)], False
    if following is None:
        ctx.fail(f"flag needs an argument: --{name}")
    return [(option, following)], True


def _read_shorthands(word: str, following: str | None, flags: Mapping[str, click.Option], ctx: click.Context) -> _Found:
    found: list[tuple[click.Option, str]] = []
    letters = word[1:]
    while letters:
        option = flags.get(f"-{letters[0]}")
        if option is None:
            ctx.fail(f"unknown shorthand flag: '{letters[0]}' in -{letters}")
        # With nothing behind the =, pflag takes the = itself for a value or a letter: `-n=` is the namespace "=".
        if len(letters) > 2 and letters[1] == "=":
            return [*found, (option, letters[2:])], False
        if (bare := _bare(option)) is not None:
            found.append((option, bare))
            letters = letters[1:]
        elif len(letters) > 1:
            return [*found, (option, letters[1:])], False
        elif following is not None:
            return [*found, (option, following)], True
        else:
            ctx.fail(f"flag needs an argument: '{letters}' in -{letters}")
    return found, False


def _bare(option: click.Option) -> str | None:
    if isinstance(option, Flag):
        return option.bare
    return "true" if option.is_flag else None


def _for_click(read: Words, ctx: click.Context) -> list[str]:
    """The command line in the spelling that click reads as pflag does."""
    lines: dict[click.Option, list[str]] = {}
    for option, value in read.given:
        spelling = max(option.opts, key=len)
        pieces = _checked(option, value, ctx)
        new = [word for piece in pieces for word in _words(option, spelling, piece)]
        earlier = lines.pop(option, [])  # so that the order of callbacks is that of the values that count
        lines[option] = [*earlier, *new] if option.multiple else new
    flags = [word for line in lines.values() for word in line]
    return [*flags, "--", *read.arguments] if read.arguments else flags


def _words(option: click.Option, spelling: str, value: str) -> list[str]:
    if not option.is_flag:
        return [spelling, value]
    return [spelling] if value in _TRUE else []  # a flag of click's own, which takes no value: --help


def _checked(option: click.Option, value: str, ctx: click.Context) -> list[str]:
    kind: click.ParamType[Any] = _GoBool() if option.is_flag else option.type
    try:
        pieces = option.pieces(value) if isinstance(option, Flag) else [value]
        for piece in pieces:
            kind(piece, option, ctx)
    except click.BadParameter as error:
        names = ", ".join(sorted(option.opts, key=len))
        raise click.UsageError(f'invalid argument {_quoted(value)} for "{names}" flag: {error.message}', ctx) from error
    return pieces


def flags_of(command: click.Command, ctx: click.Context) -> dict[str, click.Option]:
    """The flags of a command by their spellings; of a group, those of all commands in it, which may stand before the
    command's name. Raises TypeError if two commands differ in whether a flag takes the next word: one could not tell then."""
    flags: dict[str, click.Option] = {}
    commands = command.commands.values() if isinstance(command, click.Group) else ()
    own = {
        spelling: param
        for param in command.get_params(ctx)
        if isinstance(param, click.Option)
        for spelling in param.opts
    }
    for part in (own, *(flags_of(child, ctx) for child in commands)):
        for spelling, option in part.items():
            known = flags.setdefault(spelling, option)
            if (_bare(known) is None) != (_bare(option) is None):
                raise TypeError(f"{spelling} takes a value in one command of {command.name!r} and none in another")
    return flags


class Command(click.Command):
    """A command that reads its words as kubectl does."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        read = read_words(args, flags_of(self, ctx), ctx)
        return super().parse_args(ctx, _for_click(read, ctx))


class Group(click.Group):
    """Commands under one name. It has no flags of its own but --help: what stands before the command's name is the
    command's, just as if it stood behind. Without a command it prints its help, as kubectl does."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])
        if self.params:
            raise TypeError(f"group {self.name!r} has flags or arguments of its own: declare them on its commands")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        read = read_words(args, flags_of(self, ctx), ctx, interspersed=False)
        if read.ended:
            ctx.fail('the command must stand before "--"')
        if read.length == len(args):
            _for_click(read, ctx)  # the values are checked even if nobody uses them
            click.echo(ctx.get_help())
            ctx.exit()
        name = args[read.length]
        return super().parse_args(ctx, [name, *args[: read.length], *args[read.length + 1 :]])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            self._no_such_command(ctx, args[0])
        return super().resolve_command(ctx, args)

    def _no_such_command(self, ctx: click.Context, name: str) -> NoReturn:
        from difflib import get_close_matches

        close = get_close_matches(name, self.list_commands(ctx))
        hint = f"; did you mean {_either(close)}?" if close else ""
        ctx.fail(f"unknown command {_quoted(name)} for {_quoted(ctx.command_path)}{hint}")


def program_name(argv0: str) -> str:
    """What a person typed to get here: `kubectl sidecar` for a file that kubectl finds as its plugin, else the file's name."""
    name = os.path.basename(argv0)
    if name == "__main__.py":
        return "python -m kubectl_sidecar"
    return "kubectl sidecar" if not name or name.startswith("kubectl-") else name


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _quoted(text: str) -> str:
    """In double quotes, with what a terminal should not get escaped."""
    return json.dumps(text, ensure_ascii=False)
