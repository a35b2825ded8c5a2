/// @file
/// The built gateway as a child process, in a directory of its own.
#pragma once

#include "tests/support/raw_client.hpp"
#include "tests/support/waiting.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace synapse::support {

/// A directory that goes away with everything in it.
class temporary_directory {
public:
  temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory();
  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
/// Writes in place.
void write_file(const std::filesystem::path& path, std::string_view text);
/// Writes beside `path` and renames over it.
void replace_file(const std::filesystem::path& path, std::string_view text);

/// A program that ran to its end.
struct finished_process {
  int status = -1; ///< exit status, or 128 + signal
  std::string out;
  std::string err;
};

/// Runs the gateway with these arguments, without any SYNAPSE_* variable but `environment`, and
/// waits for its end (killed after `patience`: status 137).
finished_process run_gateway(const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& environment = {});

/// Starts the gateway on a free port and waits until it is ready. Problems become test failures;
/// so does, at destruction, an end with another status than `expected_status` within `patience`
/// after SIGTERM, and any sanitizer report.
class gateway_process {
public:
  struct options {
    std::map<std::string, std::string> environment;   ///< besides SYNAPSE_PORT=0
    std::optional<std::filesystem::path> config_file; ///< used as it is instead of a text
    bool tls = false;            ///< the listener speaks TLS: so do requests made here
    int expected_status = 0;     ///< at its end
    std::size_t descriptors = 0; ///< that it may have open (its hard limit); 0: as many as this
    int output = -1; ///< descriptor for both its outputs; without one, out() and err() have them
  };

  /// @param config text of the configuration file.
  explicit gateway_process(std::string_view config);
  gateway_process(std::string_view config, options how);
  gateway_process(const gateway_process&) = delete;
  gateway_process& operator=(const gateway_process&) = delete;
  ~gateway_process();

  std::uint16_t port() const noexcept { return port_; }
  pid_t pid() const noexcept { return pid_; }
  const std::filesystem::path& config_file() const noexcept { return config_file_; }
  const std::filesystem::path& directory() const noexcept { return directory_.path(); }

  /// A connection to it, TLS if the listener has it.
  raw_client connect(client_options how = {}) const;
  http_reply get(std::string_view target, std::string_view fields = {}) const;
  http_reply post(std::string_view target, std::string_view body,
                  std::string_view fields = {}) const;

  void signal(int number) const;
  /// Waits for the end of the process. @returns its status (128 + signal), or nothing in time.
  std::optional<int> wait_exit(milliseconds limit = patience);

  /// One sample of /metrics, e.g. metric("synapse_requests_total",
  /// R"(route="/health",code="200")"); labels in any order. Sum of all samples that have these
  /// labels; 0 if there is none.
  double metric(std::string_view name, std::string_view labels = {}) const;
  bool wait_for_metric(std::string_view name, std::string_view labels, double value) const;

  /// Replaces the configuration by rename and waits until the gateway, which watches the file, has
  /// taken it over (or, with `applied` false, refused it).
  bool reload(std::string_view config, bool applied = true);
  /// Waits until that many configurations in all were taken over or refused.
  bool wait_for_reloads(bool applied, double count) const;

  std::string err() const; ///< standard error so far: the log
  std::string out() const; ///< standard output so far: the access log
  bool wait_for_log(std::string_view text) const;
  std::size_t resident_bytes() const;

private:
  void start(const options& how);
  void check_reports() const;

  options how_;
  temporary_directory directory_;
  std::filesystem::path config_file_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  std::optional<int> status_;
};

} // namespace synapse::support
