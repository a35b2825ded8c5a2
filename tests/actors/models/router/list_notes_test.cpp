#include "actors/models/router/list_notes.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::models {
namespace {

using nlohmann::json;

const std::string plain = R"({"object":"list","data":[
    {"id":"a","status":{"value":"loaded"}},
    {"id":"big-00001-of-00002","status":{"value":"unloaded"}},
    {"id":"big-00002-of-00002","status":{"value":"unloaded"}},
    {"id":"odd"},7]})";

catalog known_of(const std::string& list) {
  std::string problem;
  return parse_catalog(list, problem).value();
}

TEST(list_notes, stand_at_the_entries_of_the_model_that_is_waited_for) {
  wait_reason why;
  why.what = wait_reason::kind::requests;
  why.model = "a";
  why.requests = 2;
  why.text = "waits for a to finish 2 requests";
  const auto noted = json::parse(with_notes(plain, known_of(plain), {{"big", why}, {"odd", why}}));
  const json note{{"what", "requests"},
                  {"model", "a"},
                  {"requests", 2},
                  {"text", "waits for a to finish 2 requests"}};
  auto expected = json::parse(plain);
  for (const auto i : {1, 2})
    expected["data"][i]["status"]["synapse_waits_for"] = note;
  EXPECT_EQ(noted, expected) << "an entry without a status keeps its shape";
}

TEST(list_notes, of_the_router_itself_name_no_model) {
  wait_reason why;
  why.text = "waits for the router: it is away";
  const auto noted = json::parse(with_notes(plain, known_of(plain), {{"a", why}}));
  EXPECT_EQ(noted["data"][0]["status"]["synapse_waits_for"],
            json({{"what", "router"}, {"model", nullptr}, {"text", why.text}}));
}

TEST(list_notes, leave_a_list_alone_that_nobody_waits_on) {
  EXPECT_EQ(with_notes(plain, known_of(plain), {}), plain) << "byte by byte";
}

} // namespace
} // namespace synapse::models
