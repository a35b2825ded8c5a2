#include "http/proxy/upstream/request_body.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace synapse::proxy {
namespace {

using http::body_framing;
using http::body_piece;
using pull = request_body::pull;

/// Gives what a test puts in.
class scripted_source final : public body_source {
public:
  body_piece next(std::string_view& piece) override {
    ++asked;
    if (failing)
      return body_piece::failed;
    if (pieces.empty())
      return ended ? body_piece::end : body_piece::wait;
    piece = pieces.front();
    return body_piece::data;
  }
  void release() override { pieces.pop_front(); }
  std::optional<std::uint64_t> size() const override { return length; }
  bool from_client() const override { return clients; }

  std::deque<std::string> pieces;
  std::optional<std::uint64_t> length;
  bool ended = false;
  bool failing = false;
  bool clients = true;
  int asked = 0;
};

struct request_body_test : testing::Test {
  void TearDown() override { body.reset(); }

  request_body& begin(std::string_view request, const forward_options& options = {}) {
    of = &rig.hold(request, options);
    body.emplace(*of);
    body->begin();
    return *body;
  }
  request_body& begin_own(body_source* source, std::string text = {}) {
    own.target = "/own";
    own.content_type = "a/b";
    own.body = std::move(text);
    own.source = source;
    forward_options options;
    options.request = &own;
    return begin(get("/x"), options);
  }
  static forward_options streamed() {
    forward_options options;
    options.stream_body = true;
    return options;
  }
  static std::string in_chunks(std::string_view bytes) {
    return "POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{bytes};
  }
  static std::string with_length(std::size_t length, std::string_view bytes) {
    return "POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           std::string{bytes};
  }

  http::upstream_head_options described() const {
    http::upstream_head_options head;
    body->describe(head);
    return head;
  }
  /// What the next pull gives, as it would go out.
  pull next() {
    std::span<const std::string_view> pieces;
    text.clear();
    const auto result = body->next(pieces);
    if (result == pull::ready)
      for (const auto piece : pieces)
        text.append(piece);
    return result;
  }
  void client_sends(std::string_view bytes) {
    const auto before = of->ex.downstream().bytes_read();
    rig.client().send(bytes);
    rig.until([&] { return of->ex.downstream().bytes_read() == before + bytes.size(); });
  }

  proxy_rig rig;
  call* of = nullptr;
  own_request own;
  std::optional<request_body> body;
  std::string text;
};

// ---- at hand ----

TEST_F(request_body_test, that_is_here_already_is_one_view) {
  begin(post("/x", "hello"));
  EXPECT_EQ(body->at_hand(), "hello");
  EXPECT_EQ(described().framing, body_framing::content_length);
  EXPECT_EQ(described().content_length, 5U);
  EXPECT_FALSE(body->started());
}

TEST_F(request_body_test, that_came_in_chunks_and_is_here_goes_with_its_length) {
  begin(in_chunks("5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(body->at_hand(), "hello");
  EXPECT_EQ(described().framing, body_framing::content_length);
  EXPECT_EQ(described().content_length, 5U);
}

TEST_F(request_body_test, that_is_none_says_nothing) {
  begin(get("/x"));
  EXPECT_EQ(body->at_hand(), "");
  EXPECT_EQ(described().framing, body_framing::none);
}

TEST_F(request_body_test, that_is_streamed_says_nothing_when_there_is_none) {
  begin(get("/x"), streamed());
  EXPECT_FALSE(of->streams_body);
  EXPECT_EQ(described().framing, body_framing::none);
}

TEST_F(request_body_test, that_a_handler_has_changed_goes_instead_of_the_clients) {
  const std::string changed = "changed";
  forward_options options;
  options.body = &changed;
  begin(post("/x", "hello"), options);
  EXPECT_EQ(body->at_hand(), "changed");
  EXPECT_EQ(described().content_length, 7U);
}

TEST_F(request_body_test, of_the_gateways_own_is_its_text) {
  begin_own(nullptr, "own words");
  EXPECT_FALSE(of->streams_body);
  EXPECT_EQ(body->at_hand(), "own words");
  EXPECT_EQ(described().framing, body_framing::content_length);
  EXPECT_EQ(described().content_length, 9U);
}

TEST_F(request_body_test, of_the_gateways_own_that_is_empty_still_has_a_length) {
  begin_own(nullptr);
  EXPECT_EQ(described().framing, body_framing::content_length);
  EXPECT_EQ(described().content_length, 0U);
}

// ---- streamed ----

TEST_F(request_body_test, with_a_length_goes_out_as_it_comes_in) {
  begin(with_length(10, "hello"), streamed());
  EXPECT_TRUE(of->streams_body);
  EXPECT_EQ(body->at_hand(), "");
  EXPECT_EQ(described().framing, body_framing::content_length);
  EXPECT_EQ(described().content_length, 10U);
  EXPECT_FALSE(body->started());
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "hello");
  EXPECT_TRUE(body->started());
  EXPECT_FALSE(body->was_last());
  body->release();
  EXPECT_EQ(next(), pull::wait);
  client_sends("world");
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "world");
  EXPECT_FALSE(body->read()) << "nobody has looked yet";
  body->release();
  EXPECT_FALSE(body->sent());
  EXPECT_EQ(next(), pull::sent);
  EXPECT_TRUE(body->sent());
  EXPECT_TRUE(body->read());
}

TEST_F(request_body_test, in_chunks_goes_out_in_chunks) {
  begin(in_chunks("5;x=1\r\nhello\r\n"), streamed());
  EXPECT_EQ(described().framing, body_framing::chunked);
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "5\r\nhello\r\n");
  body->release();
  EXPECT_EQ(next(), pull::wait);
  client_sends("1\r\n!\r\n0\r\n\r\n");
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "1\r\n!\r\n");
  EXPECT_FALSE(body->was_last());
  body->release();
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "0\r\n\r\n");
  EXPECT_TRUE(body->was_last());
  EXPECT_FALSE(body->sent()) << "that is for whoever writes it to say";
  body->mark_sent();
  EXPECT_TRUE(body->sent());
}

