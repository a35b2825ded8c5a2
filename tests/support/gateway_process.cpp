#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace synapse::support {

namespace fs = std::filesystem;

namespace {
const std::string program = SYNAPSE_BINARY_DIR "/bin/synapse";

using variables = std::map<std::string, std::string>;

/// Everything is made ready before the fork: the child of a process with threads may not allocate.
/// @param output for both outputs; -1: into the files.
pid_t spawn(const std::vector<std::string>& arguments, const variables& environment,
            const fs::path& out, const fs::path& err, int output = -1,
            std::size_t descriptors = 0) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> lines;
  for (char** entry = environ; *entry; ++entry)
    if (std::string_view{*entry}.substr(0, 8) != "SYNAPSE_")
      lines.emplace_back(*entry);
  for (const auto& [name, value] : environment)
    lines.push_back(name + "=" + value);
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (auto& line : lines)
    envp.push_back(line.data());
  envp.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0)
    return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(126);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  ::dup2(output >= 0 ? output : ::open(out.c_str(), flags, 0600), STDOUT_FILENO);
  ::dup2(output >= 0 ? output : ::open(err.c_str(), flags, 0600), STDERR_FILENO);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  if (descriptors != 0) {
    const rlimit limit{descriptors, descriptors};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ::signal(SIGPIPE, SIG_DFL); // a test may have switched it off for itself
  // What memory costs would be rounded up to 2 MB a piece where the kernel likes huge pages.
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  ::execve(program.c_str(), argv.data(), envp.data());
  ::_exit(127);
}

std::optional<int> reap(pid_t pid, milliseconds limit) {
  int status = 0;
  if (!wait_until([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, limit))
    return {};
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Splits `a="x",b="y"` at the commas between labels.
std::vector<std::string> split_labels(std::string_view text) {
  std::vector<std::string> labels;
  bool quoted = false;
  std::string label;
  for (const char c : text) {
    if (c == '"')
      quoted = !quoted;
    if (c == ',' && !quoted)
      labels.push_back(std::exchange(label, {}));
    else
      label += c;
  }
  if (!label.empty())
    labels.push_back(label);
  return labels;
}
} // namespace

// ---- files ----

temporary_directory::temporary_directory() {
  auto pattern = (fs::temp_directory_path() / "synapse-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error("cannot make a temporary directory");
  path_ = pattern;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const fs::path& path, std::string_view text) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path.string());
}

void replace_file(const fs::path& path, std::string_view text) {
  const auto beside = path.string() + ".next";
  write_file(beside, text);
  fs::rename(beside, path);
}

// ---- processes ----

finished_process run_gateway(const std::vector<std::string>& arguments,
                             const variables& environment) {
  const temporary_directory directory;
  const auto out = directory.path() / "stdout";
  const auto err = directory.path() / "stderr";
  const auto pid = spawn(arguments, environment, out, err);
  auto status = reap(pid, patience);
  if (!status) {
    ::kill(pid, SIGKILL);
    status = reap(pid, patience);
  }
  return {status.value_or(-1), read_file(out), read_file(err)};
}

gateway_process::gateway_process(std::string_view config) : gateway_process(config, options{}) {}

gateway_process::gateway_process(std::string_view config, options how)
    : how_(std::move(how)),
      config_file_(how_.config_file.value_or(directory_.path() / "backends.yaml")) {
  if (!how_.config_file)
    write_file(config_file_, config);
  start(how_);
}

void gateway_process::start(const options& how) {
  auto environment = how.environment;
  environment.try_emplace("SYNAPSE_PORT", "0");
  environment.try_emplace("SYNAPSE_VOICE_LIBRARY_DIR", (directory_.path() / "voices").string());
  const auto port_file = directory_.path() / "port";
  pid_ = spawn({"--config", config_file_.string(), "--port-file", port_file.string()}, environment,
               directory_.path() / "stdout", directory_.path() / "stderr", how.output,
               how.descriptors);
  const auto ended = [this] { return (status_ = reap(pid_, milliseconds{0})).has_value(); };
  wait_until([&] { return ended() || fs::exists(port_file); });
  if (!status_)
    port_ = static_cast<std::uint16_t>(std::atoi(read_file(port_file).c_str()));
  const bool ready = port_ != 0 && wait_until([&] {
                       try {
                         return get("/readyz").status == 200;
                       } catch (const std::runtime_error&) {
                         return ended();
                       }
                     });
  if (!ready || status_) {
    const auto log = err();
    if (!status_) {
      signal(SIGKILL);
      reap(pid_, patience);
    }
    throw std::runtime_error("the gateway did not become ready:\n" + log);
  }
}

