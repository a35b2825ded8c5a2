#include "actors/models/router/catalog.hpp"

#include <gtest/gtest.h>

namespace synapse::models {
namespace {

catalog read(std::string_view json) {
  std::string problem;
  auto list = parse_catalog(json, problem);
  EXPECT_TRUE(list) << problem;
  return list ? *list : catalog{};
}

std::string problem_of(std::string_view json) {
  std::string problem;
  EXPECT_FALSE(parse_catalog(json, problem));
  EXPECT_FALSE(problem.empty());
  return problem;
}

/// A list of models with these states.
catalog states(const std::vector<std::pair<std::string, std::string>>& models) {
  std::string json = R"({"object":"list","data":[)";
  for (const auto& [id, status] : models)
    json += (json.back() == '[' ? "" : ",") + std::string{R"({"id":")"} + id + R"(","status":)" +
            status + "}";
  return read(json + "]}");
}

router_state merged(const std::string& first, const std::string& second) {
  const auto one = states({{"m-00001-of-00002", first}, {"m-00002-of-00002", second}});
  const auto other = states({{"m-00001-of-00002", second}, {"m-00002-of-00002", first}});
  EXPECT_EQ(one.models.at("m").state, other.models.at("m").state) << "the order must not matter";
  return one.models.at("m").state;
}

// ---- forms of the list ----

TEST(catalog, reads_the_list_of_a_new_router) {
  const auto list = read(R"({"object":"list","data":[
    {"id":"qwen3-8b-q4","aliases":["qwen"],"tags":[],"object":"model","owned_by":"llamacpp",
     "created":1790000000,
     "status":{"value":"loaded","args":["llama-server","--ctx-size","16384","--model","/m/q.gguf"],
               "preset":"[qwen3-8b-q4]\nctx-size = 16384\n"},
     "architecture":{"input_modalities":["text"],"output_modalities":["text"]},
     "source":"models_dir","can_remove":false},
    {"id":"gemma-27b","object":"model","owned_by":"llamacpp","created":1790000000,
     "status":{"value":"unloaded","args":["llama-server"],"failed":true,"exit_code":1}},
    {"id":"phi","status":{"value":"loading","args":[],
     "progress":{"stages":["load"],"current":"load","value":0.4}}},
    {"id":"tiny","status":{"value":"sleeping"}},
    {"id":"fresh","status":{"value":"downloading","progress":0.5}}]})");
  EXPECT_TRUE(list.is_router);
  ASSERT_EQ(list.models.size(), 5U);
  const auto& qwen = list.models.at("qwen3-8b-q4");
  EXPECT_EQ(qwen.id, "qwen3-8b-q4");
  EXPECT_EQ(qwen.state, router_state::loaded);
  EXPECT_EQ(qwen.ctx_size, 16384);
  EXPECT_TRUE(qwen.parts.empty());
  EXPECT_EQ(list.models.at("gemma-27b").state, router_state::failed);
  EXPECT_EQ(list.models.at("gemma-27b").exit_code, 1);
  EXPECT_EQ(list.models.at("gemma-27b").ctx_size, std::nullopt);
  EXPECT_EQ(list.models.at("phi").state, router_state::loading);
  EXPECT_EQ(list.models.at("phi").progress, 0.4);
  EXPECT_EQ(list.models.at("tiny").state, router_state::sleeping);
  EXPECT_EQ(list.models.at("fresh").state, router_state::unloaded);
  ASSERT_NE(list.find("qwen"), nullptr);
  EXPECT_EQ(*list.find("qwen"), "qwen3-8b-q4");
  EXPECT_EQ(list.find("other"), nullptr);
}

TEST(catalog, reads_the_list_of_an_old_router) {
  const auto list = read(R"({"object":"list","data":[
    {"id":"a","object":"model","owned_by":"llamacpp","created":1,"status":{"value":"unloaded"}},
    {"id":"b","object":"model","owned_by":"llamacpp","created":1,
     "status":{"value":"loading","progress":1.5}}]})");
  EXPECT_TRUE(list.is_router);
  EXPECT_EQ(list.models.at("a").state, router_state::unloaded);
  EXPECT_EQ(list.models.at("b").progress, 1.0) << "never more than all";
}

