#include "actors/replicas/link/wire.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace synapse::actors::cluster {
namespace {

struct wire_test : testing::Test {
  caf::actor_system& system() { return actors.system(); }

  static introduction hello() {
    introduction result;
    result.version = "1.2.3";
    result.origin = 77;
    result.instance = "gw-1";
    result.address = "10.0.0.1:7946";
    result.nonce = std::string("\0nonce\xff", 7);
    return result;
  }
  static feed_event line(std::uint64_t origin, std::uint64_t number) {
    feed_event result;
    result.origin = origin;
    result.number = number;
    result.message = std::to_string(number);
    return result;
  }
  static backend_note note(const std::string& backend, circuit state = circuit::closed) {
    backend_note result;
    result.backend = backend;
    result.state = state;
    return result;
  }

  test::deterministic_actor_system actors;
};

using number_list = std::vector<std::uint64_t>;

TEST_F(wire_test, an_introduction_is_read_as_it_was_written) {
  const auto read = read_introduction(system(), encode(system(), hello()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->protocol, protocol_version);
  EXPECT_EQ(read->version, "1.2.3");
  EXPECT_EQ(read->origin, 77u);
  EXPECT_EQ(read->instance, "gw-1");
  EXPECT_EQ(read->address, "10.0.0.1:7946");
  EXPECT_EQ(read->nonce, hello().nonce);
}

TEST_F(wire_test, of_another_protocol_the_version_is_understood) {
  const std::uint16_t next = protocol_version + 1;
  const std::string version = "9.0";
  const auto read = read_introduction(system(), encode(system(), next, version));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->protocol, next);
  EXPECT_EQ(read->version, "9.0");
  EXPECT_EQ(read->origin, 0u) << "nothing of what does not belong together";
  EXPECT_EQ(read->nonce, "");
}

TEST_F(wire_test, an_introduction_that_makes_no_sense_is_none) {
  EXPECT_FALSE(read_introduction(system(), ""));
  EXPECT_FALSE(read_introduction(system(), "x"));
  auto long_one = hello();
  long_one.nonce.assign(max_greeting_bytes, 'x');
  EXPECT_FALSE(read_introduction(system(), encode(system(), long_one)));
  // Cut at any place it is either none or of an unknown rest.
  const auto whole = encode(system(), hello());
  for (std::size_t size = 0; size < whole.size(); ++size)
    if (const auto read = read_introduction(system(), whole.substr(0, size))) {
      EXPECT_EQ(read->version, "1.2.3") << size;
      EXPECT_EQ(read->nonce, "") << size;
    }
}

TEST_F(wire_test, what_a_stranger_says_is_cleaned_for_display) {
  auto evil = hello();
  evil.version = "1\x1b[2J" + std::string(100, 'v');
  evil.instance = "a\nb" + std::string(200, 'i');
  evil.address = std::string(400, 'a');
  const auto read = read_introduction(system(), encode(system(), evil));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->version.starts_with("1?[2J"));
  EXPECT_EQ(read->version.size(), 64u);
  EXPECT_TRUE(read->instance.starts_with("a?b"));
  EXPECT_EQ(read->instance.size(), 128u);
  EXPECT_EQ(read->address.size(), 300u);
  EXPECT_EQ(clean_text("\xc3\xa4\x7f ~", 10), "??? ~");
  EXPECT_EQ(clean_text("abc", 2), "ab");
}

TEST_F(wire_test, lines_are_the_senders_own_and_each_is_taken_once) {
  std::vector<feed_event> sent;
  for (const auto& [origin, number] :
       {std::pair{1u, 4u}, {1u, 5u}, {2u, 6u}, {1u, 5u}, {1u, 8u}, {1u, 7u}})
    sent.push_back(line(origin, number));
  std::uint64_t last = 4;
  const auto read = read_lines(system(), encode(system(), sent), 1, last);
  ASSERT_TRUE(read);
  number_list taken;
  for (const auto& one : *read)
    taken.push_back(one.number);
  EXPECT_EQ(taken, (number_list{5, 8})) << "no other's, none twice, none that goes back";
  EXPECT_EQ(last, 8u);
  EXPECT_FALSE(read_lines(system(), "nonsense", 1, last));
  EXPECT_EQ(last, 8u);
}

constexpr time_ns one_second = 1'000'000'000;

cell_note shut(std::uint64_t cell, time_ns found, time_ns until) {
  cell_note result;
  result.backend = "chat";
  result.place = 9;
  result.cell = cell;
  result.state = circuit::open;
  result.why = 7;
  result.found = found;
  result.until = until;
  return result;
}

