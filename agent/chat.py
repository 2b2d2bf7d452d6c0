"""`sensorium chat`: a conversation about some files, turn by turn."""

import argparse
import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..tools.base.errors import ArgumentError, SensoriumError
from ..tools.base.settings import Settings
from ..tools.base.threads import Thread
from ..tools.base.words import Language, answer_language
from ..tools.servers.link import close_links
from .answer import Answer, told_answer
from .approver import open_approver
from .assistant import Assistant
from .commands import Listener, Start, exit_code_of
from .deliver import prepare
from .dropped import files_dropped, paths_in
from .embedded.phrases import Tongue
from .lines import Lines, open_lines
from .plan_text import show_planned
from .printing import fit, one_line, say, tell
from .terminal import watching
from .tool_commands import columns

_HELP = (
    ("/attach FILE…", "add files; they stay for all turns", "添加文件，之后各轮都可使用"),
    ("/plan REQUEST", "show the plan without running it", "只显示计划，不执行"),
    ("/tools", "list what can be done", "列出全部工具"),
    ("/artifacts", "list the files that were made", "列出生成的文件"),
    ("/save DIR [RUN]", "copy those of a turn into a folder", "把某一轮的文件复制到文件夹"),
    ("/resume [RUN]", "go on with a turn that was stopped", "继续被中断的一轮"),
    ("/thread [ID|new]", "show this conversation, or change it", "显示或切换对话"),
    ("/help", "show this", "显示本帮助"),
    ("/quit", "leave; Ctrl-D does too", "退出，也可按 Ctrl-D"),
)


def chat(chosen: argparse.Namespace) -> int:
    """Talk until the user leaves."""
    with Assistant(Settings.read(local_only=chosen.local_only)) as assistant, asyncio.Runner() as runner:
        thread = assistant.threads.get(chosen.thread) if chosen.thread else None
        talk = Chat(assistant=assistant, runner=runner, thread=thread.id if thread else None)
        talk.attach(chosen.files)
        try:
            return talk.talk(open_lines())
        finally:
            runner.run(close_links())