TEST(catalog, knows_a_server_of_one_model_by_its_missing_status) {
  const auto list = read(R"({"models":[{"name":"/m/a.gguf"}],"object":"list","data":[
    {"id":"/m/a.gguf","aliases":[],"object":"model","meta":{"n_ctx":16384}}]})");
  EXPECT_FALSE(list.is_router);
  EXPECT_NE(list.find("/m/a.gguf"), nullptr);
}

TEST(catalog, of_nothing_is_no_router) {
  EXPECT_FALSE(read(R"({"data":[]})").is_router);
  EXPECT_TRUE(read(R"({"data":[]})").models.empty());
}

// ---- models in several files ----

TEST(catalog, merges_the_files_of_one_model) {
  const auto list = states({{"m-00003-of-00003", R"({"value":"unloaded"})"},
                            {"m-00001-of-00003", R"({"value":"loaded"})"},
                            {"m-00002-of-00003", R"({"value":"unloaded","args":["-c","99"]})"},
                            {"n", R"({"value":"unloaded"})"}});
  ASSERT_EQ(list.models.size(), 2U);
  const auto& whole = list.models.at("m");
  EXPECT_EQ(whole.id, "m-00001-of-00003") << "the server is given the first file";
  EXPECT_EQ(whole.parts.size(), 3U);
  EXPECT_EQ(whole.state, router_state::loaded);
  EXPECT_EQ(whole.ctx_size, 99);
  ASSERT_NE(list.find("m-00002-of-00003"), nullptr);
  EXPECT_EQ(*list.find("m-00002-of-00003"), "m");
}

TEST(catalog, gives_a_split_model_the_state_of_what_can_be_used) {
  const std::string loaded = R"({"value":"loaded"})";
  const std::string loading = R"({"value":"loading"})";
  const std::string unloading = R"({"value":"unloading"})";
  const std::string unloaded = R"({"value":"unloaded"})";
  const std::string failed = R"({"value":"unloaded","failed":true,"exit_code":7})";
  EXPECT_EQ(merged(loaded, loading), router_state::loaded);
  EXPECT_EQ(merged(loaded, unloaded), router_state::loaded);
  EXPECT_EQ(merged(loading, unloading), router_state::loading);
  EXPECT_EQ(merged(loading, unloaded), router_state::loading);
  EXPECT_EQ(merged(unloading, unloaded), router_state::unloading);
  EXPECT_EQ(merged(unloaded, unloaded), router_state::unloaded);
  EXPECT_EQ(merged(failed, unloaded), router_state::failed);
  EXPECT_EQ(merged(failed, loading), router_state::loading) << "an old failure is no news";
  EXPECT_EQ(merged(failed, loaded), router_state::loaded);
}

TEST(catalog, lets_the_exact_name_win_over_a_split_one) {
  const std::string loaded = R"({"value":"loaded"})";
  const std::string unloaded = R"({"value":"unloaded"})";
  const auto before = states({{"m", loaded}, {"m-00001-of-00002", unloaded}});
  const auto behind = states({{"m-00001-of-00002", unloaded}, {"m", loaded}});
  for (const auto& list : {before, behind}) {
    EXPECT_EQ(list.models.at("m").id, "m");
    EXPECT_EQ(list.models.at("m").state, router_state::loaded);
  }
}

TEST(split_of, takes_only_what_the_tool_that_splits_writes) {
  const auto name = split_of("qwen-72b-00002-of-00004");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->base, "qwen-72b");
  EXPECT_EQ(name->part, 2U);
  EXPECT_EQ(name->parts, 4U);
  for (const auto* no :
       {"", "qwen", "-00001-of-00002", "00001-of-00002", "m-00001-of-", "m--of-00002", "m-of-00002",
        "m-0-of-2", "m-3-of-2", "m-1-of-2x", "m-1-of-99999999999999999999", "m1-of-2x", "-of-"})
    EXPECT_FALSE(split_of(no)) << no;
}

// ---- names and arguments ----

