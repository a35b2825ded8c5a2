#include "http/api/models/model_list.hpp"

#include <gtest/gtest.h>

namespace synapse::api {
namespace {

using ordered = nlohmann::ordered_json;
using ids = std::vector<std::string_view>;

const std::string routers = R"({"object":"list","data":[
    {"id":"org/m:q4","aliases":["fast","org/m:q4",7,""],"status":{"value":"loaded"}},
    {"id":"Big-00001-of-00002","status":{"value":"unloaded"}},
    {"id":"Big-00002-of-00002","status":{"value":"loading"}}]})";

TEST(merged_list, shows_a_split_model_as_one) {
  merged_list models;
  ASSERT_TRUE(models.add(routers, true));
  EXPECT_EQ(models.names(), (ids{"org/m:q4", "Big"}));
  EXPECT_EQ((*models.find("Big"))["status"]["value"], "loading");
  ASSERT_NE(models.find("Big-00002-of-00002"), nullptr) << "a part is another name of it";
  EXPECT_EQ((*models.find("Big-00002-of-00002"))["id"], "Big");
}

TEST(merged_list, leaves_the_parts_where_nobody_would_load_the_whole) {
  merged_list unmanaged;
  ASSERT_TRUE(unmanaged.add(routers, false));
  EXPECT_EQ(unmanaged.names().size(), 3U);
  merged_list no_router;
  ASSERT_TRUE(no_router.add(R"({"data":[{"id":"x-00001-of-00002"}]})", true));
  EXPECT_EQ(no_router.names(), ids{"x-00001-of-00002"});
}

TEST(merged_list, keeps_the_first_of_equal_ids_and_what_backends_say) {
  merged_list models;
  ASSERT_TRUE(models.add(R"({"data":[{"id":"a","n":1},{"id":7},{"no":"id"},"text"]})", false));
  ASSERT_TRUE(models.add(R"({"data":[{"id":"a","n":2},{"id":"b","meta":{"n_ctx":512}}]})", true));
  EXPECT_EQ(models.entries(),
            ordered::parse(R"([{"id":"a","n":1},{"id":"b","meta":{"n_ctx":512}}])"));
}

TEST(merged_list, takes_nothing_for_a_list_that_is_none) {
  merged_list models;
  for (const std::string& text :
       {std::string{""}, std::string{"{broken"}, std::string{"[]"}, std::string{R"({"data":{}})"},
        std::string{R"({"models":["a"]})"}, R"({"data":)" + std::string(100'000, '[')})
    EXPECT_FALSE(models.add(text, true)) << text.substr(0, 20);
  EXPECT_TRUE(models.entries().empty());
}

TEST(merged_list, has_further_names_as_entries_of_their_own) {
  merged_list models;
  ASSERT_TRUE(models.add(routers, true));
  ASSERT_TRUE(models.add(R"({"data":[{"id":"bge","owned_by":"me"}]})", false));
  models.add_aliases({{"gpt-4o", "Big"},
                      {"quick", "fast"},
                      {"part", "Big-00001-of-00002"},
                      {"nothing", "unlisted"},
                      {"bge", "Big"}});
  EXPECT_EQ(models.names(), (ids{"org/m:q4", "Big", "bge", "fast", "gpt-4o", "part", "quick"}))
      << "of models that are there, and only names that are free";
  const auto& alias = *models.find("gpt-4o");
  EXPECT_EQ(alias["id"], "gpt-4o");
  EXPECT_EQ(alias["alias_of"], "Big");
  EXPECT_EQ(alias["status"]["value"], "loading") << "otherwise it is the model's";
  EXPECT_EQ((*models.find("fast"))["alias_of"], "org/m:q4");
  EXPECT_FALSE(models.find("fast")->contains("aliases"));
  EXPECT_EQ((*models.find("quick"))["alias_of"], "org/m:q4") << "the model, not another name";
  EXPECT_EQ((*models.find("part"))["alias_of"], "Big");
  EXPECT_EQ((*models.find("bge"))["owned_by"], "me");
  EXPECT_EQ(models.find("nothing"), nullptr);
}

} // namespace
} // namespace synapse::api
