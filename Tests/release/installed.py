#!/usr/bin/env python3
"""`make install` into a folder: everything is there, finds itself there, and is the same the second time."""

import filecmp
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]


def install(folder):
    environment = {**os.environ, "PREFIX": "/opt/deblur", "DESTDIR": str(folder), "SYSCONFDIR": "/opt/deblur/etc", "SOURCE_DATE_EPOCH": "1"}
    subprocess.run([TREE / "Deploy/install"], check=True, env=environment)
    return folder / "opt/deblur"


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def check(root):
    program = root / "bin/deblur"
    assert output(program, "--version") == output(TREE / ".build/release/deblur", "--version")
    # Read from the installed folder: the model of the tree is another path.
    assert "passed" in output(program, "selftest")
    commands = re.findall(r"^  ([a-z]+) {2,}", output(program, "--help").split("SUBCOMMANDS:")[1], re.M)
    assert len(commands) >= 9, commands
    for command in commands:
        page = (root / f"share/man/man1/deblur-{command}.1").read_text()
        for option in re.findall(r"--([a-z][a-z-]+)", output(program, command, "--help").split("OPTIONS:")[-1]):
            assert "\\-\\-" + option.replace("-", "\\-") in page, f"deblur-{command}(1) lacks --{option}"
    for page in ("exits", "formats"):
        text = (root / f"share/man/man7/deblur-{page}.7").read_text()
        headings = re.findall(r"^[A-Z][A-Z ]+$", output(program, "help", page), re.M)
        assert len(headings) > 3 and all(f'.SH "{heading}"' in text for heading in headings), page
    bash = root / "share/bash-completion/completions/deblur"
    words = output("bash", "-c", f"""
        . {bash}
        COMP_WORDS=(deblur image --pr) COMP_CWORD=2 COMP_LINE='deblur image --pr' COMP_POINT=17 COMP_TYPE=9
        _deblur deblur --pr image
        printf '%s\\n' "${{COMPREPLY[@]}}" """).split()
    assert "--precision" in words, words
    unit = (root / "lib/systemd/system/deblur.service").read_text()
    assert "ExecStart=/opt/deblur/bin/deblur serve" in unit and "/usr/local" not in unit
    assert (root / "etc/deblur/environment").exists()
    for name in ("openapi.yaml", "Public/index.html", "Models/LICENSE"):
        assert (root / "share/deblur" / name).read_bytes() == (TREE / name).read_bytes(), name


def equal(left, right):
    names = sorted(path.relative_to(left) for path in left.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(right) for path in right.rglob("*") if path.is_file())
    different = [str(name) for name in names if not filecmp.cmp(left / name, right / name, shallow=False)]
    assert not different, different
    return len(names)


def main():
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        root = install(Path(first))
        check(root)
        count = equal(root, install(Path(second)))
    print(f"installed: {count} files, equal the second time")


if __name__ == "__main__":
    sys.exit(main())