gateway_process::~gateway_process() {
  if (!status_) {
    ::kill(pid_, SIGTERM);
    if (!wait_exit()) {
      ADD_FAILURE() << "the gateway did not end after SIGTERM; its log:\n" << err();
      ::kill(pid_, SIGKILL);
      reap(pid_, patience);
      return;
    }
  }
  EXPECT_EQ(*status_, how_.expected_status) << err();
  check_reports();
}

void gateway_process::check_reports() const {
  const auto log = err();
  for (const std::string_view mark :
       {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
        "runtime error:", "terminate called"})
    EXPECT_EQ(log.find(mark), std::string::npos) << log;
}

void gateway_process::signal(int number) const {
  ::kill(pid_, number);
}

std::optional<int> gateway_process::wait_exit(milliseconds limit) {
  if (!status_)
    status_ = reap(pid_, limit);
  return status_;
}

// ---- requests ----

raw_client gateway_process::connect(client_options how) const {
  how.tls = how.tls || how_.tls;
  return raw_client{port_, std::move(how)};
}

http_reply gateway_process::get(std::string_view target, std::string_view fields) const {
  return connect().get(target, fields);
}

http_reply gateway_process::post(std::string_view target, std::string_view body,
                                 std::string_view fields) const {
  return connect().post(target, body, fields);
}

double gateway_process::metric(std::string_view name, std::string_view labels) const {
  const auto wanted = split_labels(labels);
  std::istringstream lines{get("/metrics").body};
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto name_end = line.find_first_of("{ ");
    if (line.empty() || line[0] == '#' || line.substr(0, name_end) != name)
      continue;
    const auto value = line.rfind(' ');
    std::vector<std::string> have;
    if (line[name_end] == '{')
      have = split_labels(line.substr(name_end + 1, line.rfind('}') - name_end - 1));
    bool fits = true;
    for (const auto& label : wanted)
      fits = fits && std::find(have.begin(), have.end(), label) != have.end();
    if (fits)
      sum += std::strtod(line.c_str() + value, nullptr);
  }
  return sum;
}

bool gateway_process::wait_for_metric(std::string_view name, std::string_view labels,
                                      double value) const {
  return wait_until([&] { return metric(name, labels) == value; });
}

bool gateway_process::wait_for_reloads(bool applied, double count) const {
  return wait_until([&] {
    return metric("synapse_config_reloads_total",
                  applied ? R"(result="applied")" : R"(result="rejected")") >= count;
  });
}

bool gateway_process::reload(std::string_view config, bool applied) {
  const auto before = metric("synapse_config_reloads_total",
                             applied ? R"(result="applied")" : R"(result="rejected")");
  replace_file(config_file_, config);
  return wait_for_reloads(applied, before + 1);
}

std::string gateway_process::err() const {
  return read_file(directory_.path() / "stderr");
}
std::string gateway_process::out() const {
  return read_file(directory_.path() / "stdout");
}

bool gateway_process::wait_for_log(std::string_view text) const {
  return wait_until([&] { return err().find(text) != std::string::npos; });
}

std::size_t gateway_process::resident_bytes() const {
  const auto value_of = [&](const char* file, std::string_view name) -> std::size_t {
    std::istringstream lines{read_file("/proc/" + std::to_string(pid_) + file)};
    for (std::string line; std::getline(lines, line);)
      if (line.rfind(name, 0) == 0)
        return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
    return 0;
  };
  // Counted page by page: VmRSS leaves out what each processor has not handed in yet, which is
  // megabytes on a large machine.
  const auto exact = value_of("/smaps_rollup", "Rss:");
  return exact > 0 ? exact : value_of("/status", "VmRSS:");
}

} // namespace synapse::support
