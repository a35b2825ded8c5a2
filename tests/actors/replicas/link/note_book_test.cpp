#include "actors/replicas/link/note_book.hpp"
#include "actors/replicas/link/wire.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace synapse::actors::cluster {
namespace {

struct note_book_test : testing::Test {
  static backend_note note(const std::string& backend, circuit state, bool healthy = true) {
    backend_note result;
    result.backend = backend;
    result.state = state;
    result.healthy = healthy;
    return result;
  }
  /// "instance backend state" of each note that is told; "sick" behind it for an unhealthy one.
  note_book::tell telling() {
    return [this](const peer_note& what) {
      told.push_back(what.instance + " " + what.note.backend + " " +
                     std::to_string(static_cast<int>(what.note.state)) +
                     (what.note.healthy ? "" : " sick"));
    };
  }
  std::vector<std::string> take() { return std::exchange(told, {}); }

  note_book book;
  std::vector<std::string> told;
};

using told_list = std::vector<std::string>;

TEST_F(note_book_test, keeps_the_latest_of_its_own_by_backend) {
  const auto sent = book.own(note("b", circuit::open));
  ASSERT_TRUE(sent);
  ASSERT_EQ(sent->backends.size(), 1u);
  EXPECT_EQ(sent->backends.front().backend, "b");
  book.own(note("a", circuit::closed));
  book.own(note("b", circuit::half_open));
  const auto all = book.own(0);
  ASSERT_EQ(all->backends.size(), 2u);
  EXPECT_EQ(all->backends[0].backend, "a");
  EXPECT_EQ(all->backends[1].state, circuit::half_open);
  EXPECT_TRUE(all->cells.empty());
}

TEST_F(note_book_test, has_room_for_so_many_backends_and_for_news_of_those) {
  for (std::size_t i = 0; i < max_notes; ++i)
    EXPECT_TRUE(book.own(note(std::to_string(i), circuit::closed)));
  EXPECT_FALSE(book.own(note("one more", circuit::open)));
  EXPECT_TRUE(book.own(note("0", circuit::open)));
  EXPECT_EQ(book.own_backends().size(), max_notes);
}

TEST_F(note_book_test, keeps_of_deployments_those_that_are_shut) {
  const auto cell = [](std::uint64_t id, circuit state, time_ns until = 0) {
    cell_note result;
    result.cell = id;
    result.state = state;
    result.until = until;
    return result;
  };
  const auto sent = book.own(cell(1, circuit::open, 100));
  ASSERT_TRUE(sent);
  ASSERT_EQ(sent->cells.size(), 1u);
  EXPECT_TRUE(sent->backends.empty());
  book.own(cell(2, circuit::open, 200));
  book.own(cell(3, circuit::open, 300));
  book.own(cell(2, circuit::open, 250));
  EXPECT_TRUE(book.own(cell(3, circuit::closed))) << "to be told all the same";
  const auto all = book.own(100);
  ASSERT_EQ(all->cells.size(), 1u) << "one whose time is over needs no telling";
  EXPECT_EQ(all->cells[0].cell, 2u);
  EXPECT_EQ(all->cells[0].until, 250);
  for (std::uint64_t id = 10; id < 10 + max_cells; ++id)
    book.own(cell(id, circuit::open, 1000));
  EXPECT_FALSE(book.own(cell(9, circuit::open, 1000))) << "there is no room";
  EXPECT_EQ(book.own(500)->cells.size(), max_cells - 2);
}

TEST_F(note_book_test, tells_what_others_say_by_their_names) {
  book.joined(7, "gw-7");
  book.said(7, {note("chat", circuit::open), note("tts", circuit::closed, false)}, telling());
  EXPECT_EQ(take(), (told_list{"gw-7 chat 2", "gw-7 tts 0 sick"}));
  book.joined(8, "gw-8");
  book.said(8, {note("chat", circuit::closed)}, telling());
  EXPECT_EQ(take(), told_list{"gw-8 chat 0"});
  book.tell_all(telling());
  EXPECT_EQ(take(), (told_list{"gw-7 chat 2", "gw-7 tts 0 sick", "gw-8 chat 0"}));
  ASSERT_EQ(book.of(7).size(), 2u);
  EXPECT_EQ(book.of(7)[0].backend, "chat");
  EXPECT_TRUE(book.of(99).empty());
}

TEST_F(note_book_test, another_one_cannot_fill_it) {
  book.joined(7, "gw-7");
  std::vector<backend_note> many;
  for (std::size_t i = 0; i <= max_notes; ++i)
    many.push_back(note(std::to_string(i), circuit::open));
  book.said(7, many, telling());
  EXPECT_EQ(take().size(), max_notes);
  EXPECT_EQ(book.of(7).size(), max_notes);
}

TEST_F(note_book_test, what_one_said_that_has_left_is_taken_back) {
  book.joined(7, "gw-7");
  book.said(7, {note("a", circuit::open, false), note("b", circuit::half_open)}, telling());
  take();
  book.left(7, telling());
  EXPECT_EQ(take(), (told_list{"gw-7 a 0", "gw-7 b 0"})) << "closed and healthy: it says nothing";
  EXPECT_TRUE(book.of(7).empty());
  book.left(7, telling());
  book.left(99, telling());
  EXPECT_EQ(take(), told_list{});
}

TEST_F(note_book_test, one_that_joins_again_keeps_what_it_said_under_its_new_name) {
  book.joined(7, "old");
  book.said(7, {note("a", circuit::open)}, telling());
  take();
  book.joined(7, "new");
  book.tell_all(telling());
  EXPECT_EQ(take(), told_list{"new a 2"});
}

} // namespace
} // namespace synapse::actors::cluster