TEST_F(wire_test, notes_are_bounded_and_cleaned) {
  finding_list sent{{note("chat\n", circuit::open)}, {}, {}};
  sent.backends[0].healthy = false;
  sent.backends[0].detail = std::string(1000, 'd');
  const auto read = read_notes(system(), write_notes(system(), sent, 0), 0);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->backends.size(), 1u);
  const auto& first = read->backends.front();
  EXPECT_EQ(first.backend, "chat?");
  EXPECT_EQ(first.state, circuit::open);
  EXPECT_FALSE(first.healthy);
  EXPECT_EQ(first.detail.size(), 512u);
  const auto of_size = [&](std::size_t backends, std::size_t cells) {
    finding_list many;
    many.backends.resize(backends);
    many.cells.resize(cells);
    return read_notes(system(), write_notes(system(), many, 0), 0).has_value();
  };
  EXPECT_TRUE(of_size(max_notes, max_batch_cells));
  EXPECT_FALSE(of_size(max_notes + 1, 0));
  EXPECT_FALSE(of_size(0, max_batch_cells + 1));
}

TEST_F(wire_test, a_note_of_a_state_that_is_none_spoils_all_of_them) {
  const finding_list sent{{note("a"), note("b", static_cast<circuit>(3))}, {}, {}};
  EXPECT_FALSE(read_notes(system(), write_notes(system(), sent, 0), 0));
  finding_list cells{{}, {shut(1, 0, 1)}, {}};
  cells.cells[0].state = static_cast<circuit>(3);
  EXPECT_FALSE(read_notes(system(), write_notes(system(), cells, 0), 0));
  EXPECT_FALSE(read_notes(system(), "\x05", 0));
}

TEST_F(wire_test, of_a_deployment_the_time_that_is_left_travels_and_no_clock) {
  const time_ns theirs = 5'000 * one_second;
  const time_ns ours = 70 * one_second;
  const finding_list sent{{}, {shut(3, theirs - one_second, theirs + 7 * one_second)}, {}};
  const auto read = read_notes(system(), write_notes(system(), sent, theirs), ours);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->cells.size(), 1u);
  const auto& one = read->cells.front();
  EXPECT_EQ(one.backend, "chat");
  EXPECT_EQ(one.place, 9u);
  EXPECT_EQ(one.cell, 3u);
  EXPECT_EQ(one.why, 7u);
  EXPECT_EQ(one.found, ours - one_second);
  EXPECT_EQ(one.until, ours + 7 * one_second);
}

TEST_F(wire_test, times_that_make_no_sense_are_bounded) {
  const finding_list sent{{}, {shut(3, 100, -100), shut(4, -1, INT64_MAX / 2)}, {}};
  auto unknown_trouble = sent;
  unknown_trouble.cells[0].why = 255;
  const auto read = read_notes(system(), write_notes(system(), unknown_trouble, 0), 1000);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cells[0].found, 1000) << "not in the future";
  EXPECT_EQ(read->cells[0].until, 1000) << "its time is over";
  EXPECT_EQ(read->cells[0].why, 0u);
  EXPECT_EQ(read->cells[1].until, 1000 + 86'400 * one_second);
}

TEST_F(wire_test, of_a_card_times_travel_as_lengths_and_states_make_sense) {
  finding_list sent;
  auto& card = sent.cards.emplace_back();
  card.card = "gpu\n0";
  card.leads = true;
  auto& word = card.members.emplace_back();
  word.member = "chat";
  word.state = gpu_state::failed;
  word.retry_at = 5'030 * one_second;
  word.used = 4'990 * one_second;
  const auto read =
      read_notes(system(), write_notes(system(), sent, 5'000 * one_second), 70 * one_second);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->cards.size(), 1u);
  EXPECT_EQ(read->cards[0].card, "gpu?0");
  EXPECT_TRUE(read->cards[0].leads);
  ASSERT_EQ(read->cards[0].members.size(), 1u);
  EXPECT_EQ(read->cards[0].members[0].retry_at, 100 * one_second);
  EXPECT_EQ(read->cards[0].members[0].used, 60 * one_second);
  word.state = static_cast<gpu_state>(77);
  EXPECT_FALSE(read_notes(system(), write_notes(system(), sent, 0), 0));
  sent.cards[0].members.assign(max_notes + 1, {});
  EXPECT_FALSE(read_notes(system(), write_notes(system(), sent, 0), 0));
  sent.cards.assign(max_cards + 1, {});
  EXPECT_FALSE(read_notes(system(), write_notes(system(), sent, 0), 0));
}

TEST_F(wire_test, older_and_newer_replicas_read_of_each_others_notes_what_they_know) {
  const std::vector<backend_note> old{note("a", circuit::open)};
  const auto read = read_notes(system(), encode(system(), old), 0);
  ASSERT_TRUE(read) << "of one that knows nothing of deployments";
  ASSERT_EQ(read->backends.size(), 1u);
  EXPECT_TRUE(read->cells.empty());
  std::vector<backend_note> seen;
  const finding_list sent{{note("a", circuit::open)}, {shut(3, 0, 1)}, {}};
  EXPECT_TRUE(decode(system(), write_notes(system(), sent, 0), seen)) << "as an older one reads";
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(wire_test, says_who_speaks_which_protocol) {
  EXPECT_EQ(other_protocol(2, "1.4.0\n", 1), "speaks protocol 2 (gateway 1.4.0?), this one 1");
}

} // namespace
} // namespace synapse::actors::cluster
