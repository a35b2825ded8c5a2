"""A minimal Debian root directory: made once by debootstrap, copied for whoever wants one to spoil.

    with CleanRoot() as root:
        root.apt_install("./synapse-gateway.deb")
        root.run(["synapse-gateway", "--version"])

Needs root, mount namespaces and debootstrap; `Unavailable` says which is missing. The pattern is kept in
${XDG_CACHE_HOME:-~/.cache}/synapse/clean-root, by suite, and made anew when it is a month old. apt in a
copy asks what the host's apt asks, with the host's proxies and certificates, so it works wherever the
host's does; what apt fetched is kept beside the pattern.

Every command has a mount namespace of its own, so nothing stays mounted, and the process that is started
becomes the command itself: its pid is the command's. The network is the host's.
"""

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SUITE = "bookworm"
MAX_AGE_DAYS = 30  # of the pattern
MAX_LIST_HOURS = 12  # of its package lists
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# Files with certificates that programs on the host are told to trust.
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "PIP_CERT",
                         "REQUESTS_CA_BUNDLE")
HOST_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

# $1 the root, $2 "ro" or "rw", $3 how many paths follow that stay writable, then how many binds
# (source and target); then the command.
INSIDE = r"""
set -eu
root=$1 mode=$2 writable=$3 binds=$4
shift 4
mount --rbind "$root" "$root"
while [ "$writable" -gt 0 ]; do
  mkdir -p "$root$1"
  mount --bind "$root$1" "$root$1"
  shift; writable=$((writable - 1))
done
if [ "$mode" = ro ]; then
  mount -o remount,bind,ro "$root"
  mount -t tmpfs -o mode=1777 tmp "$root/tmp"
fi
for each in dev proc sys; do mount --rbind "/$each" "$root/$each"; done
while [ "$binds" -gt 0 ]; do
  mount --rbind "$1" "$root$2"
  shift 2; binds=$((binds - 1))
done
# Not chroot alone: what enters a mount namespace later, as a container's exec does, begins at its root.
cd "$root"
pivot_root . .
umount -l .
exec chroot . "$@"
"""


class Unavailable(Exception):
    """Why no clean root can be made on this machine."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "synapse" / "clean-root"


def check_machine():
    if os.geteuid() != 0:
        raise Unavailable("a clean root needs the rights of root")
    if not shutil.which("debootstrap"):
        raise Unavailable("debootstrap is not installed")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
        raise Unavailable("mount namespaces are not allowed here")


def apt_sources(suite):
    """The host's lines for this Debian release, or Debian's own where the host runs another one."""
    lines = []
    if shutil.which("apt-get"):
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
             "Created-By: Packages"], check=False, capture_output=True, text=True).stdout
        for line in sorted(set(listed.splitlines())):
            uri, release, component = line.split(" ")
            if release.split("-")[0] == suite and component == "main" and "/debian" in uri:
                lines.append(f"deb {uri.rstrip('/')} {release} main")
    if not any(f" {suite} main" in line for line in lines):
        lines.append(f"deb http://deb.debian.org/debian {suite} main")
    return lines


def apt_settings():
    """How the host's apt reaches its archives."""
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries",
              "Acquire::Force")
    dump = subprocess.run(["apt-config", "dump"], check=False, capture_output=True, text=True).stdout
    lines = [line for line in dump.splitlines() if line.startswith(wanted)]
    lines.append('Acquire::Languages "none";')  # less to fetch and to copy
    if HOST_BUNDLE.exists() and not any("https::CaInfo" in line for line in lines):
        lines.append('Acquire::https::CaInfo "/etc/apt/host-certificates.crt";')
    return lines


def _quiet(command, what, **options):
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    if done.returncode != 0:
        raise RuntimeError(f"{what} failed ({done.returncode}):\n{done.stdout[-4000:]}")
    return done.stdout


@contextlib.contextmanager
def _locked():
    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield directory


def _age_seconds(path):
    return time.time() - path.stat().st_mtime if path.exists() else float("inf")


def _pattern(suite):
    """The directory that copies are made of; to be called with the lock held."""
    directory = cache_directory()
    pattern = directory / f"{suite}-{platform.machine()}"
    complete = directory / f"{pattern.name}.complete"
    if _age_seconds(complete) > MAX_AGE_DAYS * 86400:
        complete.unlink(missing_ok=True)
        _remove(pattern)
        sources = apt_sources(suite)
        mirror = next(line.split(" ")[1] for line in sources if line.split(" ")[2] == suite)
        # debootstrap mounts inside: in a namespace that ends with it, even when it is killed.
        _quiet(["unshare", "--mount", "debootstrap", "--variant=minbase", suite, str(pattern), mirror],
               "debootstrap")
        (pattern / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
        # A root to spoil need not survive a power cut: dpkg waits for no disk.
        (pattern / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
        (pattern / "etc/apt/apt.conf.d/90host").write_text("\n".join(apt_settings()) + "\n")
        if HOST_BUNDLE.exists():
            shutil.copy(HOST_BUNDLE, pattern / "etc/apt/host-certificates.crt")
        for package in (pattern / "var/cache/apt/archives").glob("*.deb"):
            package.unlink()  # each would be copied each time
        complete.touch()
    lists = pattern / "var/lib/apt/lists.fresh"
    if _age_seconds(lists) > MAX_LIST_HOURS * 3600:
        CleanRoot._adopt(pattern).run(["apt-get", "-q", "-o", "Acquire::Retries=3", "update"])
        lists.touch()
    return pattern


def _remove(path):
    if path.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(path)], check=True)


