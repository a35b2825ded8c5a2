// Answers that hang, break off or are not HTTP.
#include "tests/upstream_faults/fault_bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::test {
namespace {

enum class afterwards { hang, fin, rst };

/// Reads a request, sends `bytes` and does `what` comes then.
scripted_upstream::script sends(std::string bytes, afterwards what) {
  return [bytes = std::move(bytes), what](upstream_connection& connection) {
    if (!connection.read_request(milliseconds{600'000}))
      return;
    connection.send(bytes);
    if (what == afterwards::hang)
      EXPECT_TRUE(connection.wait_until_peer_closes()) << "the gateway kept the connection";
    else if (what == afterwards::rst)
      connection.reset();
  };
}

std::string json_head(const std::string& framing) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + framing + "\r\n\r\n";
}

const std::string half_a_head = "HTTP/1.1 200 OK\r\nContent-Type: applica";

// ---- hanging ------------------------------------------------------------------------------------

TEST(hanging, before_the_head_is_504) {
  bed_options how;
  how.timeouts = "{response: 150ms, idle: 0}";
  how.retry = quick_retry;
  fault_bed bed{sends("", afterwards::hang), how};
  expect_error(bed.chat(), 504, "backend_timeout");
  EXPECT_EQ(bed.upstream.requests(), 1u) << "a request that was sent is not sent again";
  bed.expect_attempts("response_timeout", 1);
  bed.expect_at_rest();
}

TEST(hanging, within_chunks_cuts_the_connection) {
  bed_options how;
  how.timeouts = "{response: 60s, idle: 150ms}";
  fault_bed bed{sends(json_head("Transfer-Encoding: chunked") + chunk("{\"a\":") + "5\r\n12",
                      afterwards::hang),
                how};
  const auto reply = bed.gateway.post(raw_path, "x");
  EXPECT_EQ(reply.status, 200u);
  expect_cut(reply);
  expect_error(bed.chat(), 504, "backend_timeout"); // nothing of a small answer was sent
  bed.expect_at_rest();
}

TEST(hanging, a_body_that_drips_for_ever_meets_the_total_limit) {
  bed_options how;
  how.timeouts = "{response: 60s, idle: 60s, total: 300ms}";
  fault_bed bed{[](upstream_connection& connection) {
                  connection.read_request();
                  connection.send(json_head("Content-Length: 1000"));
                  while (connection.send(" ") &&
                         !connection.wait_until_peer_closes(milliseconds{10})) {
                  }
                },
                how};
  expect_error(bed.chat(), 504, "backend_timeout");
  bed.expect_attempts("total_timeout", 1);
  bed.expect_at_rest();
}

// ---- breaking off -------------------------------------------------------------------------------

TEST(breaking_off, within_the_head_is_502_and_not_tried_again) {
  for (const auto how_it_ends : {afterwards::fin, afterwards::rst}) {
    bed_options how;
    how.retry = quick_retry;
    fault_bed bed{sends(half_a_head, how_it_ends), how};
    expect_error(bed.chat(), 502, "backend_error");
    EXPECT_EQ(bed.upstream.requests(), 1u);
    bed.expect_at_rest();
  }
}

TEST(breaking_off, within_a_small_json_body_is_502) {
  for (const auto how_it_ends : {afterwards::fin, afterwards::rst}) {
    bed_options how;
    how.retry = quick_retry;
    fault_bed bed{sends(json_head("Content-Length: 100") + "{\"a\":", how_it_ends), how};
    expect_error(bed.chat(), 502, "backend_error");
    EXPECT_EQ(bed.upstream.requests(), 1u);
    bed.expect_attempts("reset_after_head", 1);
    bed.expect_at_rest();
  }
}

TEST(breaking_off, a_reset_is_no_end_of_a_body_that_runs_until_close) {
  fault_bed bed{
      sends("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf of", afterwards::rst)};
  const auto modern = bed.gateway.post(raw_path, "x");
  expect_cut(modern);
  auto old = bed.gateway.connect();
  old.send("POST /raw/thing HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(old.read_reply().end, reply_end::reset) << "an orderly end would be a complete answer";
}

// ---- not HTTP, or not to be believed ------------------------------------------------------------

struct nonsense {
  const char* what;
  std::string answer;
};

TEST(nonsense, is_502_and_not_tried_again) {
  const std::string fields_101 = [] {
    std::string out;
    for (int i = 0; i < 101; ++i)
      out += "X-F" + std::to_string(i) + ": v\r\n";
    return out;
  }();
  const nonsense all[] = {
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n"},
      {"bytes", std::string("\x16\x03\x01\x00\x05\x00\x01", 7)},
      {"no status", "HTTP/1.1 OK\r\n\r\n"},
      {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"},
      {"folding", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"},
      {"a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nabc"},
      {"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"},
      {"length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
                            "\r\n\r\n0\r\n\r\n"},
      {"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                              "Connection: Upgrade\r\n\r\n"},
      {"head above 64 KiB",
       "HTTP/1.1 200 OK\r\nX-Big: " + std::string(70'000, 'b') + "\r\nContent-Length: 0\r\n\r\n"},
      {"endless head", "HTTP/1.1 200 OK\r\nX-Big: " + std::string(200'000, 'b')},
      {"too many fields", "HTTP/1.1 200 OK\r\n" + fields_101 + "Content-Length: 0\r\n\r\n"},
  };
  bed_options how;
  how.retry = quick_retry;
  how.timeouts = "{response: 60s}";
  fault_bed bed{answer_well(), how};
  auto client = bed.gateway.connect();
  for (const auto& one : all) {
    SCOPED_TRACE(one.what);
    bed.upstream.set_script(sends(one.answer, afterwards::hang));
    const auto before = bed.upstream.requests();
    expect_error(bed.chat_on(client), 502, "backend_error");
    EXPECT_EQ(bed.upstream.requests(), before + 1);
  }
  bed.expect_attempts("bad_response", std::size(all));
  client.close();
  bed.expect_at_rest();
}

TEST(nonsense, more_body_than_announced_reaches_nobody) {
  fault_bed bed{[](upstream_connection& connection) {
    while (connection.read_request(milliseconds{600'000}))
      connection.send(answer_bytes(200, "{\"ok\":1}") + "HTTP/1.1 200 OK\r\nX-Smuggled: 1\r\n\r\n");
  }};
  auto client = bed.gateway.connect();
  for (std::size_t i = 1; i <= 5; ++i) {
    const auto reply = bed.chat_on(client);
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.body, "{\"ok\":1}");
    EXPECT_EQ(reply.count("X-Smuggled"), 0u);
    EXPECT_EQ(bed.upstream.connections(), i) << "a connection with such a rest was used again";
  }
  EXPECT_EQ(client.unread(), "");
  client.close();
  bed.expect_at_rest();
}

} // namespace
} // namespace synapse::test
