// What is asked and done before a deployment speaks ends with the request's own time, too.
#include "tests/audio_deployments/catalog_bed.hpp"

#include <atomic>
#include <thread>

namespace synapse::audio {
namespace {

constexpr const char* voices =
    R"({"en_US-amy-low":{"audio":{"sample_rate":16000},"num_speakers":1}})";

/// A Piper that tells its voices when it may.
struct slow_piper {
  void serve(upstream_connection& connection) {
    while (const auto request = connection.read_request(milliseconds{600'000})) {
      if (request->method == "POST") {
        connection.send(answer_bytes(200, wav(2'000, 4, 16000), "text/html; charset=utf-8"));
        continue;
      }
      if (silent) {
        connection.wait_until_peer_closes();
        return;
      }
      const bool list = request->target == "/voices";
      connection.send(list                         ? answer_bytes(200, voices)
                      : request->target == "/info" ? answer_bytes(200, R"({"voice":{}})")
                                                   : page(200, "Piper"));
    }
  }
  std::atomic<bool> silent{true};
  scripted_upstream upstream{[this](upstream_connection& connection) { serve(connection); }};
};

struct speech_deadlines : testing::Test {
  std::string config() const {
    auto text = config_with(backend("pip", piper.upstream.url(), "type: piper"),
                            catalog_of("narrator", {"backend: pip, model: en"}));
    text.replace(text.find("threads: 2"), 10, "threads: 1"); // a thread asks on its own
    return text;
  }
  static http_reply ask(const gateway_process& gateway, std::string_view fields = {}) {
    const json body{{"model", "narrator"}, {"input", "Hello."}, {"voice", "alloy"}};
    return gateway.post("/v1/audio/speech", body.dump(),
                        std::string{json_type} + std::string{fields});
  }
  slow_piper piper;
};

TEST_F(speech_deadlines, the_question_for_voices_does_not_outlive_the_request) {
  gateway_process gateway{config()};
  const auto reply = ask(gateway, "X-Synapse-Timeout: 300ms\r\n");
  EXPECT_EQ(reply.status, 504U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/code"), "backend_timeout");
  EXPECT_THAT(reply.body, HasSubstr("within the time limit of the request"));
  EXPECT_EQ(deployment_of(reply), "pip/en");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "1");
}

TEST_F(speech_deadlines, whose_time_is_up_says_nothing_about_the_backend) {
  gateway_process gateway{config()};
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(ask(gateway, "X-Synapse-Timeout: 100ms\r\n").status, 504U);
  piper.silent = false;
  EXPECT_TRUE(ask(gateway).ok()) << "it is neither out of service nor known to fail";
}

TEST_F(speech_deadlines, those_who_wait_for_another_one_s_question_have_their_own_time) {
  gateway_process gateway{config()};
  std::atomic<bool> over{false};
  std::thread first{[&] {
    EXPECT_FALSE(ask(gateway).ok()) << "the question has a limit of its own";
    over = true;
  }};
  EXPECT_TRUE(wait_until([&] { return count_of(piper.upstream, "/") > 0; }));
  EXPECT_EQ(ask(gateway, "X-Synapse-Timeout: 200ms\r\n").status, 504U);
  EXPECT_FALSE(over);
  first.join();
}

TEST_F(speech_deadlines, a_question_that_is_cut_short_is_asked_anew_by_who_has_more_time) {
  gateway_process gateway{config()};
  std::thread hasty{[&] { EXPECT_EQ(ask(gateway, "X-Synapse-Timeout: 1s\r\n").status, 504U); }};
  EXPECT_TRUE(wait_until([&] { return count_of(piper.upstream, "/") > 0; }));
  std::thread patient{[&] { EXPECT_TRUE(ask(gateway).ok()); }};
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/v1/audio/speech")", 2));
  piper.silent = false;
  patient.join();
  hasty.join();
}

} // namespace
} // namespace synapse::audio
