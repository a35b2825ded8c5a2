#include "config/defaults/derived_routes.hpp"
#include "config/loader.hpp"
#include "config/print/describe.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

/// One line of `backends:`.
std::string entry(const std::string& name, const std::string& keys = {}) {
  return "  " + name + ": {url: \"http://" + name + "\"" + (keys.empty() ? "" : ", " + keys) +
         "}\n";
}

load_result load_backends(const std::string& entries, const std::string& rest = {}) {
  return load_text("backends:\n" + entries + rest, "f.yaml");
}

std::string routes_of(const load_result& loaded) {
  std::string result;
  if (loaded)
    for (const route_settings& route : loaded.value->routes)
      result += route.path + " " + route.backend + "\n";
  return result;
}

std::string llm_routes(const std::string& backend) {
  return "/v1/chat/completions " + backend + "\n/v1/completions " + backend + "\n/v1/embeddings " +
         backend + "\n";
}

TEST(derived_routes, send_everything_to_the_only_backend_of_whatever_name) {
  const auto loaded = load_backends(entry("ollama"));
  EXPECT_EQ(render_all(loaded.problems), "");
  EXPECT_EQ(routes_of(loaded), llm_routes("ollama"));
  EXPECT_EQ(loaded.derived_routes.size(), 3u);
  EXPECT_EQ(loaded.value->backends.at("ollama").timeouts.response, std::chrono::minutes{5});
}

TEST(derived_routes, send_requests_to_the_backend_that_lists_their_model_where_there_are_several) {
  const auto loaded = load_backends(entry("ollama") + entry("vllm"));
  EXPECT_EQ(render_all(loaded.problems), "");
  EXPECT_EQ(routes_of(loaded), llm_routes("*"));
  EXPECT_EQ(backends_with_models(*loaded.value), (std::vector<std::string_view>{"ollama", "vllm"}));
}

TEST(derived_routes, leave_alone_what_a_usual_name_or_the_file_says) {
  EXPECT_EQ(load_backends(entry("llama-embed") + entry("llama-router")).derived_routes.size(), 0u);
  // The file's own routes win, and the rest is derived.
  const auto chosen =
      load_backends(entry("a") + entry("b"), "routes: {/v1/embeddings: b, /v1/completions: b}\n");
  EXPECT_EQ(routes_of(chosen), "/v1/embeddings b\n/v1/completions b\n/v1/chat/completions *\n");
  const auto whole = load_backends(entry("a") + entry("b"), "routes: {/v1/*: a, /x: b}\n");
  EXPECT_EQ(routes_of(whole), "/v1/* a\n/x b\n");
  // A usual name takes what is usual for it; the other backend gets the rest.
  EXPECT_EQ(routes_of(load_backends(entry("llama-embed") + entry("mine"))),
            "/v1/embeddings llama-embed\n/v1/chat/completions mine\n/v1/completions mine\n");
}

TEST(derived_routes, do_not_take_a_backend_that_is_there_for_something_else) {
  const auto loaded = load_backends(entry("ollama") + entry("kokoro") + entry("pages"),
                                    "routes: {/v1/audio/speech: kokoro, /pages/*: pages}\n");
  EXPECT_EQ(render_all(loaded.problems), "");
  EXPECT_EQ(routes_of(loaded), "/v1/audio/speech kokoro\n/pages/* pages\n" + llm_routes("ollama"));
  // Another route of the LLM API says that chats may be meant for it as well.
  EXPECT_EQ(routes_of(load_backends(entry("one"), "routes: {/v1/rerank: one}\n")),
            "/v1/rerank one\n" + llm_routes("one"));
}

TEST(derived_routes, are_missed_aloud_where_a_route_of_the_file_takes_a_backends_models_away) {
  const auto named = load_backends(entry("ollama"), "routes: {/api/*: ollama}\n");
  EXPECT_EQ(routes_of(named), "/api/* ollama\n");
  EXPECT_NE(render_all(named.problems).find("no chats go to this backend"), std::string::npos)
      << render_all(named.problems);
  EXPECT_FALSE(has_errors(named.problems));
  const std::string_view well[] = {
      "routes: {/api/*: ollama, /v1/chat/completions: ollama}\n",
      "routes: {/api/*: ollama, /v1/chat/completions: \"*\"}\n",
  };
  for (const auto routes : well)
    EXPECT_EQ(render_all(load_backends(entry("ollama"), std::string{routes}).problems), "")
        << routes;
  EXPECT_EQ(
      render_all(
          load_backends(entry("pages", "list_models: false"), "routes: {/p/*: pages}\n").problems),
      "");
}

TEST(derived_routes, lead_to_the_one_backend_of_a_type) {
  const auto loaded =
      load_backends(entry("voice", "type: chatterbox") + entry("ears", "type: faster-whisper") +
                        entry("who", "type: pyannote") + entry("clean", "type: deepfilter"),
                    "routes: {/v1/audio/translations: clean}\n");
  EXPECT_EQ(render_all(loaded.problems), "");
  EXPECT_EQ(routes_of(loaded), "/v1/audio/translations clean\n"
                               "/tts/* voice\n"
                               "/v1/audio/speech voice\n"
                               "/stt/* ears\n"
                               "/v1/audio/transcriptions ears\n"
                               "/speakers/* who\n"
                               "/audio/* clean\n");
}

