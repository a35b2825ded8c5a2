#include "actors/discovery/record_writer.hpp"
#include "config/settings.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace synapse::actors {
namespace {

using config::capability;
using providers::discovered_model;
using providers::load_reading;
using providers::presence;
using routing::load_state;

constexpr std::int64_t tick_second = 1'000'000'000;

struct written : testing::Test {
  written() {
    settings.backends["a"].name = "a";
    settings.backends["a"].type = config::backend_type::ollama;
    settings.backends["b"].name = "b";
    settings.backends["b"].type = config::backend_type::ollama;
    add("first", "a", "m");
    add("second", "a", "n");
    add("other", "b", "m");
    add("any/*", "a", "*");
  }

  config::deployment_settings& add(const char* name, const char* backend, const char* model) {
    config::catalog_model entry;
    entry.name = name;
    config::deployment_settings one;
    one.backend = backend;
    one.model = model;
    one.id = std::string{backend} + "/" + model;
    entry.deployments.push_back(one);
    settings.catalog.push_back(std::move(entry));
    return settings.catalog.back().deployments.back();
  }
  record_writer& writer() {
    if (!subject) {
      table = std::make_unique<routing::name_table>(settings);
      records = routing::make_records(*table, 1, nullptr, nullptr);
      subject.emplace(*table, *records, "a");
    }
    return *subject;
  }
  routing::deployment_record& record(const char* id) {
    writer();
    return *(*records)[table->find_deployment(id)->place];
  }
  load_state load(const char* id) { return record(id).meter.load(); }

  static discovered_model model(const char* name, std::size_t context = 0,
                                config::capability_set what = {}) {
    discovered_model result;
    result.name = name;
    result.context = context;
    result.capabilities = what;
    return result;
  }
  static load_reading loaded(const char* name, std::size_t context = 0) {
    load_reading reading;
    reading.others = presence::cold;
    load_reading::entry one;
    one.name = name;
    one.context = context;
    reading.models.push_back(one);
    return reading;
  }

