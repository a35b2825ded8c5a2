/// @file
/// Processes that run the program cluster_node.
#pragma once

#include "actors/protocol/cluster_messages.hpp"
#include "tests/support/waiting.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace synapse::test {

/// States of a member as a replica's metrics show them.
inline constexpr int up = static_cast<int>(actors::member_state::up);
inline constexpr int down = static_cast<int>(actors::member_state::down);

/// Runs a command to its end. @returns its status, 127 when it could not be run.
int run(const std::vector<std::string>& command);

/// Killed with the object. Its output is read by a thread of its own.
class child {
public:
  /// @param name the instance. @param before what runs it, such as {"ip", "netns", "exec", "x"}
  child(std::string name, std::uint64_t origin, const std::string& host, std::uint16_t port,
        const std::vector<std::string>& peers, std::vector<std::string> before = {});
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();

  /// host:port once it listens; empty when it does not.
  std::string address();
  void command(const std::string& text);
  void signal(int number) const;
  /// SIGKILL, and waits for its end.
  void kill();

  /// State of the member of that name as the process sees it now; -1: it sees none.
  int state_of(const std::string& instance);
  /// Waits until it is that one (member_state as a number).
  bool wait_for(const std::string& instance, int state);
  /// Lines that other replicas have said they have, each counted once per replica.
  std::size_t acknowledged();
  /// Lines that the process had to drop.
  std::size_t dropped();
  /// Numbers of the lines of that origin, as they came.
  std::vector<std::uint64_t> numbers(std::uint64_t origin);
  std::vector<std::int64_t> delays();
  std::size_t notes();
  std::string output();
  std::size_t resident_bytes() const;

private:
  void read();
  void take(const std::string& line);
  bool ask();

  std::string name_;
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::mutex mutex_;
  std::string address_;
  std::map<std::string, int> members_;
  std::map<std::string, int> listed_; ///< members of the list that is being read
  std::size_t lists_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t dropped_ = 0;
  std::size_t notes_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lines_;
  std::vector<std::int64_t> delays_;
  std::string output_;
  std::thread reader_;
};

} // namespace synapse::test
