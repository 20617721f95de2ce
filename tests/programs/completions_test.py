"""What bash, zsh and fish offer behind `holdfast`: each shell is asked for real. Prints a line a check; exits 1 when one failed.

usage: completions_test.py BUILD_DIRECTORY

Expected is what the usage texts say, read here in another way than tools/completions.py does: each line that begins with an option. A shell that is not
there is skipped. Standard library only.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

from support import BUILD, COMMAND, check, finish, skip, workshop

SHELLS = BUILD / "tools"
SHOP = workshop()
HOME = SHOP.__enter__()
ENVIRONMENT = {"PATH": "%s:%s" % (os.path.dirname(str(COMMAND)), os.environ["PATH"]), "HOME": str(HOME), "TERM": "dumb", "LC_ALL": "C.UTF-8", "XDG_DATA_DIRS": "/nowhere"}


def usage(*words):
    return subprocess.run([str(COMMAND), "help", *words], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout


def ask_bash(line, wanted=()):
    words = line.split(" ")
    asked = 'source "%s/holdfast.bash"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _holdfast 2>/dev/null; printf "%%s\\n" "${COMPREPLY[@]}"' % SHELLS
    expanded = [part for word in words for part in re.split(r"(=)", word)]
    done = subprocess.run(["bash", "--norc", "-c", asked, "bash", *expanded], stdout=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT, cwd=HOME, check=False)
    return set(done.stdout.split())


def ask_fish(line, wanted=()):
    done = subprocess.run(["fish", "--no-config", "-c", 'source "%s/holdfast.fish"; complete -C "%s"' % (SHELLS, line)], stdout=subprocess.PIPE, encoding="utf-8",
                          env=ENVIRONMENT, cwd=HOME, check=False)
    offered = {row.split("\t")[0] for row in done.stdout.splitlines()}
    return offered | {word.split("=")[-1] for word in offered if "=" in line}


class Zsh:
    """One that lists what it offers when Ctrl-T is pressed. A marker on a line of its own says that it is ready."""

    def __init__(self):
        folder = HOME / "functions"
        folder.mkdir()
        shutil.copy(SHELLS / "_holdfast", folder)
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(HOME)
            os.execvpe("zsh", ["zsh", "-f", "-i"], ENVIRONMENT)
        self.marks = 0
        self.type("PROMPT=; RPROMPT=; unsetopt prompt_cr prompt_sp zle_bracketed_paste 2>/dev/null; stty -echo cols 400 rows 400; LISTMAX=2000; fpath=(%s $fpath)\n" % folder)
        self.type("autoload -Uz compinit; compinit -u -D; setopt list_packed no_always_last_prompt; bindkey '^T' list-choices; bindkey '^U' kill-whole-line\n")
        self.until_ready()

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until_ready(self):
        """All that it wrote until now. A shell that does not answer for a minute is broken."""
        self.marks += 1
        self.type("print -r -- re''ady-%d\n" % self.marks)
        text, end = "", time.monotonic() + 60
        while not re.search(r"^ready-%d\r?$" % self.marks, text, re.MULTILINE) and time.monotonic() < end:
            if select.select([self.terminal], [], [], 1)[0]:
                text += os.read(self.terminal, 65536).decode(errors="replace")
        return text

    def until_quiet(self, seconds):
        text = ""
        while select.select([self.terminal], [], [], seconds)[0]:
            text += os.read(self.terminal, 65536).decode(errors="replace")
        return text

    def ask(self, line, wanted=()):
        """All words on the screen. What is typed while it lists makes it stop, and on a busy machine nobody knows when it begins: so it is given more time until it has said what is wanted."""
        words = set()
        for tenths in (3, 10, 30, 100):
            self.type(line + "\x14")
            text = self.until_quiet(tenths / 10)
            self.type("\x15")
            words |= set(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", text + self.until_ready()).split())
            if all(any(re.sub("=.*", "", word) == each for word in words) for each in wanted):
                break
        return words


def check_shell(name, ask):
    commands = re.findall(r"^  ([a-z]+) ", usage(), re.MULTILINE)
    offered = ask("holdfast ", commands)
    check("%s offers the commands" % name, set(commands) <= offered, "missing: %s of %s" % (set(commands) - offered, commands))
    for command in commands:
        if command == "help":
            continue
        expected = set(re.findall(r"^  (--[a-z-]+)", usage(command), re.MULTILINE)) | {"--help"}
        offered = {re.sub("=.*", "", word) for word in ask("holdfast %s --" % command, expected)}
        check("%s offers the options of %s" % (name, command), expected <= offered, "missing: %s\noffered: %s" % (expected - offered, sorted(offered)))
        wrong = {word for word in offered if word.startswith("--") and word != "--" and word not in usage(command) and word != "--help"}
        check("%s offers nothing else for %s" % (name, command), not wrong, wrong)
    (HOME / "fleet.log").touch()
    for what, line, wanted in (("knows the formats of a report", "holdfast report --format=", {"text", "json"}), ("knows the rules", "holdfast explain HF", {"HF101", "HF119"}),
                               ("knows what a process can be asked", "holdfast ctl 1 ", {"settle", "rotate"}), ("offers files to report", "holdfast report fl", {"fleet.log"}),
                               ("offers programs to run", "holdfast run sor", {"sort"})):
        offered = ask(line, wanted)
        check("%s %s" % (name, what), wanted <= offered, offered)
        check("... without an error", not {"bad", "option:"} <= offered, offered)


for shell, make in (("bash", lambda: ask_bash), ("fish", lambda: ask_fish), ("zsh", lambda: Zsh().ask)):
    if shutil.which(shell):
        check_shell(shell, make())
    else:
        skip(shell, "it is not installed")
SHOP.__exit__()
sys.exit(finish())