TEST(catalog, prefers_a_models_own_name_to_an_alias) {
  const auto list = read(R"({"data":[
    {"id":"a","aliases":["b","c",""],"status":{"value":"loaded"}},
    {"id":"b","aliases":["c"],"status":{"value":"unloaded"}}]})");
  EXPECT_EQ(*list.find("b"), "b");
  EXPECT_EQ(*list.find("c"), "a") << "the first one that claims it";
  EXPECT_EQ(list.find(""), nullptr);
}

TEST(ctx_size_in, takes_every_form_and_the_last_one) {
  using list = std::vector<std::string>;
  EXPECT_EQ(ctx_size_in(list{"--ctx-size", "512"}), 512);
  EXPECT_EQ(ctx_size_in(list{"-c", "1024"}), 1024);
  EXPECT_EQ(ctx_size_in(list{"--ctx-size=2048"}), 2048);
  EXPECT_EQ(ctx_size_in(list{"-c", "1", "--ctx-size", "2"}), 2);
  EXPECT_EQ(ctx_size_in(list{"--ctx-size"}), std::nullopt);
  EXPECT_EQ(ctx_size_in(list{"--ctx-size", "many"}), std::nullopt);
  EXPECT_EQ(ctx_size_in(list{"--ctx-size", "5k"}), std::nullopt);
  EXPECT_EQ(ctx_size_in(list{"--ctx-size-draft", "5"}), std::nullopt);
  EXPECT_EQ(ctx_size_in(list{"--ctx-size", "99999999999999999999"}), std::nullopt);
  EXPECT_EQ(ctx_size_in({}), std::nullopt);
}

// ---- what nobody should send ----

TEST(catalog, refuses_what_is_no_list) {
  for (const auto* no : {"", "null", "[]", "7", "\"data\"", "{}", R"({"data":{}})",
                         R"({"data":"a"})", R"({"data":[)", "<html>", R"({"error":{"code":500}})"})
    EXPECT_EQ(problem_of(no), "its model list is not one") << no;
}

TEST(catalog, refuses_deep_nesting_outside_of_texts_only) {
  const std::string deep = R"({"data":)" + std::string(100'000, '[');
  EXPECT_EQ(problem_of(deep), "its model list is nested too deeply");
  const std::string text(1000, '[');
  EXPECT_NE(read(R"({"data":[{"id":"\")" + text + R"(","status":{}}]})").find("\"" + text),
            nullptr);
}

TEST(catalog, refuses_a_list_without_end) {
  std::string json = R"({"data":[)";
  for (int i = 0; i < 10'001; ++i)
    json += (i ? ",{\"id\":\"m" : "{\"id\":\"m") + std::to_string(i) + "\"}";
  EXPECT_NE(problem_of(json + "]}").find("10000"), std::string::npos);
}

TEST(catalog, leaves_out_what_has_the_wrong_type) {
  const auto list = read(R"({"data":[null,7,"a",[],{},{"id":7},{"id":null},{"id":""},
    {"id":"a","status":"loaded","aliases":"b"},
    {"id":"b","status":{"value":7,"failed":"yes","exit_code":"1","args":{"-c":1},"progress":"x"}},
    {"id":"c","status":{"value":"loaded","args":["-c",512,"-c","1"],"progress":{"value":[]}},
     "aliases":[1,null,"see"]},
    {"id":"d","status":{"value":"unloaded","failed":true,"exit_code":99999999999}},
    {"id":"e","status":{"value":"from the future"}},
    {"id":"c","status":{"value":"unloaded"}}]})");
  EXPECT_EQ(list.models.size(), 5U);
  EXPECT_EQ(list.models.at("a").state, router_state::unloaded);
  EXPECT_EQ(list.models.at("b").state, router_state::unloaded);
  EXPECT_EQ(list.models.at("b").exit_code, 0);
  EXPECT_EQ(list.models.at("b").progress, std::nullopt);
  EXPECT_EQ(list.models.at("c").state, router_state::loaded) << "the first of two";
  EXPECT_EQ(list.models.at("c").progress, std::nullopt);
  EXPECT_EQ(*list.find("see"), "c");
  EXPECT_GT(list.models.at("d").exit_code, 0);
  EXPECT_EQ(list.models.at("e").state, router_state::unloaded);
}

} // namespace
} // namespace synapse::models
