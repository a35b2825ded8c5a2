#include "actors/feed/terminal_feed.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/send.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {
namespace {

/// What a desk or the bus was told, message by message.
using told_lines = std::shared_ptr<std::vector<std::vector<feed_line_ptr>>>;
using told_batches = std::shared_ptr<std::vector<std::vector<feed_event>>>;

std::string message_of(const feed_line& line) {
  const auto begin = line.event.find("data: ") + 6;
  const auto data = nlohmann::json::parse(line.event.substr(begin), nullptr, false);
  return data.is_object() ? data["message"].get<std::string>() : "no JSON: " + line.event;
}

struct terminal_feed_test : testing::Test {
  void begin(terminal_feed_parts parts = {}) {
    parts.inbox = inbox;
    parts.instance = "here";
    parts.origin = 7;
    feed = spawn_terminal_feed(system.system(), parts);
    system.settle();
  }
  void TearDown() override {
    system.end(feed);
    for (auto& desk : desks)
      system.end(desk);
    if (bus)
      system.end(bus);
  }

  told_lines add_desk() {
    auto told = std::make_shared<std::vector<std::vector<feed_line_ptr>>>();
    desks.push_back(system.spawn<feed_desk_actor>(
        [told](const feed_lines_ptr& lines) { told->push_back(*lines); }));
    caf::anon_send(feed, desks.back());
    system.settle();
    return told;
  }
  told_batches add_bus() {
    auto told = std::make_shared<std::vector<std::vector<feed_event>>>();
    bus = system.spawn<feed_bus_actor>(
        [told](const feed_batch_ptr& batch) { told->push_back(*batch); });
    caf::anon_send(feed, bus);
    system.settle();
    return told;
  }
  void say(const std::string& message) {
    inbox->on_line(
        {std::chrono::system_clock::time_point{}, telemetry::log_level::info, "router", message});
  }
  void from_bus(std::uint64_t origin, std::uint64_t number, const std::string& message) {
    feed_event event;
    event.origin = origin;
    event.number = number;
    event.instance = "there";
    event.message = message;
    caf::anon_send(feed, bus_atom::value,
                   feed_batch_ptr{std::make_shared<const std::vector<feed_event>>(1, event)});
    system.settle();
  }
  static std::vector<std::string> messages(const told_lines& told) {
    std::vector<std::string> result;
    for (const auto& piece : *told)
      for (const auto& line : piece)
        result.push_back(message_of(*line));
    return result;
  }

