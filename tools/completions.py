"""Writes the completion files of the shells from what `holdfast help` and `holdfast help COMMAND` print, so that they cannot fall behind it.

usage: completions.py HOLDFAST BASH_OUTPUT ZSH_OUTPUT FISH_OUTPUT

What it understands of a usage text: options are `--name`, `--name VALUE`, `--name=VALUE`, `--name[=VALUE]` anywhere; a VALUE of small words with bars between them is a closed set;
a line that begins with two blanks and an option says behind two blanks more what it is for; the words of the first lines in capitals say what a command takes.
"""
import dataclasses
import re
import subprocess
import sys

VALUE = r"[A-Z][A-Z_=]*(?:\|[A-Z]+)*|[a-z0-9]+(?:\|[a-z0-9]+)+"
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)(?:(\[?=| )(%s)\]?)?" % VALUE)
FILES = re.compile(r"FILE|PATH|PREFIX|DIR|WHERE|HTML|WHEEL")


@dataclasses.dataclass
class Option:
    name: str
    value: str = ""  # as the usage names it; "": it takes none
    bound: bool = False  # only as --name=VALUE
    text: str = ""

    def choices(self):
        return self.value.split("|") if re.fullmatch(r"[a-z0-9|]+", self.value) else []

    def takes_file(self):
        return bool(FILES.search(self.value))


@dataclasses.dataclass
class Command:
    name: str
    text: str
    options: dict
    operands: str
    words: list  # words that are themselves, such as a request of `ctl`

    def takes(self, word):
        return re.search(r"\b%s\b" % word, self.operands) is not None


