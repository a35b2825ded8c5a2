// Requests that are larger than the configuration allows.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration {
namespace {

using support::closing;
using support::gateway_process;

constexpr std::string_view small_limits =
    "limits: {max_header_bytes: 4KiB, max_uri_bytes: 256, max_header_fields: 8, "
    "max_json_body_bytes: 2KiB}\n";

class size_limits : public ::testing::Test {
protected:
  support::scripted_upstream upstream_{echo()};
  gateway_process gateway_{chat_config(upstream_, small_limits)};

  /// Sends and expects this refusal and an orderly end.
  void expect_refused(const std::string& bytes, unsigned status, std::string_view code) {
    auto client = gateway_.connect();
    client.send(bytes);
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, status);
    EXPECT_TRUE(reply.complete()) << to_string(reply.end);
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_EQ(text_at(reply.body, "/error/code"), code) << reply.body;
    EXPECT_EQ(client.wait_closed(), closing::orderly);
    EXPECT_EQ(upstream_.requests(), 0u);
    EXPECT_TRUE(gateway_.get("/livez").ok());
  }
  /// A JSON object of exactly `size` bytes.
  static std::string json_of(std::size_t size) {
    return R"({"pad":")" + std::string(size - 10, 'x') + R"("})";
  }
};

TEST_F(size_limits, target_of_the_limit_is_served_and_a_longer_one_is_414) {
  const std::string path = "/livez?" + std::string(256 - 7, 'q');
  EXPECT_TRUE(gateway_.get(path).ok());
  expect_refused(support::request_bytes("GET", path + "q"), 414, "uri_too_long");
}

TEST_F(size_limits, target_without_an_end_is_414_before_it_ends) {
  expect_refused("GET /" + std::string(500, 'a'), 414, "uri_too_long");
}

TEST_F(size_limits, head_of_the_limit_is_served_and_a_longer_one_is_431) {
  const auto head_of = [](std::size_t size) {
    const std::string start = "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Pad: ";
    return start + std::string(size - start.size() - 4, 'p') + "\r\n\r\n";
  };
  auto client = gateway_.connect();
  client.send(head_of(4096));
  EXPECT_TRUE(client.read_reply().ok());
  expect_refused(head_of(4097), 431, "header_too_large");
}

TEST_F(size_limits, head_without_an_end_is_431_before_it_ends) {
  expect_refused("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Pad: " + std::string(6000, 'p'), 431,
                 "header_too_large");
}

TEST_F(size_limits, too_many_fields_are_431) {
  std::string fields;
  for (int i = 0; i < 7; ++i)
    fields += "X-Field: " + std::to_string(i) + "\r\n";
  EXPECT_TRUE(gateway_.get("/livez", fields).ok()); // with Host: eight
  expect_refused(support::request_bytes("GET", "/livez", {}, fields + "X-Field: 7\r\n"), 431,
                 "header_too_large");
}

TEST_F(size_limits, json_body_of_the_limit_is_forwarded) {
  const auto reply = gateway_.post(chat_path, json_of(2048), json_type);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/body"), json_of(2048));
}

TEST_F(size_limits, json_body_over_the_limit_is_413) {
  expect_refused(support::request_bytes("POST", chat_path, json_of(2049), json_type), 413,
                 "body_too_large");
}

TEST_F(size_limits, announced_length_over_the_limit_is_413_without_the_body) {
  expect_refused(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
      413, "body_too_large");
}

TEST_F(size_limits, client_that_sends_everything_first_still_reads_413) {
  // Closing at once with unread bytes would reset the connection under the answer.
  expect_refused(support::request_bytes("POST", chat_path, json_of(3'000'000), json_type), 413,
                 "body_too_large");
}

TEST_F(size_limits, chunked_body_over_the_limit_is_413) {
  std::string chunks = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i)
    chunks += support::chunk(std::string(500, ' '));
  expect_refused(chunks, 413, "body_too_large"); // no last chunk: refused as it passes the limit
}

TEST_F(size_limits, huge_chunk_size_is_413_or_400_and_takes_no_memory) {
  const auto before = gateway_.resident_bytes();
  auto client = gateway_.connect();
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "7fffffffffffffff\r\n" +
      std::string(4096, ' '));
  EXPECT_EQ(client.read_reply().status, 413u);
  if (!support::sanitized) {
    EXPECT_LT(gateway_.resident_bytes(), before + 8 * 1024 * 1024);
  }
}

TEST_F(size_limits, body_without_a_length_is_411) {
  auto client = gateway_.connect();
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 411u);
  EXPECT_EQ(text_at(reply.body, "/error/code"), "length_required") << reply.body;
  EXPECT_EQ(upstream_.requests(), 0u);
}

} // namespace
} // namespace synapse::integration
