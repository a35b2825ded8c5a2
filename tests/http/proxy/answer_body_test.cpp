#include "http/net/virtual_clock.hpp"
#include "http/proxy/upstream/answer_body.hpp"
#include "tests/support/watchdog.hpp"

#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace synapse::proxy {
namespace {

using http::body_framing;
using http::verb;

/// A connection of the gateway's and what is written into it from the other end.
class body_bed {
public:
  body_bed() {
    net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> listening{
        io.executor()};
    listening.open(net::tcp::v4());
    listening.bind({net::asio::ip::address_v4::loopback(), 0});
    listening.listen();
    net::socket near{io.executor()};
    near.connect(listening.local_endpoint());
    far = listening.accept(io.executor());
    from = net::make_local<net::transport>(io, std::move(near));
  }
  ~body_bed() { from->close(); }

  void send(std::string_view bytes) {
    net::asio::write(far, net::asio::buffer(bytes));
    sent_ += bytes.size();
    while (from->bytes_read() < sent_)
      turn();
  }
  void finish() {
    far.shutdown(net::socket::shutdown_send);
    while (!from->ended())
      turn();
  }
  void reset() {
    far.set_option(net::asio::socket_base::linger(true, 0));
    far.close();
    while (!from->ended())
      turn();
  }

  answer_body& begin(std::string_view head, verb method = verb::get) {
    std::size_t scanned = 0;
    head_bytes = head;
    const auto parsed = http::parse_response(head_bytes.data(), head_bytes.size(), scanned,
                                             http::head_limits{}, answer);
    EXPECT_TRUE(parsed.ok());
    body.begin(answer, method);
    return body;
  }
  /// Everything that can be had now. @returns whether there was anything
  bool take() { return body.take(*from, text); }

  net::virtual_clock clock{1'000'000'000};
  net::io_thread io{0};
  net::socket far{io.executor()};
  net::local_ptr<net::transport> from;
  std::string head_bytes;
  http::response_head answer;
  answer_body body;
  std::string text;

private:
  void turn() {
    from->read();
    io.context().run_one_for(std::chrono::milliseconds{1});
  }
  test::watchdog watchdog_;
  std::uint64_t sent_ = 0;
};

constexpr std::string_view with_length = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
constexpr std::string_view in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view until_close = "HTTP/1.1 200 OK\r\n\r\n";
constexpr std::string_view chunks = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n";

TEST(answer_body, with_a_length_may_be_cut_anywhere) {
  const std::string_view sent = "hello world";
  for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
    body_bed bed;
    auto& body = bed.begin(with_length);
    EXPECT_EQ(body.framing(), body_framing::content_length);
    EXPECT_EQ(body.left(), 11U);
    EXPECT_FALSE(body.ended());
    bed.send(sent.substr(0, cut));
    EXPECT_EQ(bed.take(), cut > 0) << cut;
    EXPECT_EQ(body.left(), 11 - cut);
    EXPECT_EQ(body.ended(), cut == sent.size());
    bed.send(std::string{sent.substr(cut)} + "NEXT");
    EXPECT_EQ(bed.take(), cut < sent.size());
    EXPECT_EQ(bed.text, sent) << cut;
    EXPECT_TRUE(body.ended());
    EXPECT_TRUE(body.leaves_connection());
    EXPECT_FALSE(body.broken());
    EXPECT_EQ(bed.from->input(), "NEXT") << "belongs to the next answer";
  }
}

TEST(answer_body, in_chunks_may_be_cut_anywhere) {
  for (std::size_t cut = 0; cut <= chunks.size(); ++cut) {
    body_bed bed;
    auto& body = bed.begin(in_chunks);
    EXPECT_EQ(body.framing(), body_framing::chunked);
    bed.send(chunks.substr(0, cut));
    bed.take();
    EXPECT_TRUE(std::string_view{"hello world"}.starts_with(bed.text)) << cut;
    EXPECT_EQ(body.ended(), cut == chunks.size()) << cut;
    EXPECT_FALSE(body.broken());
    bed.send(std::string{chunks.substr(cut)} + "NEXT");
    bed.take();
    EXPECT_EQ(bed.text, "hello world") << cut;
    EXPECT_TRUE(body.ended());
    EXPECT_TRUE(body.leaves_connection());
    EXPECT_FALSE(body.broken());
    EXPECT_EQ(bed.from->input(), "NEXT");
  }
}

TEST(answer_body, until_close_may_be_cut_anywhere) {
  const std::string_view sent = "hello world";
  for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
    body_bed bed;
    auto& body = bed.begin(until_close);
    EXPECT_EQ(body.framing(), body_framing::until_close);
    bed.send(sent.substr(0, cut));
    EXPECT_EQ(bed.take(), cut > 0);
    EXPECT_FALSE(body.ended());
    bed.send(sent.substr(cut));
    bed.finish();
    bed.take();
    EXPECT_EQ(bed.text, sent);
    EXPECT_TRUE(body.ended());
    EXPECT_FALSE(body.broken());
    EXPECT_FALSE(body.leaves_connection()) << "it has ended with the answer";
  }
}

