#include "telemetry/logging.hpp"
#include "tests/telemetry/temporary_pipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace synapse::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

struct logging_test : testing::Test {
  test::temporary_pipe pipe;
  logging_options options{.level = "DEBUG", .fd = pipe.writer()};
};

TEST(log_levels, have_five_names) {
  for (auto level : {log_level::debug, log_level::info, log_level::warning, log_level::error,
                     log_level::critical})
    EXPECT_EQ(parse_log_level(to_string(level)), level);
  EXPECT_EQ(parse_log_level("warning"), log_level::warning);
  for (auto text : {"", "WARN", "INFOS", "INF", "TRACE"})
    EXPECT_FALSE(parse_log_level(text)) << text;
}

TEST_F(logging_test, writes_the_documented_form) {
  auto early = make_logger("early"); // also loggers made before the log runs
  log_system log(options);
  early->info("hello {}", 1);
  make_logger("router")->warn("careful");
  make_logger("router")->critical("broken");
  make_logger("router")->debug("detail");
  log.flush();
  auto lines = test::lines_of(pipe.read_all());
  const std::string time = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z ";
  EXPECT_THAT(lines, ElementsAre(MatchesRegex(time + "INFO  \\[early\\] hello 1"),
                                 MatchesRegex(time + "WARNING \\[router\\] careful"),
                                 MatchesRegex(time + "CRITICAL \\[router\\] broken"),
                                 MatchesRegex(time + "DEBUG \\[router\\] detail")));
  EXPECT_EQ(log.dropped_lines(), 0u);
}

TEST_F(logging_test, obeys_the_level_and_its_change) {
  options.level = "warning";
  log_system log(options);
  auto logger = make_logger("levels");
  logger->info("hidden1");
  EXPECT_FALSE(log.set_level("LOUD"));
  EXPECT_TRUE(log.set_level("INFO"));
  logger->info("shown1");
  logger->debug("hidden2");
  make_logger("levels-later")->info("shown2");
  spdlog::info("shown3"); // the library's default logger is ours too
  log.flush();
  auto text = pipe.read_all();
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_THAT(text, HasSubstr("shown1"));
  EXPECT_THAT(text, HasSubstr("shown2"));
  EXPECT_THAT(text, HasSubstr("[synapse] shown3"));
}

TEST_F(logging_test, reports_what_is_wrong_with_its_options) {
  options.level = "verbose";
  options.redact_extra_patterns = "(||fine";
  log_system log(options);
  EXPECT_THAT(log.problems(), ElementsAre(HasSubstr("pattern 1"), HasSubstr("level")));
  make_logger("x")->info("it is fine");
  make_logger("x")->debug("not at INFO");
  log.flush();
  EXPECT_THAT(test::lines_of(pipe.read_all()), ElementsAre(HasSubstr("[x] it is [REDACTED]")));
}

TEST_F(logging_test, redacts_and_keeps_every_message_on_one_line) {
  log_system log(options);
  auto logger = make_logger("input");
  logger->info("user-agent: {}",
               "x\r\n2026-11-21T05:20:00.123Z CRITICAL [router] forged\x1b[2J token=canary1");
  log.flush();
  auto lines = test::lines_of(pipe.read_all());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr("x\\r\\n2026-11-21T05:20:00.123Z CRITICAL [router] forged"
                                  "\\u001b[2J token=[REDACTED]"));
}

TEST_F(logging_test, cuts_long_messages) {
  options.max_line_bytes = 100;
  log_system log(options);
  make_logger("long")->info(std::string(250, 'x'));
  log.flush();
  EXPECT_THAT(test::lines_of(pipe.read_all()),
              ElementsAre(HasSubstr("] " + std::string(100, 'x') + " [cut, 150 bytes more]")));
}

TEST_F(logging_test, warnings_are_written_at_once_and_others_within_seconds) {
  log_system log(options);
  // Nothing asks for a flush here: reading blocks until the log writes by itself.
  auto read_line = [&] {
    std::string line;
    for (char c; ::read(pipe.reader(), &c, 1) == 1 && c != '\n';)
      line += c;
    return line;
  };
  auto took = [&](auto log_it, const std::string& text) {
    auto start = std::chrono::steady_clock::now();
    log_it(text);
    EXPECT_THAT(read_line(), HasSubstr(text));
    return std::chrono::steady_clock::now() - start;
  };
  auto logger = make_logger("flush");
  auto warn = [&](const std::string& text) { logger->warn(text); };
  auto info = [&](const std::string& text) { logger->info(text); };
  EXPECT_LT(took(info, "soon"), std::chrono::seconds(30));
  // Faster than the flush of every second, at least once: the machine may be busy.
  auto fastest = took(warn, "now");
  for (int i = 0; i < 5 && fastest > std::chrono::milliseconds(900); ++i)
    fastest = std::min(fastest, took(warn, "now"));
  EXPECT_LT(fastest, std::chrono::milliseconds(900));
}

