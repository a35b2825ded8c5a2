#include "http/dialects/piper/request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace synapse::http::piper {
namespace {

using json = nlohmann::json;

speech spoken(std::string text) {
  speech what;
  what.text = std::move(text);
  return what;
}

TEST(piper_request, goes_to_the_route_that_the_generation_has) {
  const auto now = call_of(spoken("Hi"), generation::synthesize);
  EXPECT_EQ(now.path, "/synthesize");
  EXPECT_EQ(now.content_type, "application/json");
  EXPECT_EQ(json::parse(now.body), json::parse(R"({"text":"Hi"})"));
  const auto before = call_of(spoken("Hi"), generation::root_json);
  EXPECT_EQ(before.path, "/");
  EXPECT_EQ(before.body, now.body);
  const auto first = call_of(spoken("Hi {\"text\"}"), generation::root_text);
  EXPECT_EQ(first.path, "/");
  EXPECT_EQ(first.body, "Hi {\"text\"}");
  EXPECT_EQ(first.content_type, "text/plain; charset=utf-8");
}

TEST(piper_request, names_voice_and_speaker_and_makes_a_length_of_the_speed) {
  auto what = spoken("Hi");
  what.voice = "en_US-libritts-high";
  what.speaker = "p3922";
  what.speed = 1.25;
  EXPECT_EQ(json::parse(call_of(what, generation::synthesize).body),
            json::parse(R"({"text":"Hi","voice":"en_US-libritts-high","speaker":"p3922",
                            "length_scale":0.8})"));
  what.length_scale = 1.5; // the voice's own
  EXPECT_DOUBLE_EQ(json::parse(call_of(what, generation::root_json).body)["length_scale"], 1.2);
  what.speed = 1;
  EXPECT_FALSE(json::parse(call_of(what, generation::root_json).body).contains("length_scale"));
}

TEST(piper_request, has_any_text_as_json) {
  const auto call = call_of(spoken("\"\\\n\x01 \xff \xe4\xbd\xa0"), generation::synthesize);
  EXPECT_EQ(json::parse(call.body)["text"], "\"\\\n\x01 \xef\xbf\xbd \xe4\xbd\xa0");
}

TEST(piper_request, is_looked_at_before_the_server_fails_at_it) {
  for (const auto routes : {generation::synthesize, generation::root_json, generation::root_text}) {
    EXPECT_EQ(problem_with(spoken("Hi"), routes), "");
    EXPECT_EQ(problem_with(spoken(" \r\n"), routes), "the text has no words");
    auto fast = spoken("Hi");
    for (const double speed : {0.0, -1.0, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
      fast.speed = speed;
      EXPECT_NE(problem_with(fast, routes), "") << speed;
    }
  }
}

TEST(piper_request, says_what_the_oldest_servers_cannot_be_told) {
  auto what = spoken("Hi");
  what.speed = 2;
  EXPECT_EQ(problem_with(what, generation::root_json), "");
  EXPECT_NE(problem_with(what, generation::root_text), "");
  what.speed = 1;
  what.voice = "x";
  EXPECT_NE(problem_with(what, generation::root_text), "");
}

TEST(piper_request, is_of_the_generation_that_a_page_tells) {
  EXPECT_EQ(generation_of(200), generation::synthesize);
  EXPECT_EQ(generation_of(405), generation::root_json);
  EXPECT_EQ(generation_of(500), generation::root_text);
  for (const unsigned status : {0U, 204U, 301U, 404U, 502U, 503U})
    EXPECT_FALSE(generation_of(status)) << status;
}

} // namespace
} // namespace synapse::http::piper