@dataclass
class Chat:
    """One conversation; it may become another one."""

    assistant: Assistant
    runner: asyncio.Runner
    thread: str | None = None
    files: list[Path] = field(default_factory=list)
    """Attached, and not yet part of a turn."""
    language: Language = field(default_factory=lambda: _language(os.environ))
    code: int = 0
    """The exit code: that of the last turn that did not end well."""

    @property
    def tongue(self) -> Tongue:
        return Tongue(self.language)

    def talk(self, lines: Lines) -> int:
        """Take turns until the user leaves, and return the exit code."""
        if lines.is_terminal:
            self._greet()
        interrupted = False
        while True:
            try:
                line = lines.next(self._prompt())
            except KeyboardInterrupt:
                tell("")
                if interrupted:
                    return 130
                interrupted = True
                tell(self.tongue("Ctrl-C again, or /quit, to leave.", "再按一次 Ctrl-C 或输入 /quit 退出。"))
                continue
            interrupted = False
            if line is None or line.strip().split(maxsplit=1)[:1] in (["/quit"], ["/exit"], ["/q"]):
                break
            try:
                self.take(line)
            except KeyboardInterrupt:  # a turn that was stopped says more
                tell(self.tongue("Stopped.", "已停止。"))
            except SensoriumError as error:
                self.code = 1
                tell(f"sensorium: {error}")
            if lines.is_terminal:
                tell("")
        if lines.is_terminal and self.thread:
            left = f"sensorium chat --thread {self.thread}"
            tell(self.tongue(f"To come back: {left}", f"继续此对话：{left}"))
        return 0 if lines.is_terminal else self.code

    def take(self, line: str) -> None:
        """Do what a line says: a command, files to attach, or a request."""
        line = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
        if not line:
            return
        if dropped := files_dropped(line):
            self.attach(dropped)
            return
        word, *rest = line.split(maxsplit=1)
        if not word.startswith("/"):
            self._ask(line)
            return
        if word not in self._commands:
            known = ", ".join(self._commands)
            raise ArgumentError(
                self.tongue(f"There is no {word}. There are: {known}, /quit.", f"没有 {word}。可用：{known}、/quit。")
            )
        self._commands[word]("".join(rest))

    @property
    def _commands(self) -> Mapping[str, Callable[[str], None]]:
        return {
            "/attach": self._attach,
            "/plan": self._plan,
            "/tools": self._tools,
            "/artifacts": self._artifacts,
            "/save": self._save,
            "/resume": self._resume,
            "/thread": self._thread,
            "/help": self._help,
        }

    def attach(self, paths: list[Path]) -> None:
        """Add files to the next turn, and with it to all that follow."""
        for path in paths:
            if not path.is_file():
                raise ArgumentError(
                    self.tongue(
                        f"{str(path)!r} is not there, or is no file. Check its path.",
                        f"{str(path)!r} 不存在或不是文件，请检查路径。",
                    )
                )
        self.files += [one for one in paths if one not in self.files]
        for path in paths:
            tell(self.tongue(f"Attached: {one_line(path.name)}", f"已添加：{one_line(path.name)}"))

    def _ask(self, request: str) -> None:
        self.language = answer_language(request)
        self._turn(
            lambda on_event, approve: self.assistant.run(
                request, self.files, thread=self.thread, on_event=on_event, approve=approve
            )
        )

    def _turn(self, start: Start) -> None:
        """Run one turn; Ctrl-C stops it, and the conversation goes on."""
        with watching() as view:
            listener = Listener(view, as_json=False, approve=open_approver(view, as_json=False))
            try:
                told = self.runner.run(listener.listen(start))
            except KeyboardInterrupt:
                view.close()
                told = None
            finally:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                if listener.run_id:  # what was attached belongs to the conversation from now on
                    self.thread = self.assistant.threads.of(listener.run_id)
                    self.files.clear()
        if told is None:
            self.code = 130
            tell(self.tongue("Stopped. /resume goes on with it.", "已停止，可用 /resume 继续。"))
            return
        self.code = exit_code_of(told) or self.code
        say(told.text)
        self._say_files(told)

    def _say_files(self, told: Answer) -> None:
        names = ", ".join(dict.fromkeys(one.name for one in told.artifacts))
        if names:
            head = self.tongue("/save DIR to get: ", "用 /save 文件夹 保存：")
            tell(fit(f"{head}{names}", columns()))

    def _attach(self, text: str) -> None:
        if not (paths := paths_in(text)):
            raise ArgumentError(self.tongue("Name the files: /attach talk.mp4", "请写上文件：/attach talk.mp4"))
        self.attach(paths)

    def _plan(self, request: str) -> None:
        if not request:
            raise ArgumentError(self.tongue("Say what for: /plan write a report", "请写上请求：/plan 写一份报告"))
        planned = self.runner.run(self.assistant.plan(request, self.files, thread=self.thread))
        show_planned(planned, as_json=False)

    def _tools(self, _: str) -> None:
        from .tool_commands import tools

        tools(argparse.Namespace(json=False))

    def _artifacts(self, _: str) -> None:
        found = [(run, one) for run, answer in self._answers() for one in answer.artifacts]
        if not found:
            tell(self.tongue("Nothing was made yet.", "尚未生成文件。"))
        width = columns()
        for run, one in found:
            say(fit(f"{run[:12]}  {one.name}  ({one.media_type}, {one.bytes:,} B)", width))

    def _save(self, text: str) -> None:
        words = [str(one) for one in paths_in(text)]
        if not 1 <= len(words) <= 2:
            raise ArgumentError(self.tongue("Name a folder: /save out", "请写上文件夹：/save out"))
        made = [one for run, one in self._answers() if one.artifacts and run.startswith(words[1] if words[1:] else "")]
        if not made:
            raise ArgumentError(self.tongue("No turn made any files.", "没有哪一轮生成了文件。"))
        prepare(Path(words[0]))
        delivered = self.assistant.save(made[-1], Path(words[0]))
        for note in delivered.notes:
            tell(note)
        say(f"{delivered.folder}: {', '.join(one.name for one in delivered.files)}")

    def _resume(self, run: str) -> None:
        runs = self._known().runs if self.thread else []
        stopped = [one for one in reversed(runs) if self.assistant.show(one).row.status != "done"]
        chosen = run or next(iter(stopped), "")
        if not chosen:
            raise ArgumentError(self.tongue("No turn of this conversation was stopped.", "此对话没有被中断的轮次。"))
        self._turn(lambda on_event, approve: self.assistant.resume(chosen, on_event=on_event, approve=approve))

    def _thread(self, text: str) -> None:
        if text == "new":
            self.thread = None
            self.files.clear()
        elif text:
            self.thread = self.assistant.threads.get(text).id
        self._where()

    def _help(self, _: str) -> None:
        for name, english, chinese in _HELP:
            say(f"{name:<18}{self.tongue(english, chinese)}")
        say(
            self.tongue(
                "Everything else is a request. A backslash at the end of\n"
                'a line goes on; """ begins and ends several lines.\n'
                "Ctrl-C stops the turn, not the conversation.",
                '其他输入都是请求。行尾的反斜杠表示续行，\n""" 开始和结束多行输入。Ctrl-C 停止本轮，不退出对话。',
            )
        )

    def _greet(self) -> None:
        from .. import __version__

        tell(
            self.tongue(
                f"Sensorium {__version__} · /help lists the commands", f"Sensorium {__version__} · /help 列出命令"
            )
        )
        if self.thread:
            self._where()
        tell("")

    def _where(self) -> None:
        if not self.thread:
            tell(self.tongue("A new conversation.", "新对话。"))
            return
        known = self._known()
        count = len(known.turns)
        turns = self.tongue(f"{count} turn{'s' * (count != 1)}", f"{count} 轮")
        tell(fit(f"{known.id}: {known.title} ({turns})", columns()))
        if names := [str(one["name"]) for one in known.files]:
            tell(fit(self.tongue("Files: ", "文件：") + ", ".join(names), columns()))

    def _prompt(self) -> str:
        if not self.files:
            return "> "
        return f"[{fit(', '.join(one.name for one in self.files), 30)}] > "

    def _known(self) -> Thread:
        assert self.thread
        return self.assistant.threads.get(self.thread)

    def _answers(self) -> list[tuple[str, Answer]]:
        """Return the answers of this conversation with their runs."""
        rows = [self.assistant.show(run).row for run in self._known().runs] if self.thread else []
        return [(row.run, told_answer(row)) for row in rows if "artifacts" in row.answer]


def _language(environ: Mapping[str, str]) -> Language:
    """Return the language of the user's surroundings, until a request tells it."""
    named = next((environ[one] for one in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(one)), "")
    return "zh" if named.lower().startswith("zh") else "en"
