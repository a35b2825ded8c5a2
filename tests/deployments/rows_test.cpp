// The table of failures, row by row, from one end to the other: what the client sees, who was
// asked, and what is told where there is nobody else. One gateway serves all rows; each has servers
// of its own, so that no row's cells are another one's.
//
// Elsewhere: 2 and 4 (no name, no connection in time) tests/actors/backends and tests/http/proxy;
// 28 is 7 and 8; 41 to 43 limits_test and outages_test; 45 departures_test; 46 ollama_test.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace synapse::deployed {
namespace {

/// Where the good server is, for the name that the row is about.
enum class way { tier, policy, context };

struct row {
  int number = 0;
  std::string name;
  deed first;
  std::string backend; ///< its further keys
  std::string fields;  ///< of the request
  bool stream = false;
  way to_second = way::tier;
  bool second = true; ///< is asked, and its answer is the client's
  unsigned status = 200;
  unsigned attempts = 2; ///< as the answer's head says; 0: nothing
  std::size_t asked = 1; ///< requests that the first has had
  unsigned alone = 0;    ///< status where there is nobody else; 0: the same
  std::string code;      ///< of that error
};

/// A chunked event stream without its last chunk.
std::string unfinished(std::string_view events) {
  auto bytes = chunked_stream(events);
  bytes.resize(bytes.size() - std::string_view{"0\r\n\r\n"}.size());
  return bytes;
}

/// Answers the first request of a connection, and hangs up on the next one.
bool answer_once(upstream_connection& connection, const upstream_request& request) {
  return connection.bytes_sent() == 0 && answer_with("first")(connection, request);
}

/// As the client sees it, from the first server.
row of_first(row one, unsigned status) {
  one.second = false;
  one.status = status;
  one.attempts = 1;
  return one;
}

row fails(int number, std::string name, deed first, unsigned alone, std::string code,
          std::string backend = {}, bool stream = false) {
  row one;
  one.number = number;
  one.name = std::move(name);
  one.first = std::move(first);
  one.backend = std::move(backend);
  one.stream = stream;
  one.alone = alone;
  one.code = std::move(code);
  return one;
}

row says(int number, unsigned status, std::string_view words, unsigned alone, std::string code,
         std::string backend = {}, std::string fields = {}) {
  return fails(number, std::to_string(status) + " " + std::string{words},
               answer_status(status, error_body(words, "own"), std::move(fields)), alone,
               std::move(code), std::move(backend));
}

std::vector<row> connection_rows() {
  std::vector<row> all{
      fails(1, "refused", {}, 503, "backend_unavailable"),
      fails(3, "no TLS", {}, 502, "backend_error"),
      fails(6, "reset", hang_up(), 502, "backend_error"),
      fails(7, "no head in time", hang(), 504, "backend_timeout", ", timeouts: {response: 150ms}"),
      fails(8, "no content in time", say_and_wait(open_stream()), 504, "backend_timeout",
            ", timeouts: {first_token: 150ms}", true),
  };
  all.push_back(of_first(fails(5, "a kept connection was closed", answer_once, 0, ""), 200));
  row late = of_first(fails(44, "the deadline", hang(), 0, ""), 504);
  late.fields = "X-Synapse-Timeout: 300ms\r\n";
  late.code = "backend_timeout";
  all.push_back(late);
  return all;
}

std::vector<row> client_rows() {
  std::vector<row> all{
      of_first(says(10, 400, "yours", 400, "own"), 400),
      of_first(says(10, 422, "yours", 422, "own"), 422),
      says(12, 400, "This model's maximum context length is 8 tokens", 400,
           "context_length_exceeded"),
      says(13, 401, "wrong key", 502, "backend_auth", own_key),
      of_first(says(14, 401, "wrong key", 401, "own"), 401),
      says(15, 402, "pay", 502, "backend_error", own_key),
      fails(15, "quota", answer_status(429, error_body("no", "insufficient_quota")), 502,
            "backend_error", own_key),
      fails(17, "403 without a word", answer_status(403, ""), 502, "backend_error"),
      says(18, 404, "model 'x' not found", 404, "model_not_found"),
      fails(19, "no route", answer_status(404, R"({"detail":"Not Found"})"), 501, "not_supported"),
      fails(19, "405", answer_status(405, ""), 501, "not_supported"),
      fails(19, "501", answer_status(501, ""), 501, "not_supported"),
      says(20, 408, "late", 504, "backend_timeout"),
      says(21, 409, "slots pinned", 503, "backend_unavailable"),
      says(22, 413, "too large", 413, "own"),
      says(23, 429, "slow", 429, "rate_limit_exceeded", "", "Retry-After: 60\r\n"),
      says(24, 429, "slow", 429, "rate_limit_exceeded"),
  };
  // Without a field that could be left out; with some: unknown_fields_test.
  all.push_back(of_first(says(11, 400, "top_k: Extra inputs are not permitted", 400, "own"), 400));
  row longer = says(12, 400, "prompt is too long", 400, "context_length_exceeded");
  longer.to_second = way::context;
  all.push_back(longer);
  for (row policy : {says(16, 403, "Your input was flagged", 403, "own"),
                     fails(40, "content policy",
                           answer_status(400, error_body("no", "content_policy_violation")), 400,
                           "content_policy_violation")}) {
    policy.to_second = way::policy;
    all.push_back(policy);
  }
  for (auto& one : all)
    if (one.number == 14)
      one.fields = "Authorization: Bearer the-client-s-own\r\n";
  return all;
}

std::vector<row> server_rows() {
  row loading = says(30, 503, "Loading model", 503, "model_loading");
  loading.fields = "X-Synapse-Timeout: 1500ms\r\n"; // else it is waited for
  return {
      says(25, 500, "broken", 500, "own"),
      says(25, 424, "broken", 424, "own"),
      says(26, 500, "CUDA out of memory", 503, "backend_unavailable"),
      says(27, 500, "EngineCore encountered an issue", 503, "backend_unavailable"),
      fails(29, "502 page", answer_status(502, "<html>bad", "", "text/html"), 502, "backend_error"),
      fails(29, "504 page", answer_status(504, "<html>bad", "", "text/html"), 502, "backend_error"),
      loading,
      says(31, 503, "server busy", 503, "backend_unavailable"),
      says(31, 529, "overloaded", 503, "backend_unavailable"),
  };
}

std::vector<row> answer_rows() {
  const auto too_many = error_body("slow down", "rate_limit_exceeded");
  const std::string busy = R"({"error":{"message":"server busy","code":503}})";
  std::vector<row> all{
      fails(32, "a page", answer_status(200, "<html>", "", "text/html"), 502, "backend_error"),
      fails(33, "half of it", answer_status(200, R"({"choices":)"), 502, "backend_error"),
      fails(33, "cut",
            send_and_close("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                           "Content-Length: 100\r\n\r\n{\"choices\":"),
            502, "backend_error"),
      fails(34, "an error in a 200", answer_status(200, too_many), 429, "rate_limit_exceeded"),
      fails(35, "an error as the first event",
            send_and_close(open_stream("data: " + busy + "\n\n")), 503, "backend_unavailable", "",
            true),
      fails(36, "no content", send_and_close(open_stream()), 502, "backend_error", "", true),
  };
  const auto begun = first_events("FIRST");
  // What the client has is all it gets; how it ends is seen below.
  const auto cut = [&](int number, std::string name, deed what, std::string more = {}) {
    all.push_back(of_first(
        fails(number, std::move(name), std::move(what), 0, "", std::move(more), true), 200));
  };
  cut(9, "silence behind content", say_and_wait(open_stream(begun)), ", timeouts: {idle: 150ms}");
  cut(37, "cut behind content", send_and_close(unfinished(begun)));
  cut(38, "an error behind content",
      send_and_close(open_stream(begun + "data: " + error_body("its words") + "\n\n")));
  auto events = completion_events("FIRST");
  events.resize(events.find("data: [DONE]"));
  cut(39, "no end mark", send_and_close(open_stream(events)));
  return all;
}

std::vector<row> all_rows() {
  auto all = connection_rows();
  for (const auto& more : {client_rows(), server_rows(), answer_rows()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string text_of(way how) {
  return how == way::tier ? "order" : how == way::policy ? "policy" : "context";
}

/// An address that is nobody's, and becomes nobody's: bound, and not listened at.
class refusing_port {
public:
  refusing_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* at = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(socket_.get(), at, size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), at, &size), 0);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

private:
  descriptor socket_;
  sockaddr_in address_{};
};

/// The servers of a row.
struct place {
  place(const row& what, std::size_t number, std::string_view kind)
      : server(std::string{kind} + std::to_string(number),
               what.first ? what.first : answer_with("never")),
        url(server.url()) {
    if (what.number == 1) {
      nobody.emplace();
      url = nobody->url();
    } else if (what.number == 3) {
      plain = std::make_unique<scripted_upstream>(
          [](upstream_connection& connection) { connection.read_some(); });
      url = "https://127.0.0.1:" + std::to_string(plain->port());
    }
  }
  model_server server;
  std::string url;
  std::unique_ptr<scripted_upstream> plain; ///< knows no TLS
  std::optional<refusing_port> nobody;
};

struct rows_bed {
  rows_bed() {
    std::vector<backend_line> backends{{"good", good.url(), ""}};
    std::string names;
    std::string policy;
    std::string context;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& one = rows[i];
      const auto number = std::to_string(i);
      for (auto* list : {&firsts, &alone}) {
        auto& made = *list->emplace_back(
            std::make_unique<place>(one, i, list == &firsts ? "first" : "alone"));
        backends.push_back({made.server.name(), made.url, one.backend});
      }
      const auto second = "{backend: good, model: good-" + number + ", order: 2}";
      names += "  m" + number + ": {deployments: [{backend: first" + number + ", model: x}" +
               (one.to_second == way::tier ? ", " + second : "") + "]}\n";
      names += "  a" + number + ": {deployments: [{backend: alone" + number + ", model: x}]}\n";
      if (one.to_second != way::tier) {
        names += "  f" + number + ": {deployments: [" + second + "]}\n";
        auto& list = one.to_second == way::policy ? policy : context;
        list += (list.empty() ? "m" : ", m") + number + ": [f" + number + "]";
      }
    }
    gateway.emplace(config_of(backends, "catalog:\n" + names + "fallbacks: {policy: {" + policy +
                                            "}, context: {" + context + "}}\n"),
                    with_key());
  }
  http_reply ask(std::size_t i, const char* name) const {
    return chat(*gateway, rows[i].fields, name + std::to_string(i), rows[i].stream);
  }
  std::size_t seconds(std::size_t i) const {
    const auto model = "\"good-" + std::to_string(i) + "\"";
    const auto all = good.requests();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& each) {
      return each.body.find(model) != std::string::npos;
    }));
  }

  std::vector<row> rows = all_rows();
  model_server good{"good", answer_with("second")};
  std::vector<std::unique_ptr<place>> firsts;
  std::vector<std::unique_ptr<place>> alone;
  std::optional<gateway_process> gateway;
};

