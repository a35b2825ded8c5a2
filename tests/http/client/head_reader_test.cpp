#include "http/client/head_reader.hpp"
#include "tests/http/client/stream_bed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace synapse::client {
namespace {

constexpr http::head_limits most{64 * 1024, 8 * 1024, 100};
constexpr std::string_view interim =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
constexpr std::string_view final_head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-A: b\r\n\r\n";

struct head_bed : stream_bed {
  head_step step() { return reader.step(*from, answer); }
  head_step look() { return reader.look(*from, answer); }
  void expect_head(std::string_view behind = {}) {
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.content_length, 4);
    EXPECT_EQ(answer.size, final_head.size());
    EXPECT_EQ(answer.fields.value_of(http::known_field::content_length), "4");
    EXPECT_EQ(from->input(), std::string{final_head} + std::string{behind});
  }

  head_reader reader{most};
  http::response_head answer;
};

TEST(head_reader, finds_a_head_cut_anywhere) {
  for (std::size_t cut = 0; cut <= final_head.size(); ++cut) {
    head_bed bed;
    bed.send(final_head.substr(0, cut));
    EXPECT_EQ(bed.step(), cut == final_head.size() ? head_step::ready : head_step::more) << cut;
    bed.send(std::string{final_head.substr(cut)} + "body");
    EXPECT_EQ(bed.step(), head_step::ready) << cut;
    bed.expect_head("body");
  }
}

TEST(head_reader, finds_a_head_that_comes_byte_by_byte) {
  head_bed bed;
  for (std::size_t i = 0; i < final_head.size(); ++i) {
    EXPECT_EQ(bed.step(), head_step::more) << i;
    bed.send(final_head.substr(i, 1));
  }
  EXPECT_EQ(bed.step(), head_step::ready);
  bed.expect_head();
}

TEST(head_reader, passes_over_interim_heads_cut_anywhere) {
  const auto all = std::string{interim} + std::string{final_head};
  for (std::size_t cut = 0; cut < all.size(); ++cut) {
    head_bed bed;
    bed.send(all.substr(0, cut));
    EXPECT_EQ(bed.step(), head_step::more) << cut;
    bed.send(all.substr(cut) + "body");
    EXPECT_EQ(bed.step(), head_step::ready) << cut;
    bed.expect_head("body");
  }
}

TEST(head_reader, passes_over_any_number_of_interim_heads) {
  head_bed bed;
  for (int i = 0; i < 1000; ++i) {
    bed.send(interim);
    EXPECT_EQ(bed.step(), head_step::more);
    EXPECT_EQ(bed.from->input(), "");
  }
  bed.send(final_head);
  EXPECT_EQ(bed.step(), head_step::ready);
  bed.expect_head();
}

TEST(head_reader, leaves_it_to_others_what_a_101_means) {
  head_bed bed;
  bed.send(interim);
  bed.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes");
  EXPECT_EQ(bed.step(), head_step::switched);
  EXPECT_EQ(bed.answer.status, 101U);
  bed.from->consume(bed.answer.size);
  EXPECT_EQ(bed.from->input(), "bytes");
}

TEST(head_reader, goes_on_behind_a_101_that_was_consumed) {
  head_bed bed;
  bed.send("HTTP/1.1 101 Switching Protocols\r\n\r\n" + std::string{final_head});
  EXPECT_EQ(bed.step(), head_step::switched);
  bed.from->consume(bed.answer.size);
  EXPECT_EQ(bed.step(), head_step::ready);
  bed.expect_head();
}

