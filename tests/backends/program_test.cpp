#include "tests/backends/raw_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;

// The program with its output in a pipe; ended with its test.
class program {
public:
  explicit program(std::vector<std::string> arguments) {
    int ends[2];
    if (pipe(ends) != 0)
      throw std::runtime_error("no pipe");
    pid_ = fork();
    // No usual port: somebody may be using it.
    for (auto service : {"llama-embed", "llama-router", "chatterbox-tts", "whisper-stt",
                         "pyannote-speaker", "deepfilter-audio"})
      if (std::find(arguments.begin(), arguments.end(), std::string("--") + service) ==
          arguments.end())
        arguments.insert(arguments.begin(), {std::string("--") + service, "off"});
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      close(ends[0]);
      close(ends[1]);
      std::string path = SYNAPSE_BINARY_DIR "/bin/synapse-backends";
      std::vector<char*> argv{path.data()};
      for (auto& each : arguments)
        argv.push_back(each.data());
      argv.push_back(nullptr);
      execv(path.c_str(), argv.data());
      _exit(127);
    }
    close(ends[1]);
    out_ = fdopen(ends[0], "r");
  }

  ~program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait();
    }
    fclose(out_);
  }

  program(const program&) = delete;
  program& operator=(const program&) = delete;

  std::string line() {
    std::string out;
    for (int c = fgetc(out_); c != EOF && c != '\n'; c = fgetc(out_))
      out += static_cast<char>(c);
    return out;
  }

  std::string rest() {
    std::string out;
    for (int c = fgetc(out_); c != EOF; c = fgetc(out_))
      out += static_cast<char>(c);
    return out;
  }

  void terminate() { kill(pid_, SIGTERM); }

  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t pid_ = -1;
  FILE* out_ = nullptr;
};

TEST(program, says_when_it_is_ready_and_ends_when_told) {
  auto file = std::filesystem::temp_directory_path() /
              ("synapse-ports-" + std::to_string(getpid()) + ".json");
  program backends{{"--llama-embed", "0", "--llama-router", "0", "--tokens-per-second", "0.001",
                    "--load-time", "0", "--ports-file", file.string()}};
  auto first = backends.line();
  auto second = backends.line();
  auto ports = json::parse(std::ifstream(file));
  std::filesystem::remove(file);
  std::uint16_t embed = ports["llama-embed"];
  std::uint16_t router = ports["llama-router"];
  EXPECT_EQ(first, "llama-embed ready on http://127.0.0.1:" + std::to_string(embed));
  EXPECT_EQ(second, "llama-router ready on http://127.0.0.1:" + std::to_string(router));
  EXPECT_EQ(ask(embed, "GET", "/health").status, 200);
  raw_client streaming{router};
  streaming.send_request("POST", "/v1/chat/completions",
                         R"({"model":"local-echo","stream":true,"messages":[)"
                         R"({"role":"user","content":"hello"}]})");
  EXPECT_EQ(streaming.read_head().status, 200);
  auto begin = std::chrono::steady_clock::now();
  backends.terminate();
  EXPECT_EQ(backends.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30))
      << "the stream has hours to go";
}

TEST(program, refuses_unknown_options) {
  program backends{{"--lama-embed", "0"}};
  EXPECT_THAT(backends.rest(), HasSubstr("did you mean --llama-embed?"));
  EXPECT_EQ(backends.wait(), 2);
}

TEST(program, says_when_a_port_is_taken) {
  program first{{"--llama-embed", "0", "--llama-router", "off"}};
  auto ready = first.line();
  auto port = ready.substr(ready.rfind(':') + 1);
  program second{{"--llama-embed", port, "--llama-router", "off"}};
  EXPECT_THAT(second.rest(), HasSubstr("cannot listen on 127.0.0.1:" + port));
  EXPECT_EQ(second.wait(), 1);
}

TEST(program, prints_help_and_version) {
  program help{{"--help"}};
  EXPECT_THAT(help.rest(), HasSubstr("--allow-misbehave"));
  EXPECT_EQ(help.wait(), 0);
  program version{{"--version"}};
  EXPECT_THAT(version.rest(), HasSubstr("synapse-backends "));
  EXPECT_EQ(version.wait(), 0);
}

} // namespace
} // namespace synapse::backends::test
