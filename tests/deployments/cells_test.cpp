// Whose fault a failure is: the deployment's own, which another model of the same server has
// nothing to do with, the whole server's, or nobody's.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace synapse::deployed {
namespace {

enum class cell { nobodys, deployment, backend };

struct fault {
  int row;
  std::string name;
  cell whose;
  deed what;
  std::string more; ///< further keys of the backend
  bool stream = false;
  std::string timers{}; ///< further keys of the deployment that fails
};

deed says(unsigned status, std::string_view words, std::string fields = {}) {
  return answer_status(status, error_body(words), std::move(fields));
}

deed page(unsigned status) {
  return answer_status(status, "<html><h1>no server</h1></html>", "", "text/html");
}

std::vector<fault> all_faults() {
  const auto d = cell::deployment;
  const auto b = cell::backend;
  const auto n = cell::nobodys;
  const auto begun = first_events("FIRST");
  return {
      {6, "reset", d, hang_up(), ""},
      {7, "no head in time", d, hang(), "", false, ", timeouts: {response: 50ms}"},
      {8, "no content in time", d, say_and_wait(open_stream()), "", true,
       ", timeouts: {first_token: 50ms}"},
      {9, "silence behind content", d, say_and_wait(open_stream(begun)), "", true,
       ", timeouts: {idle: 50ms}"},
      {10, "400", n, says(400, "yours"), ""},
      {12, "context", n, says(400, "context_length_exceeded"), ""},
      {13, "401", d, says(401, "wrong key"), own_key},
      {14, "401 of the client", n, says(401, "wrong key"), ""},
      {15, "402", d, says(402, "pay"), own_key},
      {16, "moderation", n, says(403, "Your input was flagged"), ""},
      {17, "403", d, answer_status(403, ""), ""},
      {18, "no model", d, says(404, "model 'x' not found"), ""},
      {19, "no route", d, answer_status(405, ""), ""},
      {20, "408", d, says(408, "late"), ""},
      {21, "409", n, says(409, "pinned"), ""},
      {22, "413", n, says(413, "large"), ""},
      {23, "429 with a time", d, says(429, "slow", "Retry-After: 60\r\n"), ""},
      {24, "429", d, says(429, "slow"), ""},
      {25, "500", d, says(500, "broken"), ""},
      {25, "502 in its own words", d, says(502, "provider failed"), ""},
      {26, "memory", d, says(500, "CUDA out of memory"), ""},
      {27, "engine", b, says(500, "EngineCore encountered an issue"), ""},
      {29, "502 page", b, page(502), ""},
      {29, "503 page", b, page(503), ""},
      {29, "504 page", b, page(504), ""},
      {29, "502 without a word", b, answer_status(502, ""), ""},
      {30, "loading", n, says(503, "Loading model"), ""},
      {31, "busy", n, says(503, "server busy"), ""},
      {32, "page in a 200", d, page(200), ""},
      {33, "half of it", d, answer_status(200, R"({"choices":)"), ""},
      {34, "502 in a 200", d, answer_status(200, R"({"error":{"message":"","code":502}})"), ""},
      {35, "an error first", d, send_and_close(open_stream("data: " + error_body("x") + "\n\n")),
       "", true},
      {36, "no content", d, send_and_close(open_stream()), "", true},
      {37, "cut", d, send_and_close(open_stream(begun)), "", true},
      {38, "an error behind content", d,
       send_and_close(open_stream(begun + "data: " + error_body("x") + "\n\n")), "", true},
      {40, "policy", n, says(400, "content_policy_violation"), ""},
  };
}

/// Fails for one of its models and is good for the other.
struct two_models {
  explicit two_models(const fault& of, std::size_t number)
      : server("s" + std::to_string(number),
               [this, what = of.what](upstream_connection& connection,
                                      const upstream_request& request) {
                 if (request.body.find(R"("bad")") == std::string::npos)
                   return answer_with("well")(connection, request);
                 ++failed;
                 return what(connection, request);
               }) {}
  std::atomic<std::size_t> failed{0};
  model_server server; ///< last: its threads use the rest
};

struct faults_bed {
  faults_bed() {
    std::vector<backend_line> backends{{"second", second.url(), ""}};
    std::string names;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      const auto& server = servers.emplace_back(std::make_unique<two_models>(faults[i], i))->server;
      backends.push_back(
          {server.name(), server.url(), ", breaker: {cooldown: 60s}" + faults[i].more});
      for (const auto* model : {"bad", "good"}) {
        const auto name = model + std::to_string(i);
        names += "  " + name + ": {deployments: [{backend: " + server.name() + ", model: " + model +
                 (model == std::string_view{"bad"} ? faults[i].timers : "") +
                 "}, {backend: second, model: " + name + ", order: 2}]}\n";
      }
    }
    gateway.emplace(config_of(backends, "catalog:\n" + names +
                                            "routing: {retry_floor: 100000, "
                                            "cell: {cooldown: 60s, max_cooldown: 60s}}\n"),
                    with_key());
  }
  /// Asks for the model that fails. @returns whether its server was asked
  bool asks_bad(std::size_t i) const {
    const std::size_t before = servers[i]->failed;
    chat(*gateway, "", "bad" + std::to_string(i), faults[i].stream);
    return servers[i]->failed != before;
  }
  std::string content_of_good(std::size_t i) const {
    return content_of(chat(*gateway, "", "good" + std::to_string(i)));
  }

  std::vector<fault> faults = all_faults();
  model_server second{"second", answer_with("second")};
  std::vector<std::unique_ptr<two_models>> servers;
  std::optional<gateway_process> gateway;
};

void expect_cell(const faults_bed& bed, std::size_t i) {
  const auto& one = bed.faults[i];
  SCOPED_TRACE("row " + std::to_string(one.row) + ", " + one.name);
  constexpr int enough = 12; // to shut it, if it were to be
  if (one.whose == cell::nobodys) {
    for (int request = 0; request < enough; ++request)
      EXPECT_TRUE(bed.asks_bad(i));
    EXPECT_EQ(bed.content_of_good(i), "well");
    return;
  }
  EXPECT_TRUE(wait_until([&] { return !bed.asks_bad(i); })) << "is out of service after some";
  EXPECT_LE(bed.servers[i]->failed, std::size_t{enough});
  if (one.whose == cell::backend) {
    EXPECT_TRUE(wait_until([&] { return bed.content_of_good(i) == "second"; }));
  } else {
    for (int request = 0; request < enough; ++request)
      EXPECT_EQ(bed.content_of_good(i), "well");
  }
}

TEST(cells, are_those_of_the_table) {
  const faults_bed bed;
  in_parallel(bed.faults.size(), 6, [&](std::size_t i) { expect_cell(bed, i); });
}

} // namespace
} // namespace synapse::deployed
