#include "backends/engine/subprocess.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace synapse::backends {

namespace {

using clock = std::chrono::steady_clock;
using ending = program_result::ending;

constexpr std::size_t kept_complaints = 4096;

// Both ends of a pipe, closed with it.
class pipe_pair {
public:
  pipe_pair() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0)
      ends_ = {-1, -1};
  }
  ~pipe_pair() {
    close_end(0);
    close_end(1);
  }
  pipe_pair(const pipe_pair&) = delete;
  pipe_pair& operator=(const pipe_pair&) = delete;

  bool good() const { return ends_[0] >= 0; }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }

private:
  void close_end(std::size_t which) {
    if (ends_[which] >= 0)
      ::close(ends_[which]);
    ends_[which] = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

// What posix_spawn is told: pipes instead of our descriptors, a process group of its own (so that
// its children are killed with it), and the usual signals, which this program blocks or ignores.
class spawn_plan {
public:
  spawn_plan(int out, int err) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, err, STDERR_FILENO);
    // Sockets of the server are not marked close-on-exec.
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
  }
  ~spawn_plan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;

  int run(const program_call& call, pid_t& pid) {
    auto copies = call.arguments;
    auto program = call.program;
    std::vector<char*> argv{program.data()};
    for (auto& each : copies)
      argv.push_back(each.data());
    argv.push_back(nullptr);
    return posix_spawn(&pid, program.c_str(), &files_, &attributes_, argv.data(), environ);
  }

private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

// Appends what is there. @returns false at the end.
bool read_some(int from, std::string& into) {
  std::array<char, 65536> buffer;
  auto count = read(from, buffer.data(), buffer.size());
  if (count > 0)
    into.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

void keep_the_last(std::string& text, std::size_t size) {
  if (text.size() > size)
    text.erase(0, text.size() - size);
}

// Reads both pipes until the program closes them. @returns why it must be killed, or `exited`.
ending listen_to(pipe_pair& out, pipe_pair& err, const program_call& call, const stop_signal& stop,
                 program_result& result) {
  const auto until = clock::now() + call.limit;
  while (out.reader() >= 0 || err.reader() >= 0) {
    std::array<pollfd, 3> watched{pollfd{stop.descriptor(), POLLIN, 0},
                                  pollfd{out.reader(), POLLIN, 0}, pollfd{err.reader(), POLLIN, 0}};
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
    if (left.count() <= 0)
      return ending::too_long;
    poll(watched.data(), watched.size(), static_cast<int>(left.count()) + 1);
    if (stop.raised())
      return ending::stopped;
    if (watched[1].revents != 0 && !read_some(out.reader(), result.output))
      out.close_reader();
    if (watched[2].revents != 0 && !read_some(err.reader(), result.complaints))
      err.close_reader();
    keep_the_last(result.complaints, kept_complaints);
    if (result.output.size() > call.largest_output)
      return ending::too_much;
  }
  return ending::exited;
}

} // namespace

std::string program_result::reason() const {
  std::string out;
  switch (how) {
  case ending::exited:
    out = "ended with status " + std::to_string(status);
    break;
  case ending::signaled:
    out = "was ended by signal " + std::to_string(status);
    break;
  case ending::not_started:
    return std::string("could not be started: ") + std::strerror(status);
  case ending::stopped:
    return "was stopped";
  case ending::too_long:
    return "took too long";
  case ending::too_much:
    return "wrote too much";
  }
  auto first = complaints.find_first_not_of(" \r\n");
  if (first != std::string::npos)
    out += ": " + complaints.substr(first, complaints.find('\n', first) - first);
  return out;
}

program_result run_program(const program_call& call, const stop_signal& stop) {
  program_result result;
  pipe_pair out;
  pipe_pair err;
  if (!out.good() || !err.good()) {
    result.status = EMFILE;
    return result;
  }
  pid_t pid = -1;
  spawn_plan plan{out.writer(), err.writer()};
  result.status = plan.run(call, pid);
  if (result.status != 0)
    return result;
  out.close_writer();
  err.close_writer();
  auto why = listen_to(out, err, call, stop, result);
  // After its pipes are closed a program has nothing left to say, but it may still be writing a
  // file: it is waited for. Whatever it started ends with it.
  if (why != ending::exited)
    kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.how = why;
  if (why != ending::exited)
    return result;
  result.how = WIFEXITED(status) ? ending::exited : ending::signaled;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return result;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return access(name.c_str(), X_OK) == 0 ? name : std::string();
  const char* path = std::getenv("PATH");
  std::string_view folders = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!folders.empty() && !name.empty()) {
    auto colon = folders.find(':');
    auto candidate = std::string(folders.substr(0, colon)) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0)
      return candidate;
    folders = colon == std::string_view::npos ? std::string_view{} : folders.substr(colon + 1);
  }
  return {};
}

} // namespace synapse::backends
