#include "telemetry/logging.hpp"

#include "telemetry/broken_pipe.hpp"
#include "telemetry/log_writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace synapse::telemetry {

namespace {

constexpr std::array<std::string_view, 5> level_texts{"DEBUG", "INFO", "WARNING", "ERROR",
                                                      "CRITICAL"};

spdlog::level::level_enum spdlog_level(log_level level) {
  static constexpr std::array levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                     spdlog::level::err, spdlog::level::critical};
  return levels[static_cast<std::size_t>(level)];
}

/// What loggers have in common. Never destroyed: loggers may outlive everything else.
struct shared_state {
  std::shared_ptr<log_writer> writer = std::make_shared<log_writer>();
  std::mutex mutex; ///< all below
  spdlog::level::level_enum level = spdlog::level::off;
  /// Not spdlog's registry: that forgets a logger when another becomes the default one.
  std::map<std::string, std::shared_ptr<spdlog::logger>, std::less<>> loggers;
};

shared_state& shared() {
  static auto* state = new shared_state;
  return *state;
}

void apply_level(spdlog::level::level_enum level) {
  auto& state = shared();
  std::lock_guard lock(state.mutex);
  state.level = level;
  for (auto& [name, logger] : state.loggers)
    logger->set_level(level);
}

} // namespace

std::string_view to_string(log_level level) {
  return level_texts[static_cast<std::size_t>(level)];
}

std::optional<log_level> parse_log_level(std::string_view text) {
  auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; };
  for (std::size_t i = 0; i < level_texts.size(); ++i)
    if (std::ranges::equal(text, level_texts[i], same))
      return static_cast<log_level>(i);
  return {};
}

log_system::log_system(const logging_options& options) {
  log_redactor redactor(options.redact_extra_patterns, options.max_line_bytes);
  problems_ = redactor.problems();
  auto level = parse_log_level(options.level);
  if (!level)
    problems_.emplace_back("unknown log level, using INFO");
  ignore_broken_pipes();
  if (!shared().writer->start(options.fd, std::move(redactor),
                              {options.queue_lines, options.max_line_bytes})) {
    std::fputs("a log_system is running already\n", stderr);
    std::abort();
  }
  spdlog::set_default_logger(make_logger("synapse")); // for code that asks spdlog itself
  apply_level(spdlog_level(level.value_or(log_level::info)));
}

log_system::~log_system() {
  apply_level(spdlog::level::off);
  shared().writer->stop();
}

void log_system::add_sink(std::shared_ptr<log_sink> sink) {
  shared().writer->add_reader(std::move(sink));
}

bool log_system::set_level(std::string_view level) {
  auto known = parse_log_level(level);
  if (known)
    apply_level(spdlog_level(*known));
  return known.has_value();
}

void log_system::flush() {
  shared().writer->wait_until_written();
}

std::uint64_t log_system::dropped_lines() const {
  return shared().writer->dropped_lines();
}

std::shared_ptr<spdlog::logger> make_logger(std::string_view source) {
  auto& state = shared();
  std::lock_guard lock(state.mutex);
  auto known = state.loggers.find(source);
  if (known == state.loggers.end()) {
    std::string name(source);
    auto logger = std::make_shared<spdlog::logger>(name, state.writer);
    logger->set_level(state.level);
    known = state.loggers.emplace(std::move(name), std::move(logger)).first;
  }
  return known->second;
}

} // namespace synapse::telemetry
