#!/usr/bin/env python3
"""Man pages from what the program says of itself: `manual.py PROGRAM FOLDER`.

deblur(1) and deblur-COMMAND(1) come from the parser's own description (`--experimental-dump-help`), deblur-exits(7) and
deblur-formats(7) from the pages of `deblur help`. The date is SOURCE_DATE_EPOCH's, so that equal sources give equal pages.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PAGES = {"exits": "how deep a tile goes, who decides, and what the answer says of it", "formats": "what deblur reads, writes and keeps"}


def ask(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"}).stdout


def escaped(text):
    """Text for roff: backslashes and hyphens as written, nothing at a line's start taken for a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("–", "\\(en").replace("×", "\\(mu")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def head(name, section, version, abstract):
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    return [
        f'.TH "{name.upper()}" "{section}" "{day}" "deblur {version}" "deblur"',
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{escaped(name)} \\- {escaped(abstract).rstrip('.')}",
    ]


def names(argument):
    """`--quality QUALITY`, `-h, --help`, `<path> ...` in bold and italics."""
    value = f"\\fI{escaped(argument.get('valueName', ''))}\\fR"
    if argument["kind"] == "positional":
        return value + (" ..." if argument["isRepeating"] else "")
    written = []
    for name in argument["names"]:
        written.append(f"\\fB{escaped(('--' if name['kind'] == 'long' else '-') + name['name'])}\\fR")
    return ", ".join(written) + (f" {value}" if argument["kind"] == "option" else "")


def meaning(argument):
    parts = [argument.get("abstract", ""), argument.get("discussion", "")]
    if argument.get("allValues"):
        parts.append(f"One of {', '.join(argument['allValues'])}.")
    if argument.get("defaultValue") and argument["kind"] == "option" and "default:" not in parts[0]:
        parts.append(f"Default: {argument['defaultValue']}.")
    return escaped(" ".join(part.strip() for part in parts if part))


def options(command):
    shown = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    lines = []
    for argument in sorted(shown, key=lambda argument: argument["kind"] != "positional"):
        if not lines:
            lines.append(".SH OPTIONS")
        lines += [".TP", names(argument), meaning(argument) or "\\&"]
    return lines


def synopsis(command, title):
    words = [f"\\fB{escaped(title.replace('deblur-', 'deblur '))}\\fR"]
    arguments = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    if any(argument["kind"] != "positional" for argument in arguments):
        words.append("[\\fIoptions\\fR]")
    words += [names(argument) for argument in arguments if argument["kind"] == "positional"]
    return [".SH SYNOPSIS", " ".join(words)]


def paragraphs(text):
    lines = []
    for paragraph in text.split("\n\n"):
        lines += [".PP", escaped(paragraph.strip())]
    return lines


def command_page(command, version):
    name = f"deblur-{command['commandName']}"
    lines = head(name, 1, version, command.get("abstract", command["commandName"]))
    lines += synopsis(command, name)
    lines += [".SH DESCRIPTION", escaped(command.get("abstract", "").strip())]
    if command.get("discussion"):
        lines += paragraphs(command["discussion"])
    lines += options(command)
    if command["commandName"] == "serve":
        lines += [".SH ENVIRONMENT", escaped("Every option has a twin DEBLUR_NAME, --max-body for instance DEBLUR_MAX_BODY; a flag beats it.")]
    lines += [".SH EXIT STATUS", "0 done, 1 something failed, 2 wrong usage."]
    lines += [".SH SEE ALSO", "\\fBdeblur\\fR(1), " + ", ".join(f"\\fBdeblur\\-{page}\\fR(7)" for page in PAGES)]
    return lines


def overview(tool, commands, version):
    lines = head("deblur", 1, version, "makes blurred photos sharp, by HTTP or from the command line")
    lines += [".SH SYNOPSIS", "\\fBdeblur\\fR \\fIcommand\\fR [\\fIoptions\\fR]"]
    lines += [".SH DESCRIPTION", escaped(tool.get("abstract", ""))]
    lines += [".SH COMMANDS"]
    for command in commands:
        lines += [".TP", f"\\fBdeblur\\-{escaped(command['commandName'])}\\fR(1)", escaped(command.get("abstract", ""))]
    lines += options(tool)
    lines += [".SH EXAMPLES", ".nf", escaped("deblur image photo.jpg sharp.jpg"), escaped("deblur image --keep-going --skip-existing album/ sharp-album/"),
              escaped("deblur serve --port 8080"), escaped("curl --data-binary @photo.jpg http://127.0.0.1:8080/deblur -o sharp.jpg"), ".fi"]
    lines += [".SH EXIT STATUS", "0 done, 1 something failed, 2 wrong usage."]
    lines += [".SH FILES"]
    for path, what in (("/etc/deblur/environment", "settings of the service that systemd starts"),
                       ("/usr/share/deblur", "the model that comes with it, the page, openapi.yaml"),
                       ("/var/lib/deblur", "accepted jobs and their results")):
        lines += [".TP", f"\\fI{path}\\fR", what]
    lines += [".SH SEE ALSO", ", ".join(f"\\fBdeblur\\-{page}\\fR(7)" for page in PAGES)]
    return lines


def text_page(name, text, version):
    """A page of `deblur help`: capitals at the edge are headings, four spaces text, more is kept as it stands."""
    lines = head(f"deblur-{name}", 7, version, PAGES[name])
    for line in text.rstrip("\n").split("\n"):
        if line and not line.startswith(" "):
            lines += [f'.SH "{escaped(line)}"', ".nf"]
        else:
            lines.append(escaped(line[4:]) or "\\&")
    return lines


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    tool = json.loads(ask(program, "--experimental-dump-help"))["command"]
    version = ask(program, "--version").split()[1]
    commands = {}
    for command in tool["subcommands"]:
        commands.setdefault(command["commandName"], command)  # the parser's own `help` comes after ours
    pages = {"deblur.1": overview(tool, commands.values(), version)}
    for name, command in commands.items():
        pages[f"deblur-{name}.1"] = command_page(command, version)
    for name in PAGES:
        pages[f"deblur-{name}.7"] = text_page(name, ask(program, "help", name), version)
    for name, lines in pages.items():
        (folder / name).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
