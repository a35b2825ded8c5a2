#include "config/print/render.hpp"
#include "config/print/render_catalog.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <random>

namespace synapse::config {
namespace {

/// Made-up catalogs that keep all rules.
class generator {
public:
  explicit generator(unsigned seed) : random_(seed) {}

  settings make() {
    settings all;
    for (const char* name : {"a", "b-1", "null"}) {
      auto& backend = all.backends[name];
      backend.name = name;
      backend.url.host = "h";
      backend.type = backend_type::vllm;
      backend.gpu = chance(2) ? "gpu0" : "";
    }
    all.gpus["gpu0"].vram = std::size_t{1 + below(64)} << 34;
    all.gpus["gpu0"].min_awake = milliseconds{below(100'000)};
    for (unsigned i = 0; i < 1 + below(6); ++i)
      all.catalog.push_back(model(i));
    fallbacks(all);
    all.routing.retry_ratio = fraction();
    all.routing.wait_when_exhausted = chance(2);
    all.routing.cell.rate = 0.01 + 0.9 * fraction();
    return all;
  }

private:
  unsigned below(unsigned most) { return static_cast<unsigned>(random_() % most); }
  bool chance(unsigned of) { return below(of) == 0; }
  double fraction() { return static_cast<double>(random_()) / 4294967296.0; }

  /// Of letters that YAML, JSON and we give a meaning to.
  std::string text() {
    static const std::vector<std::string> letters = {"a",
                                                     "B",
                                                     "7",
                                                     ":",
                                                     " ",
                                                     "#",
                                                     "\"",
                                                     "\\",
                                                     "'",
                                                     "{",
                                                     "}",
                                                     "[",
                                                     "]",
                                                     ",",
                                                     "&",
                                                     "!",
                                                     "|",
                                                     ">",
                                                     "%",
                                                     "@",
                                                     "`",
                                                     "-",
                                                     "?",
                                                     "~",
                                                     "/",
                                                     ".",
                                                     "é",
                                                     "模",
                                                     "\xf0\x9f\x98\x80"};
    std::string result = "x";
    for (unsigned n = below(12); n > 0; --n)
      result += letters[below(static_cast<unsigned>(letters.size()))];
    return result;
  }

  catalog_model model(unsigned number) {
    catalog_model one;
    one.name = std::to_string(number) + text() + (chance(4) ? "*" : "");
    if (chance(2))
      one.aliases = {"alias " + std::to_string(number) + text()};
    one.strategy = static_cast<pick_strategy>(below(6));
    one.affinity = static_cast<affinity_rule>(below(3));
    one.hidden = chance(2);
    one.spill = {milliseconds{below(5000)}, below(20)};
    unsigned count = 0;
    for (const char* backend : {"a", "b-1", "null"})
      if (chance(2) || ++count == 3)
        one.deployments.push_back(deployment(backend, number));
    return one;
  }

  deployment_settings deployment(const std::string& backend, unsigned number) {
    deployment_settings one;
    one.backend = backend;
    one.model = text();
    one.id = chance(2) ? backend + "/" + one.model : std::to_string(number) + backend + text();
    one.id += "#" + std::to_string(number);
    one.order = below(4);
    one.weight = chance(3) ? 1 : 0.1 + 10 * fraction();
    one.rpm = chance(2) ? 0 : 1 + below(1000);
    one.tpm = chance(2) ? 0 : 1 + random_();
    one.context = chance(2) ? 0 : 1 + below(200'000);
    one.cost_input = chance(2) ? 0 : fraction();
    one.cost_output = chance(2) ? 0 : 100 * fraction();
    one.cooldown = milliseconds{below(10'000)};
    if (chance(2))
      one.tags = {"eu", "null"};
    const auto known = below(1U << 12);
    one.capabilities.yes = static_cast<std::uint16_t>(known & below(1U << 12));
    one.capabilities.no = chance(2) ? 0 : static_cast<std::uint16_t>(known & ~one.capabilities.yes);
    if (chance(2))
      one.defaults = {{"temperature", "0.25"}, {text(), "[1, \"1\", {\"a: b\": null}]"}};
    if (chance(2))
      one.headers = {{"X-Team", text()}};
    if (chance(2))
      one.timeouts = {milliseconds{1}, milliseconds{below(9)}, milliseconds{0}, milliseconds{5000},
                      milliseconds{0}};
    return one;
  }

  /// Only to later names: no circles.
  void fallbacks(settings& all) {
    for (std::size_t i = 0; i + 1 < all.catalog.size(); ++i)
      if (const auto& next = all.catalog[i + 1]; chance(2) && !next.is_pattern())
        (chance(2) ? all.fallbacks.any : all.fallbacks.policy)[all.catalog[i].name] = {next.name};
  }

  std::mt19937 random_;
};

TEST(rendered_catalog, is_read_back_as_the_same_catalog) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const auto text = render_settings(generator{seed}.make());
    const auto first = load_text(text, "first");
    ASSERT_TRUE(first) << render_all(first.problems) << text;
    const auto again = render_settings(*first.value);
    const auto second = load_text(again, "second");
    ASSERT_TRUE(second) << render_all(second.problems) << again;
    ASSERT_EQ(*second.value, *first.value) << text << again;
  }
}

TEST(rendered_catalog, has_what_was_made) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const auto made = generator{seed}.make();
    const auto read = load_text(render_settings(made), "f");
    ASSERT_TRUE(read) << render_all(read.problems);
    EXPECT_EQ(read.value->catalog, made.catalog) << render_settings(made);
    EXPECT_EQ(read.value->fallbacks, made.fallbacks);
    EXPECT_EQ(read.value->routing, made.routing);
    EXPECT_EQ(read.value->gpus, made.gpus);
  }
}

TEST(rendered_catalog, has_no_key_that_a_litellm_file_held) {
  settings all;
  all.litellm = "proxy.yaml";
  all.backends["b"].name = "b";
  all.backends["b"].authorization.literal = "sk-secret-value";
  const auto text = render_settings(all);
  EXPECT_EQ(text.find("sk-secret"), std::string::npos) << text;
  EXPECT_NE(text.find("# With the names of the LiteLLM file proxy.yaml.\n"), std::string::npos);
  EXPECT_EQ(text.find("litellm:"), std::string::npos) << "the names stand here already";
}

TEST(rendered_catalog, leaves_out_what_is_as_usual) {
  const auto loaded = load_text("backends: {b: {url: 'http://b'}}\n"
                                "catalog: {a: {deployments: [{backend: b, model: m}]}}\n",
                                "f");
  ASSERT_TRUE(loaded);
  std::string text;
  render_catalog(text, *loaded.value);
  EXPECT_EQ(text, "catalog:\n"
                  "  a:\n"
                  "    strategy: adaptive\n"
                  "    affinity: prefix\n"
                  "    deployments:\n"
                  "      - id: b/m\n"
                  "        backend: b\n"
                  "        model: m\n");
}

} // namespace
} // namespace synapse::config