class CleanRoot:
    """A copy of the pattern, or of another clean root; `remove()` or `with` ends it.

    `directory` is where the copy lies: below TMPDIR unless given."""

    def __init__(self, suite=SUITE, source=None, directory=None):
        check_machine()
        self._above = Path(tempfile.mkdtemp(prefix="synapse-root.", dir=directory))
        self.path = self._above / "root"
        self._copied_files = set()
        try:
            if source is None:
                with _locked():
                    self._copy(_pattern(suite))
            else:
                self._copy(source.path)
            for name in ("resolv.conf", "hosts"):
                if os.path.exists(f"/etc/{name}"):
                    shutil.copy(f"/etc/{name}", self.path / "etc" / name)
        except BaseException:
            self.remove()
            raise

    @classmethod
    def _adopt(cls, path):
        """A root that is there, to work in itself instead of in a copy."""
        self = cls.__new__(cls)
        self._above, self.path, self._copied_files = None, path, set()
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", path / "etc" / name)
        return self

    def _copy(self, source):
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(self.path)], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.remove()

    def copy(self):
        """Another root with what this one has now."""
        return CleanRoot(source=self, directory=self._above.parent)

    def remove(self):
        if self._above:
            _remove(self._above)

    # ---- files ----

    def at(self, path):
        """Where the root's absolute path lies on the host."""
        return self.path / str(path).lstrip("/")

    def put(self, source, path):
        """Copies a file or folder of the host into the root."""
        target = self.at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "--reflink=auto", "-T", str(source), str(target)], check=True)

    # ---- commands ----

    def network_environment(self):
        """The host's proxies and certificates, as variables; the files are put into the root."""
        found = {name: os.environ[name] for name in PROXY_VARIABLES if os.environ.get(name)}
        for name in CERTIFICATE_VARIABLES:
            file = Path(os.environ.get(name, ""))
            if not file.is_file():
                continue
            inside = Path("/opt/host-certificates") / file.name
            if inside not in self._copied_files:
                self.at(inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, self.at(inside))
                self._copied_files.add(inside)
            found[name] = str(inside)
        return found

    def command(self, arguments, *, user=None, read_only=False, writable=(), binds=(),
                environment=None, directory="/"):
        """The host's command line for a command of the root.

        user         name or "UID:GID" (which the root need not know): without any capability and
                     without a way to new ones; otherwise root with all rights
        read_only    everything but /tmp (empty), /dev and `writable` paths
        binds        (path on the host, path in the root that exists) pairs
        environment  all variables besides PATH, HOME and LANG"""
        arguments = [str(each) for each in arguments]
        if directory != "/":
            arguments = ["env", f"--chdir={directory}", *arguments]
        if user is not None:
            uid, gid, groups = self._identity(user)
            arguments = ["setpriv", f"--reuid={uid}", f"--regid={gid}", groups, "--no-new-privs",
                         "--inh-caps=-all", "--bounding-set=-all", "--", *arguments]
        variables = {"PATH": PATH, "HOME": "/root" if user is None else "/", "LANG": "C.UTF-8",
                     **(environment or {})}
        pairs = [str(each) for pair in binds for each in pair]
        return ["unshare", "--mount", "env", "-i", *(f"{k}={v}" for k, v in variables.items()),
                "sh", "-c", INSIDE, "clean_root", str(self.path), "ro" if read_only else "rw",
                str(len(writable)), str(len(binds)), *map(str, writable), *pairs, *arguments]

    def _identity(self, user):
        if ":" in user:
            uid, gid = user.split(":")
            return uid, gid, "--clear-groups"
        for line in self.at("/etc/passwd").read_text().splitlines():
            name, _, uid, gid = line.split(":")[:4]
            if name == user:
                return uid, gid, "--clear-groups"
        raise KeyError(f"the root has no user '{user}'")

    def run(self, arguments, *, check=True, timeout=600, **how):
        """Runs a command to its end; what it printed (both streams) is in `stdout`.

        @raises RuntimeError with its output when it fails and `check` is set."""
        done = subprocess.run(self.command(arguments, **how), check=False, timeout=timeout, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if check and done.returncode != 0:
            raise RuntimeError(f"in the clean root: {' '.join(map(str, arguments))}: "
                               f"status {done.returncode}\n{done.stdout[-4000:]}")
        return done

    def popen(self, arguments, *, stdout=None, stderr=None, **how):
        """Starts a command; the process is the command itself. Its end is the caller's business."""
        return subprocess.Popen(self.command(arguments, **how), stdin=subprocess.DEVNULL,
                                stdout=stdout, stderr=stderr)

    # ---- packages ----

    def apt(self, *arguments, check=True):
        """apt-get without questions; what it fetches is kept for the next root."""
        with _locked() as directory:
            archives = directory / "archives"
            (archives / "partial").mkdir(parents=True, exist_ok=True)
            self.at("/var/cache/apt/archives").mkdir(parents=True, exist_ok=True)
            return self.run(
                ["apt-get", "-q", "-y", "-o", "Acquire::Retries=3", "-o", "Dpkg::Use-Pty=0",
                 *arguments], check=check, binds=[(archives, "/var/cache/apt/archives")],
                environment={"DEBIAN_FRONTEND": "noninteractive", **self.network_environment()})

    def apt_install(self, *packages, recommends=False):
        """Names of packages, or .deb files of the host."""
        wanted = []
        for each in packages:
            if str(each).endswith(".deb"):
                self.put(each, f"/tmp/{Path(each).name}")
                wanted.append(f"/tmp/{Path(each).name}")
            else:
                wanted.append(str(each))
        options = [] if recommends else ["--no-install-recommends"]
        return self.apt("install", *options, *wanted)