TEST(head_reader, says_at_once_that_something_is_no_head) {
  for (const std::string_view text :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent Length: 1\r\n\r\n"})
    for (const auto before : {std::string_view{}, interim}) {
      head_bed bed;
      EXPECT_EQ(bed.reader.error(), http::head_error::none);
      bed.send(std::string{before} + std::string{text});
      EXPECT_EQ(bed.step(), head_step::malformed) << text;
      EXPECT_NE(bed.reader.error(), http::head_error::none);
      EXPECT_NE(http::message_of(bed.reader.error()), "");
    }
}

// ---- the connection's end ----

TEST(head_reader, tells_a_connection_that_ended_before_a_byte_of_the_answer) {
  for (const bool by_reset : {false, true})
    for (const auto before : {std::string_view{}, interim}) {
      head_bed bed;
      bed.send(before);
      EXPECT_EQ(bed.step(), head_step::more);
      if (by_reset)
        bed.reset();
      else
        bed.finish();
      EXPECT_EQ(bed.step(), head_step::ended_before);
    }
}

TEST(head_reader, tells_a_connection_that_ended_within_a_head) {
  for (const bool by_reset : {false, true})
    for (std::size_t cut = 1; cut < final_head.size(); ++cut) {
      head_bed bed;
      bed.send(final_head.substr(0, cut));
      if (by_reset)
        bed.reset();
      else
        bed.finish();
      EXPECT_EQ(bed.step(), head_step::ended_within) << cut;
    }
  head_bed within_an_interim_one;
  within_an_interim_one.send(interim.substr(0, interim.size() - 1));
  within_an_interim_one.finish();
  EXPECT_EQ(within_an_interim_one.step(), head_step::ended_within);
}

TEST(head_reader, finds_a_head_whose_connection_has_ended) {
  head_bed bed;
  bed.send(final_head);
  bed.finish();
  EXPECT_EQ(bed.step(), head_step::ready);
  bed.expect_head();
}

TEST(head_reader, takes_tls_without_close_notify_for_an_end_as_any_other) {
  for (const std::string_view begun : {std::string_view{}, final_head.substr(0, 9)}) {
    head_bed bed;
    bed.secure();
    bed.send(begun);
    bed.cut();
    EXPECT_EQ(bed.step(), begun.empty() ? head_step::ended_before : head_step::ended_within);
  }
}

// ---- looking ----

TEST(head_reader, that_only_looks_tells_no_end_and_makes_no_room) {
  for (const std::string_view begun : {std::string_view{}, final_head.substr(0, 9)}) {
    head_bed bed;
    bed.send(begun);
    bed.finish();
    EXPECT_EQ(bed.look(), head_step::more);
  }
  head_bed bed;
  bed.send("HTTP/1.1 200 OK\r\nX-Long: ");
  bed.send(std::string(net::transport::default_buffer - bed.from->input().size(), 'x'));
  EXPECT_EQ(bed.look(), head_step::more);
  EXPECT_TRUE(bed.from->full());
  EXPECT_EQ(bed.step(), head_step::more);
  EXPECT_FALSE(bed.from->full()) << "there is room for the rest";
}

TEST(head_reader, that_only_looks_finds_the_same) {
  const auto all = std::string{interim} + std::string{final_head};
  head_bed bed;
  bed.send(all.substr(0, all.size() - 1));
  EXPECT_EQ(bed.look(), head_step::more);
  EXPECT_EQ(bed.from->input(), final_head.substr(0, final_head.size() - 1));
  bed.send("\n");
  EXPECT_EQ(bed.look(), head_step::ready);
  bed.expect_head();
}

// ---- limits ----

/// A head of this size, in pieces that the buffer has room for.
head_step send_head_of(head_bed& bed, std::size_t size) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  while (size - head.size() > 4100)
    head += "X-Long: " + std::string(2000, 'x') + "\r\n";
  head += "X-Last: " + std::string(size - head.size() - 12, 'x') + "\r\n\r\n";
  EXPECT_EQ(head.size(), size);
  auto how = head_step::more;
  for (std::size_t at = 0; at < size && how == head_step::more; at += 1024) {
    bed.send(std::string_view{head}.substr(at, 1024));
    how = bed.step();
  }
  return how;
}

TEST(head_reader, takes_a_head_that_is_larger_than_the_buffer) {
  head_bed bed;
  EXPECT_EQ(send_head_of(bed, 40'000), head_step::ready);
  EXPECT_EQ(bed.answer.size, 40'000U);
}

TEST(head_reader, takes_a_head_up_to_the_limit_and_no_larger_one) {
  for (const bool larger : {false, true}) {
    head_bed bed;
    EXPECT_EQ(send_head_of(bed, most.max_bytes + (larger ? 1 : 0)),
              larger ? head_step::malformed : head_step::ready);
    EXPECT_EQ(bed.reader.error(),
              larger ? http::head_error::head_too_large : http::head_error::none);
  }
}

} // namespace
} // namespace synapse::client