TEST_F(request_body_test, with_broken_chunks_fails) {
  begin(in_chunks("5\r\nhello\r\n"), streamed());
  EXPECT_EQ(next(), pull::ready);
  body->release();
  EXPECT_EQ(next(), pull::wait);
  client_sends("zz\r\n");
  EXPECT_EQ(next(), pull::failed);
  EXPECT_FALSE(body->read());
  EXPECT_FALSE(body->sent());
}

TEST_F(request_body_test, is_too_large_with_the_byte_beyond_the_limit) {
  auto options = streamed();
  options.max_body = 8;
  begin(in_chunks("5\r\nhello\r\n"), options);
  EXPECT_EQ(next(), pull::ready);
  body->release();
  EXPECT_EQ(next(), pull::wait);
  client_sends("3\r\n123\r\n");
  EXPECT_EQ(next(), pull::ready) << "as much as it may";
  body->release();
  EXPECT_EQ(next(), pull::wait);
  client_sends("1\r\n4\r\n");
  EXPECT_EQ(next(), pull::too_large);
}

TEST_F(request_body_test, has_no_limit_with_0) {
  begin(in_chunks("2000\r\n" + std::string(0x2000, 'x') + "\r\n"), streamed());
  EXPECT_EQ(next(), pull::ready);
}

// ---- of a source ----

TEST_F(request_body_test, of_a_source_with_a_length_goes_as_it_is) {
  scripted_source source;
  source.length = 8;
  source.pieces = {"abcd", "efgh"};
  begin_own(&source);
  EXPECT_TRUE(of->streams_body);
  EXPECT_EQ(described().framing, body_framing::content_length);
  EXPECT_EQ(described().content_length, 8U);
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "abcd");
  body->release();
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "efgh");
  body->release();
  EXPECT_EQ(next(), pull::wait);
  source.ended = true;
  EXPECT_EQ(next(), pull::sent);
  EXPECT_TRUE(body->read());
  EXPECT_TRUE(body->sent());
}

TEST_F(request_body_test, of_a_source_without_a_length_goes_in_chunks) {
  scripted_source source;
  source.pieces = {"abcd"};
  source.ended = true;
  begin_own(&source);
  EXPECT_EQ(described().framing, body_framing::chunked);
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "4\r\nabcd\r\n");
  body->release();
  EXPECT_EQ(next(), pull::ready);
  EXPECT_EQ(text, "0\r\n\r\n");
  EXPECT_TRUE(body->was_last());
}

TEST_F(request_body_test, of_a_source_that_fails_is_refused) {
  scripted_source source;
  source.failing = true;
  begin_own(&source);
  EXPECT_EQ(next(), pull::failed);
  EXPECT_FALSE(body->started());
}

TEST_F(request_body_test, of_a_source_is_looked_at_once_more_for_its_end) {
  scripted_source source;
  source.length = 4;
  source.pieces = {"abcd"};
  begin_own(&source);
  EXPECT_EQ(next(), pull::ready);
  body->release();
  body->look_for_end();
  EXPECT_FALSE(body->read());
  source.ended = true;
  body->look_for_end();
  EXPECT_TRUE(body->read());
  const auto asked = source.asked;
  body->look_for_end();
  EXPECT_EQ(source.asked, asked) << "not again";
}

TEST_F(request_body_test, of_the_client_is_not_looked_at_again) {
  begin(with_length(5, "hello"), streamed());
  EXPECT_EQ(next(), pull::ready);
  body->release();
  body->look_for_end();
  EXPECT_FALSE(body->read());
}

// ---- the client's time ----

TEST_F(request_body_test, is_due_when_the_client_has_been_silent_for_as_long_as_it_may) {
  rig.settings().limits.body_timeout = 30s;
  begin(with_length(10, "hello"), streamed());
  EXPECT_EQ(next(), pull::ready);
  rig.pass(50s); // the backend takes its time
  body->release();
  EXPECT_EQ(next(), pull::wait);
  const auto since = rig.now();
  EXPECT_EQ(body->due(), since + 30'000'000'000) << "counts from here";
  rig.pass(20s);
  EXPECT_EQ(body->due(), since + 30'000'000'000);
}

TEST_F(request_body_test, of_a_source_that_is_not_the_clients_is_never_due) {
  scripted_source source;
  source.clients = false;
  begin_own(&source);
  EXPECT_EQ(next(), pull::wait);
  EXPECT_EQ(body->due(), 0);
  source.clients = true;
  EXPECT_NE(body->due(), 0);
}

} // namespace
} // namespace synapse::proxy