TEST_F(logging_test, every_logger_follows_the_level_whichever_is_the_default) {
  log_system log(options);
  auto first = make_logger("default1");
  spdlog::set_default_logger(first);
  spdlog::set_default_logger(make_logger("default2"));
  EXPECT_EQ(first, make_logger("default1"));
  log.set_level("ERROR");
  first->info("hidden");
  spdlog::info("hidden");
  log.flush();
  EXPECT_EQ(pipe.read_all(), "");
}

/// Keeps the log's thread in its first line until told to go on.
struct blocking_sink : log_sink {
  std::promise<void> entered;
  std::promise<void> go_on;
  std::vector<std::string> messages;
  void on_line(const log_line& line) override {
    messages.emplace_back(line.message);
    if (messages.size() == 1) {
      entered.set_value();
      go_on.get_future().wait();
    }
  }
};

TEST_F(logging_test, a_full_queue_loses_its_oldest_lines_and_counts_them) {
  options.queue_lines = 10;
  log_system log(options);
  auto sink = std::make_shared<blocking_sink>();
  log.add_sink(sink);
  auto logger = make_logger("busy");
  logger->info("first");
  sink->entered.get_future().wait();
  for (int i = 0; i < 25; ++i)
    logger->info("line {}", i); // none of these waits, though nothing is being written
  EXPECT_EQ(log.dropped_lines(), 15u);
  sink->go_on.set_value();
  log.flush();
  ASSERT_EQ(sink->messages.size(), 11u);
  EXPECT_EQ(sink->messages[1], "line 15");
  EXPECT_EQ(sink->messages.back(), "line 24");
  EXPECT_EQ(test::lines_of(pipe.read_all()).size(), 11u);
  EXPECT_EQ(log.dropped_lines(), 15u);
}

TEST_F(logging_test, sinks_get_the_parts_of_a_line) {
  struct recorder : log_sink {
    std::vector<std::string> seen;
    std::chrono::system_clock::time_point time;
    void on_line(const log_line& line) override {
      time = line.time;
      seen.push_back(std::string(to_string(line.level)) + "|" + std::string(line.source) + "|" +
                     std::string(line.message));
    }
  };
  auto sink = std::make_shared<recorder>();
  auto before = std::chrono::system_clock::now();
  log_system log(options);
  log.add_sink(sink);
  make_logger("feed")->error("password=canary1\nx");
  log.flush();
  EXPECT_THAT(sink->seen, ElementsAre("ERROR|feed|password=[REDACTED]\\nx"));
  EXPECT_GE(sink->time, before);
}

TEST_F(logging_test, writes_everything_before_it_ends_and_nothing_after) {
  auto logger = make_logger("end");
  {
    log_system log(options);
    for (int i = 0; i < 100; ++i)
      logger->info("line {}", i);
  }
  logger->critical("after the end");
  make_logger("after")->critical("after the end");
  auto lines = test::lines_of(pipe.read_all());
  EXPECT_EQ(lines.size(), 100u);
  log_system again(options);
  logger->info("again");
  again.flush();
  EXPECT_EQ(test::lines_of(pipe.read_all()).size(), 1u);
}

TEST_F(logging_test, a_closed_output_is_no_end_of_the_world) {
  log_system log(options);
  pipe.close_reader();
  make_logger("closed")->error("nobody reads this");
  make_logger("closed")->info("nor this");
  log.flush();
  EXPECT_EQ(log.dropped_lines(), 2u);
}

TEST_F(logging_test, threads_may_log_at_once) {
  options.queue_lines = 100'000;
  struct counting : log_sink {
    std::atomic<int> count = 0;
    void on_line(const log_line&) override { ++count; }
  };
  auto sink = std::make_shared<counting>();
  options.fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  log_system log(options);
  log.add_sink(sink);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto logger = make_logger("thread" + std::to_string(t % 2));
      for (int i = 0; i < 2000; ++i)
        logger->info("line {} of {}", i, t);
      log.flush();
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(sink->count + static_cast<int>(log.dropped_lines()), 8000);
  EXPECT_EQ(log.dropped_lines(), 0u);
  ::close(options.fd);
}

} // namespace
} // namespace synapse::telemetry
