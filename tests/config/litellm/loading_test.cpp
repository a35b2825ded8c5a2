// A LiteLLM file as the whole configuration, and beside one of our own.
#include "config/litellm/merge.hpp"
#include "config/watcher.hpp"
#include "tests/config/litellm/reading.hpp"

#include <gtest/gtest.h>

namespace synapse::config::litellm {
namespace {

using std::chrono::seconds;

struct litellm_loading : testing::Test {
  load_result both(const std::string& native, const std::string& litellm,
                   const environment& variables = {}) {
    const file_reader files = [&](const std::string& path) {
      return path == "etc/l.yaml" ? parsed<std::string>{litellm}
                                  : parsed<std::string>::failure("cannot be opened");
    };
    return load_text(native, {"etc/n.yaml", ""}, {variables, files});
  }
  std::string told(const load_result& loaded) { return render_with_levels(loaded.problems); }
};

TEST_F(litellm_loading, a_file_alone_is_a_complete_configuration) {
  temp_directory directory;
  directory.write("l.yaml", entry_with("timeout: 30"));
  const std::string path = directory / "l.yaml";
  const auto from = origins_of({{"SYNAPSE_GATEWAY_CONFIG_PATH", "/none"}}, {}, path);
  const auto loaded = load(from, {{"SYNAPSE_PORT", "8123"}});
  ASSERT_TRUE(loaded) << told(loaded);
  EXPECT_EQ(told(loaded), "");
  EXPECT_EQ(loaded.value->listener.port, 8123);
  EXPECT_EQ(loaded.value->litellm, path);
  EXPECT_EQ(loaded.value->process.config_path, path);
  ASSERT_EQ(loaded.value->catalog.size(), 1u);
  const auto& timeouts = loaded.value->catalog[0].deployments[0].timeouts;
  EXPECT_EQ(timeouts.total, seconds{30});
  EXPECT_EQ(timeouts.response, loaded.value->backends.at("gpu-8000").timeouts.response);
}

TEST_F(litellm_loading, the_native_file_names_it_from_its_own_folder) {
  const auto loaded = both("litellm: l.yaml\nthreads: 3\n" + one_backend(""), entry_with(""));
  ASSERT_TRUE(loaded) << told(loaded);
  EXPECT_EQ(loaded.value->threads, 3u);
  EXPECT_TRUE(loaded.value->backends.contains("b"));
  EXPECT_TRUE(loaded.value->backends.contains("gpu-8000"));
  EXPECT_EQ(loaded.value->litellm, "etc/l.yaml");
  EXPECT_EQ(loaded.files, std::vector<std::string>{"etc/l.yaml"});
}

TEST_F(litellm_loading, a_backend_in_both_is_an_error_that_names_both_places) {
  const auto loaded =
      both("litellm: l.yaml\nbackends:\n  gpu-8000: {url: \"http://x\"}\n", entry_with(""));
  EXPECT_FALSE(loaded);
  EXPECT_EQ(told(loaded), "etc/l.yaml:2: model_list[0]: the backend \"gpu-8000\" is in "
                          "etc/n.yaml:3, too\n");
}

TEST_F(litellm_loading, a_name_in_both_is_an_error) {
  settings all;
  all.catalog.push_back({});
  all.catalog.back().name = "a";
  problem_list problems;
  add_to(
      all, read_text(entry_with("")).all, "n.yaml",
      [](const std::string& key) -> std::optional<std::size_t> {
        return key == "catalog.a" ? std::optional<std::size_t>{7} : std::nullopt;
      },
      problems);
  EXPECT_EQ(render_all(problems.take()),
            "c.yaml:2: model_list[0]: the name \"a\" is in n.yaml:7, too\n");
  EXPECT_EQ(all.catalog.size(), 1u);
}

TEST_F(litellm_loading, mistakes_of_both_files_are_told_at_once) {
  const auto loaded = both("litellm: l.yaml\nthreads: 100000\n", entry_with("order: x"));
  EXPECT_FALSE(loaded);
  const auto text = told(loaded);
  EXPECT_NE(text.find("etc/n.yaml:2: threads: "), std::string::npos) << text;
  EXPECT_NE(text.find("etc/l.yaml:6: model_list[0].litellm_params.order: "), std::string::npos)
      << text;
  EXPECT_EQ(text.find("at least one backend"), std::string::npos) << text;
}

TEST_F(litellm_loading, a_file_that_is_not_there_is_an_error_at_its_key) {
  EXPECT_EQ(told(both("\nlitellm: other.yaml\n", "")),
            "etc/n.yaml:2: litellm: \"etc/other.yaml\" cannot be opened\n");
  EXPECT_EQ(told(both("litellm: [a]\n" + one_backend(""), "")),
            "etc/n.yaml:1: litellm: must be the name of a file\n");
}

TEST_F(litellm_loading, without_files_the_native_half_is_known) {
  const auto loaded = load_text("litellm: l.yaml\nlistener: {port: 8123}\n", "n.yaml");
  ASSERT_TRUE(loaded) << told(loaded);
  EXPECT_EQ(loaded.value->listener.port, 8123);
}

TEST_F(litellm_loading, ranges_are_told_with_the_place_in_its_own_file) {
  std::string text = "model_list:\n";
  for (int i = 0; i < 300; ++i)
    text += "  - {model_name: a, litellm_params: {model: hosted_vllm/m, api_base: \"http://h:" +
            std::to_string(i + 1) + "/v1\"}}\n";
  const auto loaded = both("litellm: l.yaml\n", text);
  EXPECT_FALSE(loaded);
  EXPECT_TRUE(told(loaded).starts_with("etc/l.yaml:")) << told(loaded);
}

TEST_F(litellm_loading, a_change_of_a_followed_file_is_a_change_of_the_first) {
  temp_directory directory;
  directory.write("n.yaml", "one");
  directory.write("l.yaml", "a");
  file_watcher watched{directory / "n.yaml"};
  watched.follow({directory / "l.yaml", directory / "none.yaml"});
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("l.yaml", "b");
  EXPECT_EQ(watched.poll(), "one");
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("none.yaml", "c");
  EXPECT_EQ(watched.poll(), "one") << "it was looked for in vain before";
  directory.write("n.yaml", "two");
  EXPECT_EQ(watched.poll(), "two");
  watched.follow({});
  directory.write("l.yaml", "c");
  EXPECT_EQ(watched.poll(), std::nullopt);
}

} // namespace
} // namespace synapse::config::litellm