  config::settings settings;
  std::unique_ptr<routing::name_table> table;
  std::shared_ptr<const routing::catalog_records> records;
  std::optional<record_writer> subject;
};

TEST_F(written, belongs_to_one_backend) {
  EXPECT_EQ(writer().models(), (std::vector<std::string>{"m", "n"}));
  writer().write_models({model("m", 100), model("n", 200)});
  EXPECT_EQ(record("a/m").context(), 100u);
  EXPECT_EQ(record("a/n").context(), 200u);
  EXPECT_EQ(record("b/m").context(), 0u);
  EXPECT_EQ(record("a/*").context(), 0u) << "it stands for many";
}

TEST_F(written, stays_where_a_list_says_nothing) {
  const config::capability_set what{config::capability_set::bit(capability::tools), 0};
  writer().write_models({model("m", 100, what)});
  writer().write_models({model("n")});
  writer().write_models({});
  EXPECT_EQ(record("a/m").context(), 100u);
  EXPECT_TRUE(record("a/m").capabilities().has(capability::tools));
}

TEST_F(written, follows_a_model_that_changes) {
  const auto tools = config::capability_set::bit(capability::tools);
  writer().write_models({model("m", 100, {0, tools})});
  EXPECT_TRUE(record("a/m").capabilities().lacks(capability::tools));
  writer().write_models({model("m", 50, {tools, 0})});
  EXPECT_TRUE(record("a/m").capabilities().has(capability::tools));
  EXPECT_FALSE(record("a/m").capabilities().lacks(capability::tools));
  EXPECT_EQ(record("a/m").context(), 50u);
}

TEST_F(written, has_the_last_word_of_the_file_and_of_requests) {
  const auto tools = config::capability_set::bit(capability::tools);
  const auto chat = config::capability_set::bit(capability::chat);
  settings.catalog[0].deployments[0].capabilities.yes = tools;
  record("a/m").lacks(capability::chat, 1);
  writer().write_models({model("m", 0, {chat, tools})});
  EXPECT_FALSE(record("a/m").capabilities().lacks(capability::tools)) << "the file says it has";
  EXPECT_EQ(record("a/m").lacking(1), chat) << "a request has met a 404";
  writer().forget_lacks();
  EXPECT_EQ(record("a/m").lacking(1), 0U);
  EXPECT_TRUE(record("a/m").capabilities().has(capability::chat));
}

TEST_F(written, finds_models_by_all_their_names) {
  auto one = model("m:latest", 100);
  one.further = {"m"};
  writer().write_models({one});
  EXPECT_EQ(record("a/m").context(), 100u);
  writer().write_load(loaded("m:latest"), {one, model("n")}, true, 1);
  EXPECT_EQ(load("a/m"), load_state::loaded);
  EXPECT_EQ(load("a/n"), load_state::cold_evicts) << "the loaded one would have to go";
  EXPECT_EQ(load("b/m"), load_state::unknown);
  EXPECT_EQ(load("a/*"), load_state::unknown);
}

TEST_F(written, says_nothing_of_models_that_nobody_has_listed) {
  writer().write_load(loaded("x"), {}, true, 1);
  EXPECT_EQ(load("a/m"), load_state::unknown);
  load_reading awake;
  awake.others = presence::loaded;
  writer().write_load(awake, {model("m")}, false, 1);
  EXPECT_EQ(load("a/m"), load_state::loaded);
  EXPECT_EQ(load("a/n"), load_state::unknown);
}

TEST_F(written, stays_after_an_answer_that_is_none) {
  writer().write_load(loaded("m"), {model("m")}, true, 1);
  load_reading none;
  none.problem = "broken";
  none.others = presence::cold;
  writer().write_load(none, {model("m")}, true, 1);
  EXPECT_EQ(load("a/m"), load_state::loaded);
}

TEST_F(written, a_model_that_runs_has_the_context_that_it_was_loaded_for) {
  const std::vector models{model("m", 131072)};
  writer().write_models(models);
  writer().write_load(loaded("m", 4096), models, true, 1);
  EXPECT_EQ(record("a/m").context(), 4096u);
  writer().write_models(models);
  EXPECT_EQ(record("a/m").context(), 4096u);
  writer().write_load(loaded("n", 4096), models, true, 1);
  EXPECT_EQ(record("a/m").context(), 131072u) << "it runs no more";
}

TEST_F(written, takes_memory_from_a_list_that_tells_it_and_measures_loads) {
  auto one = model("m");
  one.memory = presence::cold;
  writer().write_memory({one}, true, tick_second);
  EXPECT_EQ(load("a/m"), load_state::cold_fits);
  one.memory = presence::loading;
  writer().write_memory({one}, true, 2 * tick_second);
  writer().write_memory({one}, true, 4 * tick_second);
  EXPECT_EQ(load("a/m"), load_state::loading);
  one.memory = presence::loaded;
  writer().write_memory({one}, true, 8 * tick_second);
  EXPECT_EQ(load("a/m"), load_state::loaded);
  EXPECT_EQ(record("a/m").meter.load_time(), 6 * tick_second);
  one.memory = presence::unknown;
  writer().write_memory({one}, true, 9 * tick_second);
  EXPECT_EQ(load("a/m"), load_state::loaded);
}

TEST_F(written, tells_all_deployments_who_waits) {
  providers::queue_reading queue;
  queue.waiting = 7;
  writer().write_queue(queue);
  EXPECT_EQ(record("a/m").queue(), 0u) << "it was not known";
  queue.known = true;
  writer().write_queue(queue);
  EXPECT_EQ(record("a/m").queue(), 7u);
  EXPECT_EQ(record("a/*").queue(), 7u);
  EXPECT_EQ(record("b/m").queue(), 0u);
}

TEST_F(written, knows_of_traffic_for_ten_seconds) {
  EXPECT_FALSE(writer().is_busy(tick_second));
  record("a/n").meter.begin(0, true);
  EXPECT_TRUE(writer().is_busy(2 * tick_second));
  EXPECT_TRUE(writer().is_busy(60 * tick_second)) << "it is still under way";
  record("a/n").meter.end(0);
  EXPECT_TRUE(writer().is_busy(69 * tick_second));
  EXPECT_FALSE(writer().is_busy(70 * tick_second));
  record("b/m").meter.begin(0, true);
  EXPECT_FALSE(writer().is_busy(71 * tick_second)) << "that is another backend's";
}

} // namespace
} // namespace synapse::actors
