"""Probes that look for what the host told without meaning to: names, environment, users, tokens, paths."""

import os
import platform
import socket
import sys
from contextlib import suppress
from pathlib import Path

from prelude import FACTS, IN, OUT, ROOT_LINK, WORK, pids, read, secret

ALLOWED_VARIABLES = {
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "PWD", "SHLVL", "USER", "LOGNAME", "_",
    "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONPATH", "PYTHONNOUSERSITE",
    "PYTHONUNBUFFERED", "PYTHONSAFEPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "KMP_INIT_AT_FORK",
}  # fmt: skip


def environment_is_a_set_one() -> list[str]:
    return [one for one in os.environ if one not in ALLOWED_VARIABLES and not one.startswith("SENSORIUM_CHANNEL")]


def environment_holds_no_secret() -> list[str]:
    found = [name for name, value in os.environ.items() if secret(value.encode())]
    return found + [one for one in FACTS["host_variables"] if one in os.environ]


def environment_of_every_process() -> list[str]:
    found = []
    for pid in pids():
        content = read(f"/proc/{pid}/environ", 1 << 22)
        names = [one.partition(b"=")[0].decode(errors="replace") for one in content.split(b"\0") if b"=" in one]
        if secret(content) or set(names) & set(FACTS["host_variables"]):
            found.append(f"{pid}: {names}")
    return found


def command_lines_hold_no_secret() -> list[str]:
    told = {pid: read(f"/proc/{pid}/cmdline") for pid in pids()}
    private = [
        one.encode() for one in [*FACTS["secret_files"], *FACTS["secret_folders"], FACTS["hostname"]] if len(one) > 3
    ]
    return [f"{pid}: {line!r}" for pid, line in told.items() if secret(line) or any(one in line for one in private)]


def name_of_the_machine() -> list[str]:
    names = {os.uname().nodename, socket.gethostname(), platform.node(), read("/etc/hostname").decode().strip()}
    names.add(read("/proc/sys/kernel/hostname").decode().strip())
    return [one for one in names if one == FACTS["hostname"]]


def users_are_made_up() -> list[str]:
    found = []
    if os.getuid() == 0 or os.getgid() == 0:
        found.append(f"uid {os.getuid()} gid {os.getgid()}")
    users = [line.split(b":")[0].decode() for line in read("/etc/passwd").splitlines()]
    if len(users) > 3:
        found.append(f"{len(users)} users: {users}")
    groups = read("/etc/group").splitlines()
    if len(groups) > 3:
        found.append(f"{len(groups)} groups")
    return found


def supplementary_groups() -> list[str]:
    """The host's groups that have no name here show as the overflow group; even that is one too many."""
    return [str(one) for one in os.getgroups() if one != os.getgid()]


def files_of_the_system_are_few() -> list[str]:
    names = (
        "shadow gshadow sudoers ssh machine-id ssl/private krb5.keytab security/opasswd NetworkManager docker netplan "
        "hostname resolv.conf fstab crontab cron.d environment profile.d systemd pam.d default apt"
    )
    return [one for one in names.split() if os.path.lexists(f"/etc/{one}") and read(f"/etc/{one}", 64)]


def hosts_name_only_ourselves() -> list[str]:
    lines = [line.split()[0] for line in read("/etc/hosts").decode().splitlines() if line.strip() and line[0] != "#"]
    return [one for one in lines if one not in ("127.0.0.1", "::1", "127.0.1.1")]


def home_is_empty() -> list[str]:
    home = Path.home()
    found = [] if str(home).startswith((str(WORK), "/tmp", "/home", "/nonexistent")) else [str(home)]
    with suppress(OSError):
        found += [
            one for one in os.listdir(home) if one.startswith(".") and one not in (".config", ".cache", ".matplotlib")
        ]
    return found


def folders_of_work_are_ours() -> list[str]:
    bound = {Path(one).relative_to(WORK).parts[0] for one in FACTS["documented_sources"] if WORK in Path(one).parents}
    beside = set(os.listdir(WORK)) - {"in", "out", "tmp", "home"} - bound
    return sorted(beside) + sorted(os.listdir(OUT)) + sorted(os.listdir(IN))


def no_secrets_in_any_small_file() -> list[str]:
    """All that may be read outside of the interpreter and the system: small files are searched."""
    found, seen = [], 0
    skipped = {"/opt/packages", "/proc", "/usr", "/lib", "/lib64", "/bin", "/sbin", *FACTS["documented_sources"]}
    for folder, folders, names in os.walk("/"):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in skipped]
        for name in names:
            seen += 1
            if seen < 20_000 and secret(read(os.path.join(folder, name))):
                found.append(os.path.join(folder, name))
    return found


def token_files() -> list[str]:
    homes = ["/" + ROOT_LINK, "/home", *FACTS["homes"], str(Path.home())]
    names = (
        ".ssh .aws .azure .config/gcloud .docker/config.json .netrc .git-credentials .pypirc .npmrc .kube/config "
        ".gnupg .bash_history .python_history .cache/huggingface .config/gh .local/share/sensorium"
    )
    return [f"{home}/{name}" for home in homes for name in names.split() if os.path.lexists(f"{home}/{name}")]


def home_of_the_assistant() -> list[str]:
    """Its library, its artifacts and its settings, which another user's work is in."""
    return [one for one in FACTS["assistant_homes"] if os.path.lexists(one)]


def started_as_isolated() -> list[str]:
    found = []
    if not sys.flags.isolated:
        found.append("not isolated")
    if any(one in ("", ".") for one in sys.path[:1]) and sys.flags.safe_path is False:
        found.append("the working folder is in the path")
    return found


def modules_come_from_known_places() -> list[str]:
    known = (*FACTS["documented_sources"], "/opt", "/usr", "/tmp", str(WORK))
    return [one for one in sys.path if one and not one.startswith(known) and os.path.exists(one)]


def modules_of_the_host_program_are_not_loaded() -> list[str]:
    return sorted(
        one for one in sys.modules if one.split(".")[0] in ("sensorium", "pydantic", "httpx", "langgraph", "pytest")
    )


def arguments_name_nothing_private() -> list[str]:
    private = FACTS["secret_files"] + FACTS["secret_folders"]
    return [one for one in [*sys.argv, *sys.orig_argv] if any(path in one for path in private)]


def written_bytecode_stays_away() -> list[str]:
    """Nothing that the sandbox compiled may be run by the host later."""
    sources = [Path(one) for one in FACTS["documented_sources"]]
    return [str(one) for one in sources if os.access(one, os.W_OK)]