  test::deterministic_actor_system system;
  std::shared_ptr<feed::feed_inbox> inbox = std::make_shared<feed::feed_inbox>();
  terminal_feed_actor feed;
  std::vector<feed_desk_actor> desks;
  feed_bus_actor bus;
};

using texts = std::vector<std::string>;

TEST_F(terminal_feed_test, tells_all_desks_the_same_lines) {
  say("before it began");
  begin();
  const auto a = add_desk();
  const auto b = add_desk();
  say("one");
  say("two");
  system.settle();
  EXPECT_EQ(messages(a), (texts{"before it began", "one", "two"}));
  EXPECT_EQ(messages(b), messages(a));
  EXPECT_EQ((*a).back(), (*b).back()) << "the same bytes in memory";
}

TEST_F(terminal_feed_test, numbers_lines_without_gaps_and_names_them_by_process_and_place) {
  begin();
  const auto desk = add_desk();
  say("one");
  system.settle();
  from_bus(9, 55, "two");
  say("three");
  system.settle();
  EXPECT_EQ(messages(desk), (texts{"one", "two", "three"}));
  std::uint64_t position = 0;
  for (const auto& piece : *desk)
    for (const auto& line : piece) {
      EXPECT_EQ(line->position, ++position);
      EXPECT_TRUE(line->event.starts_with("id: 7-" + std::to_string(position) + "-"))
          << line->event;
    }
}

TEST_F(terminal_feed_test, a_desk_that_comes_late_gets_the_latest_lines) {
  terminal_feed_parts parts;
  parts.ring_lines = 3;
  begin(parts);
  for (int i = 1; i <= 5; ++i)
    say(std::to_string(i));
  system.settle();
  const auto late = add_desk();
  EXPECT_EQ(messages(late), (texts{"3", "4", "5"}));
  EXPECT_EQ(late->size(), 1u);
}

TEST_F(terminal_feed_test, a_desk_is_told_nothing_when_nothing_has_been_logged) {
  begin();
  EXPECT_TRUE(add_desk()->empty());
}

TEST_F(terminal_feed_test, many_lines_come_in_pieces) {
  begin();
  const auto desk = add_desk();
  for (int i = 0; i < 300; ++i)
    say(std::to_string(i));
  system.settle();
  ASSERT_EQ(desk->size(), 3u) << "a desk serves requests in between";
  EXPECT_EQ((*desk)[0].size(), 128u);
  EXPECT_EQ((*desk)[2].size(), 44u);
  EXPECT_EQ(messages(desk).back(), "299");
}

TEST_F(terminal_feed_test, its_own_lines_go_to_the_bus_numbered) {
  begin();
  say("nobody carries it");
  system.settle();
  const auto told = add_bus();
  say("one");
  say("two");
  system.settle();
  from_bus(9, 1, "of another one");
  ASSERT_EQ(told->size(), 1u) << "only its own";
  const auto& batch = (*told)[0];
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].message, "one");
  EXPECT_EQ(batch[0].number, 2u);
  EXPECT_EQ(batch[1].number, 3u);
  EXPECT_EQ(batch[0].origin, 7u);
  EXPECT_EQ(batch[0].instance, "here");
}

TEST_F(terminal_feed_test, shows_a_line_of_the_bus_once_and_its_own_never) {
  begin();
  const auto desk = add_desk();
  from_bus(9, 1, "a");
  from_bus(9, 1, "a again");
  from_bus(7, 5, "an echo");
  from_bus(9, 2, "b");
  EXPECT_EQ(messages(desk), (texts{"a", "b"}));
  EXPECT_EQ(desk->size(), 2u) << "nothing is told of what is not shown";
}

TEST_F(terminal_feed_test, makes_lines_of_others_harmless) {
  terminal_feed_parts parts;
  parts.redact_extra_patterns = "canary-[0-9]+";
  parts.max_line_chars = 30;
  begin(parts);
  const auto desk = add_desk();
  from_bus(9, 1, "canary-77 \x1b[31m" + std::string(100, 'x'));
  ASSERT_EQ(messages(desk).size(), 1u);
  const auto shown = messages(desk)[0];
  EXPECT_EQ(shown.find("canary-77"), std::string::npos) << shown;
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_NE(shown.find("[cut, "), std::string::npos) << shown;
}

TEST_F(terminal_feed_test, takes_secrets_out_of_requests_and_cuts_long_lines) {
  terminal_feed_parts parts;
  parts.redact_extra_patterns = "canary-[0-9]+";
  parts.max_line_chars = 40;
  begin(parts);
  const auto desk = add_desk();
  const auto told = add_bus();
  inbox->add_requests("ts=x level=info path=/canary-77 route=/v1/x\n", {});
  say(std::string(50, 'y'));
  system.settle();
  const auto shown = messages(desk);
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].find("canary-77"), std::string::npos) << shown[0];
  EXPECT_EQ(shown[1], std::string(40, 'y') + " [cut, 10 bytes more]");
  ASSERT_EQ(told->size(), 1u);
  EXPECT_EQ((*told)[0][0].message, shown[0]) << "other replicas get it as viewers do";
}

TEST_F(terminal_feed_test, closes_its_inbox_when_it_ends) {
  begin();
  system.end(feed);
  say("too late");
  EXPECT_TRUE(inbox->take().empty());
  begin();
  const auto desk = add_desk();
  say("again");
  system.settle();
  EXPECT_EQ(messages(desk), texts{"again"}) << "the next one reads on";
}

} // namespace
} // namespace synapse::actors
