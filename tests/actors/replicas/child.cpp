#include "tests/actors/replicas/child.hpp"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace synapse::test {

namespace {

std::vector<char*> arguments(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const auto& word : words)
    result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

} // namespace

int run(const std::vector<std::string>& command) {
  const auto words = arguments(command);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

child::child(std::string name, std::uint64_t origin, const std::string& host, std::uint16_t port,
             const std::vector<std::string>& peers, std::vector<std::string> before)
    : name_(std::move(name)) {
  auto command = std::move(before);
  command.insert(command.end(), {SYNAPSE_BINARY_DIR "/bin/cluster_node", name_,
                                 std::to_string(origin), host, std::to_string(port)});
  command.insert(command.end(), peers.begin(), peers.end());
  const auto words = arguments(command);
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
  reader_ = std::thread([this] { read(); });
}

child::~child() {
  kill();
  reader_.join();
  ::close(in_);
  ::close(out_);
}

void child::kill() {
  if (pid_ < 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void child::signal(int number) const {
  ::kill(pid_, number);
}

void child::command(const std::string& text) {
  const std::string line = text + "\n";
  if (::write(in_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    std::perror("write to a child");
}

void child::read() {
  std::string rest;
  char bytes[4096];
  ssize_t count;
  while ((count = ::read(out_, bytes, sizeof bytes)) > 0) {
    rest.append(bytes, static_cast<std::size_t>(count));
    std::lock_guard guard{mutex_};
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
      take(rest.substr(0, end));
  }
}

void child::take(const std::string& line) {
  std::istringstream words{line};
  std::string what;
  words >> what;
  if (what == "line") {
    std::uint64_t origin = 0, number = 0;
    std::int64_t delay = 0;
    words >> origin >> number >> delay;
    lines_.emplace_back(origin, number);
    delays_.push_back(delay);
    return;
  }
  if (what == "at") {
    words >> address_;
  } else if (what == "note") {
    ++notes_;
  } else if (what == "member") {
    std::string instance;
    int state = 0;
    words >> instance >> state;
    listed_[instance] = state;
    return;
  } else if (what == "counts") {
    words >> acknowledged_ >> dropped_;
    return;
  } else if (what == "end") {
    members_.swap(listed_);
    listed_.clear();
    ++lists_;
    return;
  }
  output_ += name_ + ": " + line + "\n";
}

bool child::ask() {
  std::size_t before = 0;
  {
    std::lock_guard guard{mutex_};
    before = lists_;
  }
  command("list");
  return support::wait_until([&] {
    std::lock_guard guard{mutex_};
    return lists_ > before;
  });
}

std::string child::address() {
  std::string result;
  support::wait_until([&] {
    std::lock_guard guard{mutex_};
    result = address_;
    return !result.empty();
  });
  return result;
}

int child::state_of(const std::string& instance) {
  if (!ask())
    return -1;
  std::lock_guard guard{mutex_};
  const auto found = members_.find(instance);
  return found == members_.end() ? -1 : found->second;
}

bool child::wait_for(const std::string& instance, int state) {
  return support::wait_until([&] { return state_of(instance) == state; });
}

std::size_t child::dropped() {
  ask();
  std::lock_guard guard{mutex_};
  return dropped_;
}

std::size_t child::acknowledged() {
  ask();
  std::lock_guard guard{mutex_};
  return acknowledged_;
}

std::vector<std::uint64_t> child::numbers(std::uint64_t origin) {
  std::lock_guard guard{mutex_};
  std::vector<std::uint64_t> result;
  for (const auto& [from, number] : lines_)
    if (from == origin)
      result.push_back(number);
  return result;
}

std::vector<std::int64_t> child::delays() {
  std::lock_guard guard{mutex_};
  return delays_;
}

std::size_t child::notes() {
  std::lock_guard guard{mutex_};
  return notes_;
}

std::string child::output() {
  std::lock_guard guard{mutex_};
  return output_;
}

std::size_t child::resident_bytes() const {
  std::ifstream file{"/proc/" + std::to_string(pid_) + "/statm"};
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace synapse::test
