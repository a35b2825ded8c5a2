"""Starting, watching and ending the programs of a benchmark.

Every program gets a session of its own: the kernel's autogrouping shares the CPU between sessions,
and programs in one session would compete with each other differently from those in another.
"""

import dataclasses
import os
import random
import signal
import socket
import subprocess
import threading
import time


class RigError(Exception):
    """The benchmark cannot be run; the text says why."""


def port_taken(port):
    """Whether any socket listens on the port, also one that would share it (SO_REUSEPORT)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
            probe.listen(1)
        except OSError:
            return True
    return False


def refuse_taken(port):
    """Raises if the port is taken: an old process there would take half the connections."""
    if port_taken(port):
        raise RigError(f"port {port} is taken; end the program that listens there")


def free_port():
    """A free port below the range the kernel takes for outgoing connections."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        if not port_taken(port):
            return port
    raise RigError("no free port found")


def _listening_inodes(port):
    inodes = set()
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
                inodes.add(fields[9])
    return inodes


@dataclasses.dataclass
class Usage:
    """Totals over processes at one moment."""

    cpu_ns: int
    switches: int

    def since(self, before):
        return Usage(self.cpu_ns - before.cpu_ns, self.switches - before.switches)


@dataclasses.dataclass
class Memory:
    """Sums over processes; `pss` counts a page shared by n of them as 1/n in each."""

    rss_kib: int
    pss_kib: int


def usage(pids):
    """CPU time (ns, from the scheduler) and context switches of all threads of `pids`."""
    cpu = switches = 0
    for pid in pids:
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except FileNotFoundError:
            continue
        for thread in threads:
            try:
                with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as f:
                    cpu += int(f.read().split()[0])
                with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as f:
                    switches += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
            except (FileNotFoundError, ProcessLookupError):
                continue
    return Usage(cpu, switches)


def memory(pids):
    rss = pss = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Rss:"):
                    rss += int(line.split()[1])
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1])
    return Memory(rss, pss)


class PeakMemory:
    """The most memory that processes had while this context was entered, from samples."""

    PERIOD = 0.03

    def __init__(self, pids):
        self._pids = pids
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak = Memory(0, 0)
        self.samples = 0

    def _watch(self):
        while True:
            try:
                now = memory(self._pids)
            except (FileNotFoundError, ProcessLookupError):
                return  # a process has ended: the window is void for that
            self.peak = Memory(max(self.peak.rss_kib, now.rss_kib),
                               max(self.peak.pss_kib, now.pss_kib))
            self.samples += 1
            if self._ended.wait(self.PERIOD):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


def machine_busy_ns():
    """CPU time that all processors spent busy since boot, in ns."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _idle, _iowait, irq, softirq = map(int, f.readline().split()[1:8])
    ticks = user + nice + system + irq + softirq
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def wait_until_quiet(seconds, cores):
    """Waits at most so long for a moment in which all programs use less than `cores` processors."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before, begun = machine_busy_ns(), time.monotonic_ns()
        time.sleep(0.4)
        if (machine_busy_ns() - before) / (time.monotonic_ns() - begun) < cores:
            return


class Child:
    """A program in its own session, with everything it starts."""

    def __init__(self, name, argv, log_path, env=None, pipe_stdout=False, cwd=None):
        self.name = name
        self.log_path = log_path
        self._log = open(log_path, "ab")
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipe_stdout else self._log,
            stderr=self._log,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        self.stdout = self._process.stdout

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process.poll() is None

    def wait(self, seconds):
        return self._process.wait(seconds)

    def pids(self):
        """The processes of its session, itself first."""
        members = [self.pid]
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.pid:
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
                    fields = f.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z" and int(fields[3]) == self.pid:
                members.append(int(entry))
        return members

    def check_owns(self, port):
        """Raises unless every listener on the port belongs to this child."""
        own = set()
        for pid in self.pids():
            try:
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    target = os.readlink(f"/proc/{pid}/fd/{fd}")
                    if target.startswith("socket:["):
                        own.add(target[8:-1])
            except (FileNotFoundError, ProcessLookupError):
                continue
        listening = _listening_inodes(port)
        if not listening or not listening <= own:
            raise RigError(f"port {port} of {self.name} is shared with another program")

    def log_tail(self):
        with open(self.log_path, "rb") as f:
            return f.read()[-800:].decode("utf-8", "replace")

    def stop(self):
        """Ends the child politely, then everything left of its session."""
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(8)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.left_behind():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + 2
            while self.left_behind() and time.monotonic() < deadline:
                time.sleep(0.01)
        if self.stdout:
            self.stdout.close()
        self._log.close()

    def left_behind(self):
        """Living processes of the session, without its first."""
        return self.pids()[1:]
