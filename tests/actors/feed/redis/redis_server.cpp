#include "tests/actors/feed/redis/redis_server.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace synapse::feed_bus_test {

namespace fs = std::filesystem;

namespace {

std::string free_port(std::uint16_t& port) {
  port = support::closed_port{}.port();
  return std::to_string(port);
}

std::string log_of(const fs::path& directory) {
  std::ifstream file{directory / "log"};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Everything is made ready before the fork: the child of a process with threads may not allocate.
pid_t spawn(std::vector<std::string> words, const fs::path& log) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0)
    return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(126);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0); // sockets of the test would stay open with the server
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

} // namespace

scratch_directory::scratch_directory() {
  std::string pattern = (fs::temp_directory_path() / "feed_bus_XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

redis_server::redis_server(std::vector<std::string> options, const std::optional<server_tls>& tls)
    : options_(std::move(options)), tls_(tls.has_value()) {
  if (tls)
    options_.insert(options_.end(), {"--tls-cert-file", tls->certificate.string(), "--tls-key-file",
                                     tls->key.string(), "--tls-ca-cert-file",
                                     tls->certificate.string(), "--tls-auth-clients", "no"});
  choose_ports();
}

redis_server::~redis_server() {
  kill();
}

void redis_server::choose_ports() {
  free_port(port_);
  if (tls_)
    free_port(tls_port_);
}

void redis_server::start() {
  constexpr int attempts = 5;
  for (int i = 0; i < attempts; ++i) {
    if (try_to_start()) {
      started_before_ = true;
      return;
    }
    if (!started_before_)
      choose_ports();
  }
  throw std::runtime_error("redis-server does not start: " + log_of(directory_.path()));
}

bool redis_server::has_bound_since(std::size_t log_size) const {
  return log_of(directory_.path()).find("Ready to accept connections", log_size) !=
         std::string::npos;
}

bool redis_server::try_to_start() {
  std::vector<std::string> words{
      "redis-server",   "--port", std::to_string(port_), "--bind", "127.0.0.1",
      "--save",         "",       "--appendonly",        "no",     "--dir",
      directory_.path()};
  if (tls_)
    words.insert(words.end(), {"--tls-port", std::to_string(tls_port_)});
  words.insert(words.end(), options_.begin(), options_.end());
  const std::size_t log_size = log_of(directory_.path()).size();
  pid_ = spawn(std::move(words), directory_.path() / "log");
  bool ended = false;
  const bool answers = support::wait_until([&] {
    ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    if (ended)
      return true;
    // Whoever else has its port meanwhile would answer, too.
    if (!has_bound_since(log_size))
      return false;
    try {
      // With a password set it answers with an error, which will do.
      return redis_client{port_}.ask({"PING"}).kind != actors::reply_kind::nothing;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
  if (ended)
    pid_ = -1;
  return answers && !ended;
}

void redis_server::kill() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void redis_server::freeze() {
  ::kill(pid_, SIGSTOP);
}

void redis_server::thaw() {
  ::kill(pid_, SIGCONT);
}

std::string redis_server::url(const std::string& user) const {
  return "redis://" + (user.empty() ? "" : user + "@") + "127.0.0.1:" + std::to_string(port_);
}

redis_client::redis_client(std::uint16_t port) : stream_(support::connect_loopback(port), -1) {
  if (!stream_.is_open())
    throw std::runtime_error("nobody listens");
}

actors::redis_reply redis_client::ask(std::initializer_list<std::string_view> words) {
  std::string bytes;
  actors::append_command(bytes, words);
  if (stream_.send(bytes, support::patience) != support::io_result::data)
    throw std::runtime_error("the question was not taken");
  while (true) {
    if (auto reply = reader_.next())
      return *std::move(reply);
    bytes.clear();
    if (stream_.receive(bytes, support::patience) != support::io_result::data)
      throw std::runtime_error("no answer");
    reader_.feed(bytes);
  }
}

} // namespace synapse::feed_bus_test