TEST(derived_routes, warn_of_what_cannot_be_derived_and_say_what_to_write) {
  const auto twins =
      load_backends(entry("left", "type: chatterbox") + entry("right", "type: chatterbox"));
  ASSERT_TRUE(twins);
  EXPECT_EQ(routes_of(twins), "");
  ASSERT_EQ(twins.problems.size(), 2u);
  EXPECT_EQ(twins.problems[0].level, severity::warning);
  EXPECT_TRUE(render_with_levels(twins.problems).starts_with("warning: f.yaml:2: "));
  EXPECT_EQ(render(twins.problems[0]),
            "f.yaml:2: backends.left: no route leads to this backend: there are several of type "
            "chatterbox; say which serves what, write routes: {/tts/*: left, /v1/audio/speech: "
            "left}");
  const auto besides = load_backends(entry("llama-router") + entry("llama-embed") + entry("vllm"));
  ASSERT_TRUE(besides);
  EXPECT_EQ(render_all(besides.problems),
            "f.yaml:4: backends.vllm: no route leads to this backend: write routes: "
            "{/v1/chat/completions: vllm}, or \"*\" in the place of the name to have each request "
            "go to the backend that lists its model\n");
  const auto hidden = load_backends(entry("a") + entry("b", "list_models: false"));
  ASSERT_TRUE(hidden);
  EXPECT_EQ(routes_of(hidden), llm_routes("*"));
  EXPECT_NE(render_all(hidden.problems)
                .find("backends.b: no route leads to this backend: it does "
                      "not list its models"),
            std::string::npos)
      << render_all(hidden.problems);
}

TEST(derived_routes, may_be_asked_for_by_a_star) {
  const auto loaded = load_backends(
      entry("llama-router") + entry("vllm"),
      "routes: {/v1/chat/completions: \"*\", /v1/completions: \"*\", /v1/embeddings: vllm}\n");
  EXPECT_EQ(render_all(loaded.problems), "");
  EXPECT_TRUE(loaded.derived_routes.empty());
  EXPECT_EQ(render_all(load_backends(entry("a"), "routes: {/v1/rerank: \"*\"}\n").problems),
            "f.yaml:3: routes./v1/rerank: \"*\" is for routes whose requests name a model; name a "
            "backend\n");
  EXPECT_EQ(render_all(
                load_backends(entry("a", "list_models: false"), "routes: {/v1/embeddings: \"*\"}\n")
                    .problems),
            "f.yaml:3: routes./v1/embeddings: \"*\" leads to the backend that lists the model, and "
            "none lists any\n");
}

TEST(derived_routes, are_marked_in_the_summary) {
  const auto several = load_backends(entry("llama-embed") + entry("a") + entry("b"));
  const auto summary = render_summary(*several.value, several.derived_routes);
  EXPECT_NE(summary.find("  /v1/embeddings        -> llama-embed\n"
                         "  /v1/chat/completions  -> * (the backend that lists the model: a, b, "
                         "llama-embed)  (derived)\n"),
            std::string::npos)
      << summary;
  EXPECT_EQ(render_derived(*several.value, several.derived_routes),
            "/v1/chat/completions, /v1/completions -> * (the backend that lists the model: a, b, "
            "llama-embed)");
  const auto mixed = load_backends(entry("one") + entry("voice", "type: chatterbox"));
  EXPECT_EQ(render_derived(*mixed.value, mixed.derived_routes),
            "/v1/chat/completions, /v1/completions, /v1/embeddings -> one; /tts/*, "
            "/v1/audio/speech -> voice");
}

// ---- URLs, keys, health ----

TEST(backend_url, that_ends_like_the_api_is_taken_as_meant) {
  for (const std::string ending :
       {"/v1", "/v1/", "/v1/chat/completions", "/v1/models", "/v1/embeddings", "/v1/completions"}) {
    SCOPED_TRACE(ending);
    const auto loaded =
        load_text("backends:\n  a:\n    url: http://host:1/api" + ending + "\n", "f.yaml");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded.value->backends.at("a").url.to_string(), "http://host:1/api");
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].level, severity::note);
    EXPECT_EQ(loaded.problems[0].line, 3u);
    EXPECT_TRUE(
        render_with_levels(loaded.problems).starts_with("note: f.yaml:3: backends.a.url: "));
    EXPECT_NE(loaded.problems[0].message.find("http://host:1/api/v1/chat/completions"),
              std::string::npos)
        << loaded.problems[0].message;
  }
}