/// An answer that the first server has begun: how it ends.
void expect_end(const row& one, const http_reply& reply) {
  const bool error = reply.body.find("\"error\"") != std::string::npos;
  const bool done = reply.body.ends_with("data: [DONE]\n\n");
  EXPECT_NE(reply.body.find("FIRST"), std::string::npos) << reply.body;
  EXPECT_EQ(reply.complete(), one.number == 39) << reply.body;
  EXPECT_EQ(done, one.number == 39) << reply.body;
  EXPECT_EQ(error, one.number != 39) << reply.body;
  if (one.number == 38) {
    EXPECT_NE(reply.body.find("its words"), std::string::npos) << reply.body;
  }
}

void expect_row(const rows_bed& bed, std::size_t i) {
  const auto& one = bed.rows[i];
  SCOPED_TRACE("row " + std::to_string(one.number) + ", " + one.name);
  if (one.number == 5) { // each thread keeps its own
    std::size_t requests = 0;
    EXPECT_TRUE(wait_until([&] {
      ++requests;
      return bed.ask(i, "m").ok() && bed.firsts[i]->server.asked() > requests;
    }));
  }
  const auto reply = bed.ask(i, "m");
  EXPECT_EQ(reply.status, one.status) << reply.head << reply.body;
  EXPECT_EQ(bed.seconds(i), one.second ? 1U : 0U);
  if (one.number != 1 && one.number != 3 && one.number != 5) {
    EXPECT_EQ(bed.firsts[i]->server.asked(), one.asked);
  }
  EXPECT_EQ(reply.field("X-Synapse-Attempts"),
            one.attempts == 0 ? "" : std::to_string(one.attempts))
      << reply.head;
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), one.second ? text_of(one.to_second) : "");
  const auto number = std::to_string(i);
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), one.second          ? "good/good-" + number
                                                 : one.attempts != 0 ? "first" + number + "/x"
                                                                     : "");
  if (one.second) {
    EXPECT_EQ(content_of(reply), one.stream ? "second!" : "second");
  } else if (one.stream) {
    expect_end(one, reply);
  } else if (one.status >= 400) {
    EXPECT_EQ(error_code_of(reply), one.code) << reply.body;
  }
}

void expect_alone(const rows_bed& bed, std::size_t i) {
  const auto& one = bed.rows[i];
  if (one.alone == 0)
    return;
  SCOPED_TRACE("alone: row " + std::to_string(one.number) + ", " + one.name);
  const auto reply = bed.ask(i, "a");
  EXPECT_EQ(reply.status, one.alone) << reply.head << reply.body;
  EXPECT_EQ(error_code_of(reply), one.code) << reply.body;
  EXPECT_TRUE(reply.complete());
  const bool later = one.alone == 503 || one.alone == 429;
  EXPECT_EQ(reply.field("Retry-After").empty(), !later) << reply.head;
  EXPECT_EQ(reply.body.find("sk-secret"), std::string::npos) << reply.body;
}

TEST(failure_rows, are_as_the_table_says) {
  const rows_bed bed;
  in_parallel(bed.rows.size() * 2, 8, [&](std::size_t item) {
    if (item % 2 == 0)
      expect_row(bed, item / 2);
    else
      expect_alone(bed, item / 2);
  });
}

} // namespace
} // namespace synapse::deployed
