// What routers say to management calls, in the words of several builds.
#include "actors/models/router/router_words.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>

namespace synapse::models {
namespace {

using actors::http_fault;
using actors::http_reply;
using asked = management_call;
using enum router_answer;

constexpr std::initializer_list<management_call> every_call{asked::list, asked::load, asked::unload,
                                                            asked::props, asked::events};
constexpr std::initializer_list<management_call> changes{asked::load, asked::unload};

http_reply says(unsigned status, std::string body = {}) {
  http_reply reply;
  reply.status = static_cast<std::uint16_t>(status);
  reply.body = std::move(body);
  return reply;
}
/// llama.cpp's envelope.
http_reply refusal(unsigned status, const std::string& message) {
  return says(
      status,
      nlohmann::json{{"error", {{"code", status}, {"message", message}, {"type", "x"}}}}.dump());
}
http_reply broken(http_fault how) {
  http_reply reply;
  reply.fault = how;
  reply.message = "so it is";
  return reply;
}

TEST(router_words, a_success_is_one_without_a_word) {
  for (const auto call : every_call)
    for (const unsigned status : {200U, 201U, 204U}) {
      const auto word = understand(call, says(status, R"({"success":true})"));
      EXPECT_EQ(word.means, accepted);
      EXPECT_EQ(word.reason, "");
    }
  const auto denied =
      understand(asked::unload, says(200, R"({"success":false,"message":"in use"})"));
  EXPECT_EQ(denied.means, refused) << "one that says itself that it is none";
  EXPECT_NE(denied.reason.find("in use"), std::string::npos);
}

TEST(router_words, a_definite_no_is_one_to_every_call) {
  for (const auto call : every_call)
    for (const unsigned status :
         {301U, 302U, 400U, 401U, 402U, 403U, 410U, 413U, 415U, 418U, 422U, 500U, 505U}) {
      const auto word = understand(call, refusal(status, "Not So"));
      EXPECT_EQ(word.means, refused) << status;
      EXPECT_NE(word.reason.find(std::to_string(status) + ": Not So"), std::string::npos)
          << word.reason;
    }
}

TEST(router_words, a_missing_route_is_a_refusal_of_what_was_to_be_done) {
  for (const unsigned status : {405U, 501U}) {
    for (const auto call : changes)
      EXPECT_EQ(understand(call, refusal(status, "no")).means, refused) << status;
    for (const auto call : {asked::list, asked::props, asked::events})
      EXPECT_EQ(understand(call, refusal(status, "no")).means, no_route) << status;
  }
  EXPECT_EQ(understand(asked::unload, refusal(404, "File Not Found")).means, refused);
  for (const auto call : {asked::list, asked::props, asked::events})
    EXPECT_EQ(understand(call, refusal(404, "File Not Found")).means, no_route);
}

TEST(router_words, not_yet_is_worth_asking_again) {
  for (const auto call : every_call) {
    for (const unsigned status : {408U, 409U, 425U, 429U, 502U, 503U, 504U})
      EXPECT_EQ(understand(call, refusal(status, "Loading model")).means, unreachable) << status;
    EXPECT_EQ(understand(call, refusal(400, "The router is BUSY")).means, unreachable);
    for (const auto how : {http_fault::connect_failure, http_fault::timeout, http_fault::reset,
                           http_fault::canceled})
      EXPECT_EQ(understand(call, broken(how)).means, unreachable);
  }
  EXPECT_EQ(understand(asked::load, refusal(503, "Loading model")).reason,
            "the router answered 503: Loading model");
}

TEST(router_words, what_is_no_answer_at_all_is_none_to_wait_for) {
  for (const auto how : {http_fault::bad_response, http_fault::too_large}) {
    const auto word = understand(asked::unload, broken(how));
    EXPECT_EQ(word.means, refused);
    EXPECT_NE(word.reason.find("so it is"), std::string::npos);
  }
}

TEST(router_words, what_is_so_already_is_done) {
  EXPECT_EQ(understand(asked::load, refusal(400, "model is already running")).means, accepted);
  EXPECT_EQ(understand(asked::load, refusal(400, "model is already loaded")).means, accepted);
  EXPECT_EQ(understand(asked::unload, refusal(400, "model is not running")).means, accepted);
  EXPECT_EQ(understand(asked::unload, refusal(400, "model is not loaded")).means, accepted);
  EXPECT_EQ(understand(asked::load, refusal(500, "model is not loaded")).means, refused)
      << "that is no success of a load";
  EXPECT_EQ(understand(asked::unload, refusal(400, "model is already running")).means, refused);
}

TEST(router_words, a_full_router_has_no_room_yet) {
  EXPECT_EQ(understand(asked::load, refusal(500, "model limit reached, try again later")).means,
            no_room);
}

TEST(router_words, unknown_models_are_told_from_missing_routes) {
  EXPECT_EQ(understand(asked::load, refusal(404, "File Not Found")).means, not_found);
  EXPECT_EQ(understand(asked::load, refusal(404, "File Not Found")).reason, "File Not Found");
  EXPECT_EQ(understand(asked::load, says(404)).reason, "the router answered 404");
  for (const auto call : changes)
    for (const char* text : {"model is not found", "model not found", "model 'x' not found"})
      EXPECT_EQ(understand(call, refusal(400, text)).means, not_found) << text;
  EXPECT_EQ(understand(asked::load, refusal(500, "file not found")).means, refused);
}

TEST(router_words, name_the_key_that_may_be_missing) {
  const auto word = understand(asked::unload, refusal(401, "Invalid API Key"));
  EXPECT_NE(word.reason.find("bearer_env"), std::string::npos) << word.reason;
}

TEST(router_words, find_the_sentence_in_any_envelope) {
  EXPECT_EQ(message_in(R"({"error":{"message":"a"}})"), "a");
  EXPECT_EQ(message_in(R"({"error":"b"})"), "b");
  EXPECT_EQ(message_in(R"({"detail":"c"})"), "c");
  EXPECT_EQ(message_in(R"({"message":"d","code":1})"), "d");
  EXPECT_EQ(message_in("plain text"), "plain text");
  EXPECT_EQ(message_in(" <html><body>502</body></html>"), "") << "pages are for browsers";
  EXPECT_EQ(message_in(""), "");
  EXPECT_EQ(message_in(std::string(100'000, 'x')).size(), 300U);
  EXPECT_EQ(message_in(R"({"error":{"message":")" + std::string(5'000, 'x') + "\"}}").size(), 300U);
}

} // namespace
} // namespace synapse::models