TEST(answer_body, is_none_whatever_the_head_says_to_some) {
  const struct {
    std::string_view head;
    verb method;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", verb::head},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", verb::head},
      {"HTTP/1.1 200 OK\r\n\r\n", verb::head},
      {"HTTP/1.1 204 No Content\r\n\r\n", verb::get},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", verb::post},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", verb::get},
      {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", verb::get},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", verb::get},
      {"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", verb::post},
  };
  for (const auto& one : cases) {
    body_bed bed;
    auto& body = bed.begin(one.head, one.method);
    EXPECT_EQ(body.framing(), body_framing::none) << one.head;
    EXPECT_TRUE(body.ended());
    EXPECT_TRUE(body.leaves_connection());
    bed.send("stray");
    EXPECT_FALSE(bed.take());
    EXPECT_EQ(bed.text, "");
    EXPECT_EQ(bed.from->input(), "stray") << "is not looked at";
    EXPECT_FALSE(body.broken());
  }
}

TEST(answer_body, of_a_205_without_a_length_is_ended_by_whoever_knows) {
  body_bed bed;
  auto& body = bed.begin("HTTP/1.1 205 Reset Content\r\n\r\n", verb::post);
  EXPECT_FALSE(body.ended());
  body.end();
  EXPECT_TRUE(body.ended());
  EXPECT_FALSE(body.leaves_connection());
  EXPECT_FALSE(bed.take());
}

TEST(answer_body, in_broken_chunks_keeps_what_came_before) {
  for (const std::string_view rest :
       {"zz\r\n", "\r\n", "-1\r\n", "5 x\r\n", "ffffffffffffffffff\r\n", "1\rx", "1\r\nab",
        "0\r\nno field\r\n"}) {
    body_bed bed;
    auto& body = bed.begin(in_chunks);
    bed.send("5\r\nhello\r\n" + std::string{rest});
    EXPECT_TRUE(bed.take());
    EXPECT_TRUE(bed.text.starts_with("hello")) << rest;
    EXPECT_TRUE(body.broken()) << rest;
    EXPECT_FALSE(body.ended());
    EXPECT_FALSE(body.leaves_connection());
  }
}

TEST(answer_body, is_broken_wherever_the_connection_ends_within_it) {
  for (const bool by_reset : {false, true}) {
    const auto end = [&](body_bed& bed) {
      if (by_reset)
        bed.reset();
      else
        bed.finish();
      bed.take();
    };
    for (std::size_t cut = 0; cut < chunks.size(); ++cut) {
      body_bed bed;
      auto& body = bed.begin(in_chunks);
      bed.send(chunks.substr(0, cut));
      bed.take();
      EXPECT_FALSE(body.broken());
      end(bed);
      EXPECT_TRUE(body.broken()) << cut;
      EXPECT_FALSE(body.ended());
    }
    for (std::size_t cut = 0; cut < 11; ++cut) {
      body_bed bed;
      auto& body = bed.begin(with_length);
      bed.send(std::string_view{"hello world"}.substr(0, cut));
      end(bed);
      EXPECT_TRUE(body.broken()) << cut;
      EXPECT_FALSE(body.ended());
      EXPECT_EQ(body.left(), 11 - cut);
    }
  }
}

TEST(answer_body, is_whole_when_the_connection_ends_behind_it) {
  for (const auto& [head, sent] : std::vector<std::pair<std::string_view, std::string_view>>{
           {with_length, "hello world"}, {in_chunks, chunks}}) {
    body_bed bed;
    auto& body = bed.begin(head);
    bed.send(sent);
    bed.finish();
    bed.take();
    EXPECT_EQ(bed.text, "hello world");
    EXPECT_TRUE(body.ended());
    EXPECT_FALSE(body.broken());
  }
}

TEST(answer_body, until_close_is_not_ended_by_a_reset) {
  body_bed bed;
  auto& body = bed.begin(until_close);
  bed.send("hello");
  bed.reset();
  EXPECT_TRUE(bed.take()) << "what came before is there";
  EXPECT_EQ(bed.text, "hello");
  EXPECT_TRUE(body.broken());
  EXPECT_FALSE(body.ended());
}

TEST(answer_body, goes_behind_what_is_there) {
  body_bed bed;
  bed.begin(with_length);
  bed.text = "before ";
  bed.send("hello world");
  EXPECT_TRUE(bed.take());
  EXPECT_EQ(bed.text, "before hello world");
  EXPECT_FALSE(bed.take()) << "once";
}

TEST(answer_body, begins_anew_with_the_next_answer) {
  body_bed bed;
  bed.begin(in_chunks);
  bed.send("zz\r\n");
  bed.take();
  EXPECT_TRUE(bed.body.broken());
  bed.from->consume(bed.from->input().size());
  auto& body = bed.begin(in_chunks);
  EXPECT_FALSE(body.broken());
  EXPECT_FALSE(body.ended());
  bed.send(chunks);
  bed.take();
  EXPECT_EQ(bed.text, "hello world");
  EXPECT_TRUE(body.ended());
}

TEST(answer_body, counts_down_for_whoever_passes_it_on_as_it_lies_there) {
  body_bed bed;
  auto& body = bed.begin(with_length);
  body.took(4);
  EXPECT_EQ(body.left(), 7U);
  EXPECT_FALSE(body.ended());
}

} // namespace
} // namespace synapse::proxy