TEST(backend_url, of_another_type_or_ending_stays) {
  for (const std::string keys :
       {"url: \"http://h/v1\", type: chatterbox", "type: faster-whisper, url: \"http://h/v1\"",
        "url: \"http://h/v10\"", "url: \"http://h/v1/x\""}) {
    SCOPED_TRACE(keys);
    const auto loaded = load_text("backends: {a: {" + keys + "}}\n", "f.yaml");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(render_all(loaded.problems), "");
    EXPECT_NE(loaded.value->backends.at("a").url.base_path, "");
  }
}

TEST(named_keys, have_to_be_in_the_environment) {
  const std::string text = "backends:\n"
                           "  a:\n"
                           "    url: http://a\n"
                           "    authorization:\n"
                           "      bearer_env: A_KEY\n";
  const auto with = [&](const environment& variables) {
    return with_environment(load_text(text, "f.yaml"), variables);
  };
  EXPECT_TRUE(with({{"A_KEY", "secret"}}));
  const auto unset = with({});
  EXPECT_FALSE(unset);
  EXPECT_EQ(render_all(unset.problems), "f.yaml:5: backends.a.authorization.bearer_env: the "
                                        "environment variable A_KEY is not set\n");
  const auto empty = with({{"A_KEY", " \n"}});
  EXPECT_FALSE(empty);
  EXPECT_NE(render_all(empty.problems).find("A_KEY is empty"), std::string::npos);
}

TEST(named_keys, of_the_cluster_are_needed_where_it_is_used) {
  const std::string text = "backends: {a: {url: \"http://a\"}}\ncluster: {secret_env: C_KEY}\n";
  EXPECT_TRUE(with_environment(load_text(text, "f.yaml"), {}));
  const environment replicas{{"SYNAPSE_TERMINAL_FEED_BUS_MODE", "caf"}};
  const auto unset = with_environment(load_text(text, "f.yaml"), replicas);
  EXPECT_EQ(render_all(unset.problems),
            "f.yaml:2: cluster.secret_env: the environment variable C_KEY is not set\n");
  auto from_file = replicas;
  from_file["SYNAPSE_CLUSTER_SECRET_FILE"] = "/run/secret";
  EXPECT_TRUE(with_environment(load_text(text, "f.yaml"), from_file));
}

TEST(health_path, may_be_found_out_unless_the_file_names_one) {
  EXPECT_TRUE(load_backends(entry("a")).value->backends.at("a").health.detect);
  EXPECT_TRUE(
      load_backends(entry("a", "health: {timeout: 1s}")).value->backends.at("a").health.detect);
  for (const std::string keys : {"health: /health", "health: {path: /health}"})
    EXPECT_FALSE(load_backends(entry("a", keys)).value->backends.at("a").health.detect) << keys;
}

const std::string one_name = "catalog: {n: {deployments: [{backend: a, model: m}]}}\n";

TEST(derived_routes, leave_what_names_a_model_to_the_catalog) {
  const auto loaded = load_backends(entry("a") + entry("tts", "type: chatterbox"), one_name);
  EXPECT_EQ(render_all(loaded.problems), "");
  EXPECT_EQ(routes_of(loaded), "/tts/* tts\n");
  // Usual names and what the file says stay.
  EXPECT_EQ(routes_of(load_backends(entry("a") + entry("llama-embed"), one_name)),
            "/v1/embeddings llama-embed\n");
  EXPECT_EQ(routes_of(load_backends(entry("a"), one_name + "routes: {/v1/completions: a}\n")),
            "/v1/completions a\n");
  EXPECT_EQ(routes_of(load_backends(entry("a"), "litellm: f\n")), "");
}

TEST(derived_routes, a_backend_that_the_catalog_names_is_served) {
  EXPECT_EQ(render_all(load_backends(entry("a"), one_name).problems), "");
  const auto other = load_backends(entry("a") + entry("b"), one_name);
  ASSERT_TRUE(other);
  EXPECT_EQ(find_problem(other.problems, "backends.a"), nullptr);
  EXPECT_NE(find_problem(other.problems, "backends.b"), nullptr);
}

TEST(derived_routes, what_only_a_catalog_reaches_is_told_so) {
  for (const char* type : {"speaches", "piper", "whisper-cpp", "anthropic"}) {
    const auto loaded = load_backends(entry("a", std::string{"type: "} + type));
    ASSERT_TRUE(loaded) << type;
    EXPECT_EQ(routes_of(loaded), "") << type;
    const auto* found = find_problem(loaded.problems, "backends.a");
    ASSERT_NE(found, nullptr) << type;
    EXPECT_EQ(found->message,
              "no route leads to this backend: name it in a deployment of the catalog");
    EXPECT_EQ(found->level, severity::warning);
  }
}

TEST(derived_routes, a_llama_router_has_its_models_managed) {
  const auto loaded = load_backends(entry("a", "type: llama-router") + entry("b") +
                                    entry("c", "type: llama-router, manage_models: false"));
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded.value->backends.at("a").manage_models);
  EXPECT_FALSE(loaded.value->backends.at("b").manage_models);
  EXPECT_FALSE(loaded.value->backends.at("c").manage_models);
}

} // namespace
} // namespace synapse::config