def ask(holdfast, *arguments):
    return subprocess.run([holdfast, *arguments], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout


def command_of(holdfast, name, text):
    usage = ask(holdfast, "help", name)
    head = usage.split("\n\n")[0]
    options = {}
    for match in OPTION.finditer(usage):
        found = options.setdefault(match[1], Option(match[1]))
        if match[3] and not found.value:
            found.value, found.bound = match[3], match[2] != " "
    for match in re.finditer(r"^ +(?:-\w, )?(--[a-z][a-z-]*)\S*(?: \S+)*?  +(\S.*(?:\n {20,}\S.*)*)", usage, re.MULTILINE):
        options[match[1]].text = options[match[1]].text or re.sub(r"\s+", " ", match[2])
    options.setdefault("--help", Option("--help", text="show the usage"))
    operands = OPTION.sub("", head)
    words = re.findall(r"^  ([a-z]+)  +\S", usage, re.MULTILINE) if "REQUEST" in operands else []
    if re.search(r"\bRULE\b", operands):
        words = re.findall(r"^HF\d+", ask(holdfast, "explain"), re.MULTILINE)
    return Command(name, text, options, operands, words)


def commands_of(holdfast):
    found = re.findall(r"^  ([a-z]+) +(\S.*)$", ask(holdfast, "help"), re.MULTILINE)
    commands = [command_of(holdfast, name, text) for name, text in found if name != "help"]
    if len(commands) < 2 or any(len(command.options) < 1 for command in commands):
        sys.exit("completions.py: the usage has a form that is not understood: adapt completions.py to it")
    return commands, dict(found)


HEAD = "Completion of the command holdfast. Written by tools/completions.py from the usage texts."


# ---- bash ---------------------------------------------------------------------------------------------------------------

BASH = r'''# %(head)s
_holdfast_processes() { local folder; for folder in /proc/[0-9]*; do printf '%%s\n' "${folder##*/}"; done; }

_holdfast()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} index program=0
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W '%(commands)s help --help --version' -- "$current"))
        return
    fi
    # --name=VALUE comes as three words
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    # What runs another program: its name, and behind it that program's own completion
    case $command in
    %(runners)s)
        for ((index = 2; index <= COMP_CWORD; index++)); do
            case ${COMP_WORDS[index]} in
            --) ((program = index + 1)); break ;;
            = | %(with_value)s) ((index++)) ;;
            -*) ;;
            *) [[ $command == run ]] && ((program = index)); break ;;
            esac
        done
        if ((program > 0 && program == COMP_CWORD)); then
            COMPREPLY=($(compgen -c -- "$current"))
            return
        elif ((program > 0 && program < COMP_CWORD)); then
            if declare -F _command_offset >/dev/null; then _command_offset $program; else COMPREPLY=($(compgen -f -- "$current")); fi
            return
        fi ;;
    esac
    case $command:$previous in
%(values)s
    esac
    case $command in
    help) COMPREPLY=($(compgen -W '%(commands)s' -- "$current")) ;;
%(operands)s
    esac
}
complete -o filenames -o bashdefault -F _holdfast holdfast
'''


def bash(commands):
    values, operands, with_value = [], [], set()
    for command in commands:
        for option in command.options.values():
            if not option.value:
                continue
            if not option.bound:
                with_value.add(option.name)
            answer = "-W '%s'" % " ".join(option.choices()) if option.choices() else "-f" if option.takes_file() else None
            values.append("    %s:%s) %s; return ;;" % (command.name, option.name, "COMPREPLY=($(compgen %s -- \"$current\"))" % answer if answer else ":"))
        offered = [("-W '%s'" % " ".join([*command.options, *command.words]))]
        if command.takes("PID"):
            offered.append("-W \"$(_holdfast_processes)\"")
        if FILES.search(command.operands):
            offered.append("-f")
        lines = "; ".join("COMPREPLY+=($(compgen %s -- \"$current\"))" % words for words in offered)
        operands.append("    %s) %s ;;" % (command.name, lines))
    runners = [command.name for command in commands if command.takes("PROGRAM")]
    return BASH % {"head": HEAD, "commands": " ".join(command.name for command in commands), "runners": " | ".join(runners), "with_value": " | ".join(sorted(with_value)),
                   "values": "\n".join(values), "operands": "\n".join(operands)}


# ---- zsh ----------------------------------------------------------------------------------------------------------------

def zsh_quoted(text):
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_option(option):
    text = "[%s]" % zsh_quoted(option.text) if option.text else ""
    if not option.value:
        return "'%s%s'" % (option.name, text)
    action = "(%s)" % " ".join(option.choices()) if option.choices() else "_files" if option.takes_file() else " "
    return "'*%s%s%s:%s:%s'" % (option.name, "=-" if option.bound else "=", text, zsh_quoted(option.value.lower()) if not option.choices() else "value", action)


def zsh(commands, texts):
    lines = ["#compdef holdfast", "# " + HEAD, "", "_holdfast_commands() {", "  local -a commands=("]
    lines += ["    '%s:%s'" % (name, zsh_quoted(text)) for name, text in texts.items()]
    lines += ["  )", "  _describe -t commands 'command' commands", "}", "", "_holdfast() {", "  local curcontext=$curcontext state line", "  typeset -A opt_args",
              "  _arguments -C '(- *)--version[show the version]' '(- *)--help[show the usage]' '1: :_holdfast_commands' '*:: :->arguments' && return", "  case $words[1] in", "  help) _holdfast_commands ;;"]
    for command in commands:
        rest = []
        if command.takes("PROGRAM") and command.name == "run":
            rest = ["'(-)1:program:_command_names -e'", "'*::arguments:_normal'"]
        else:
            actions = []
            if command.takes("PID"):
                actions.append("_pids")
            if FILES.search(command.operands):
                actions.append("_files")
            if command.words:
                actions.append("'(%s)'" % " ".join(command.words))
            if len(actions) > 1:
                rest = ["'*:operand: _alternative %s'" % " ".join('"%d\\:operand\\:%s"' % (index, action.strip("'").replace('"', "")) for index, action in enumerate(actions))]
            elif actions:
                rest = ["'*:operand:%s'" % actions[0].strip("'")]
        lines.append("  %s) _arguments %s ;;" % (command.name, " ".join([zsh_option(option) for option in command.options.values()] + rest)))
    return "\n".join(lines + ["  esac", "}", "", '_holdfast "$@"', ""])


# ---- fish ---------------------------------------------------------------------------------------------------------------

def fish_quoted(text):
    return "'%s'" % text.replace("\\", "\\\\").replace("'", "\\'")


def fish(commands, texts):
    lines = ["# " + HEAD, "complete -c holdfast -f", "complete -c holdfast -n __fish_use_subcommand -l version -d 'show the version'",
             "complete -c holdfast -n __fish_use_subcommand -l help -d 'show the usage'"]
    for name, text in texts.items():
        lines.append("complete -c holdfast -n __fish_use_subcommand -a %s -d %s" % (name, fish_quoted(text)))
    lines.append("complete -c holdfast -n '__fish_seen_subcommand_from help' -a %s" % fish_quoted(" ".join(command.name for command in commands)))
    for command in commands:
        seen = "complete -c holdfast -n '__fish_seen_subcommand_from %s; and not __fish_seen_subcommand_from help' " % command.name
        for option in command.options.values():
            value = ""
            if option.choices():
                value = " -x -a %s" % fish_quoted(" ".join(option.choices()))
            elif option.value:
                value = " -r -F" if option.takes_file() else " -x"
            lines.append(seen + "-l %s%s%s" % (option.name[2:], value, " -d " + fish_quoted(option.text) if option.text else ""))
        if command.takes("PROGRAM") and command.name == "run":
            lines.append(seen + "-a '(__fish_complete_subcommand --fcs-skip=2)'")
            continue
        if FILES.search(command.operands):
            lines.append(seen + "-F")
        if command.takes("PID"):
            lines.append(seen + "-a '(__fish_complete_pids)'")
        if command.words:
            lines.append(seen + "-a %s" % fish_quoted(" ".join(command.words)))
    return "\n".join(lines + [""])


def main():
    holdfast, *outputs = sys.argv[1:]
    commands, texts = commands_of(holdfast)
    for output, text in zip(outputs, (bash(commands), zsh(commands, texts), fish(commands, texts))):
        with open(output, "w", encoding="utf-8") as stream:
            stream.write(text)


main()
