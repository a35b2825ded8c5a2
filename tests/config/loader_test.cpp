#include "config/defaults/route_defaults.hpp"
#include "config/loader.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace synapse::config {
namespace {

using std::chrono::seconds;

/// Loads `text`, which must be without a problem.
settings loaded(const std::string& text) {
  auto result = load_text(text, "test.yaml");
  EXPECT_EQ(render_all(result.problems), "");
  return result.value.value_or(settings{});
}

/// Likewise, but warnings of backends that nothing leads to do not matter.
settings loaded_with_warnings(const std::string& text) {
  auto result = load_text(text, "test.yaml");
  EXPECT_FALSE(has_errors(result.problems)) << render_all(result.problems);
  return result.value.value_or(settings{});
}

std::string route_list(const settings& all) {
  std::string result;
  for (const route_settings& route : all.routes)
    result += route.path + " " + route.backend + "\n";
  return result;
}

TEST(loader, reads_the_short_form) {
  const settings all = loaded("backends:\n"
                              "  one:\n"
                              "    url: http://one:8081\n"
                              "    type: openai-compatible\n"
                              "    health: /healthz\n"
                              "routes:\n"
                              "  /v1/embeddings: one\n"
                              "  /x/*: one\n");
  ASSERT_EQ(all.backends.size(), 1u);
  const backend_settings& one = all.backends.at("one");
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.url.to_string(), "http://one:8081");
  EXPECT_EQ(one.health.path, "/healthz");
  EXPECT_EQ(one.health.timeout, seconds{5});
  EXPECT_EQ(route_list(all), "/v1/embeddings one\n/x/* one\n"
                             "/v1/chat/completions one\n/v1/completions one\n");
}

TEST(loader, only_the_url_is_required) {
  const backend_settings b = loaded(one_backend("")).backends.at("b");
  EXPECT_EQ(b.type, backend_type::openai_compatible);
  EXPECT_EQ(b.health.path, "/health");
  EXPECT_EQ(b.timeouts.connect, seconds{5});
  EXPECT_EQ(b.retry, retry_settings{});
  EXPECT_EQ(b.breaker, breaker_settings{});
  EXPECT_EQ(b.pool, pool_settings{});
}

TEST(loader, reads_every_key_of_the_process) {
  const settings all = loaded("threads: 3\n"
                              "listener:\n"
                              "  host: 0.0.0.0\n"
                              "  port: 0\n"
                              "  backlog: 7\n"
                              "  hosts: [ai.home.arpa]\n"
                              "  tls: {certificate: /c.pem, key: /k.pem}\n"
                              "limits:\n"
                              "  max_header_bytes: 8KiB\n"
                              "  max_uri_bytes: 4096\n"
                              "  max_header_fields: 50\n"
                              "  max_json_body_bytes: 1MiB\n"
                              "  max_upload_bytes: 3MiB\n"
                              "  max_kept_upload_bytes: 1MiB\n"
                              "  max_kept_uploads_total_bytes: 2MiB\n"
                              "  max_stream_event_bytes: 64KiB\n"
                              "  max_connections: 10\n"
                              "  max_connections_per_address: 6\n"
                              "  reserved_connections: 2\n"
                              "  header_timeout: 1s\n"
                              "  body_timeout: 2s\n"
                              "  min_body_rate: 1KiB\n"
                              "  max_body_time: 5m\n"
                              "  idle_timeout: 3s\n"
                              "  write_timeout: 4s\n"
                              "  stream_keepalive: 0\n"
                              "cors: {origins: [\"https://chat.example\"]}\n"
                              "drain: {delay: 1s, limit: 2m}\n"
                              "health: {max_age: 250ms}\n" +
                              one_backend(""));
  settings expected;
  expected.threads = 3;
  expected.listener = {"0.0.0.0", 0, 7, {"ai.home.arpa"}, {"/c.pem", "/k.pem"}};
  expected.limits = {.max_header_bytes = 8192,
                     .max_uri_bytes = 4096,
                     .max_header_fields = 50,
                     .max_json_body_bytes = 1 << 20,
                     .max_upload_bytes = 3 << 20,
                     .max_kept_upload_bytes = 1 << 20,
                     .max_kept_uploads_total_bytes = 2 << 20,
                     .max_stream_event_bytes = 1 << 16,
                     .max_connections = 10,
                     .max_connections_per_address = 6,
                     .reserved_connections = 2,
                     .header_timeout = seconds{1},
                     .body_timeout = seconds{2},
                     .min_body_rate = 1024,
                     .max_body_time = seconds{300},
                     .idle_timeout = seconds{3},
                     .write_timeout = seconds{4},
                     .stream_keepalive = seconds{0}};
  expected.cors = {{"https://chat.example"}};
  expected.drain = {seconds{1}, seconds{120}};
  expected.health = {milliseconds{250}};
  expected.backends = all.backends;
  expected.routes = all.routes;
  EXPECT_EQ(all, expected);
}

TEST(loader, reads_every_key_of_a_backend) {
  const backend_settings b =
      loaded("backends:\n"
             "  b:\n"
             "    url: https://b/base\n"
             "    type: chatterbox\n"
             "    title: Speech\n"
             "    health: {path: /h, timeout: 1s}\n"
             "    timeouts: {connect: 1, response: 2.5, first_token: 3s, idle: 4s, total: 5m}\n"
             "    retry: {attempts: 2, waits: [10ms, 0.5], jitter: 0.5}\n"
             "    breaker: {enabled: no, failures: 9, cooldown: 1m}\n"
             "    concurrency: {max_requests: 1, max_waiting: 2, queue_timeout: 3s}\n"
             "    pool: {max_idle: 4, idle_timeout: 5s}\n"
             "    tls: {verify: false, ca_file: ca, certificate: c, key: k, server_name: s}\n"
             "    authorization: {forward: false, bearer_env: KEY}\n"
             "    dns_refresh: 6s\n"
             "    list_models: true\n")
          .backends.at("b");
  backend_settings expected;
  expected.name = "b";
  expected.title = "Speech";
  expected.url = {true, "b", 443, "/base"};
  expected.type = backend_type::chatterbox;
  expected.health = {"/h", seconds{1}};
  expected.timeouts = {seconds{1}, milliseconds{2500}, seconds{3}, seconds{4}, seconds{300}};
  expected.retry = {2, {milliseconds{10}, milliseconds{500}}, 0.5};
  expected.breaker = {false, 9, seconds{60}};
  expected.concurrency = {1, 2, seconds{3}};
  expected.pool = {4, seconds{5}};
  expected.tls = {false, "ca", "c", "k", "s"};
  expected.authorization = {false, "KEY", ""};
  expected.dns_refresh = seconds{6};
  expected.list_models = true;
  EXPECT_EQ(b, expected);
}

TEST(loader, quoted_values_read_like_plain_ones) {
  const settings all = loaded("threads: \"4\"\n" + one_backend("    timeouts: {connect: '2s'}\n"));
  EXPECT_EQ(all.threads, 4u);
  EXPECT_EQ(all.backends.at("b").timeouts.connect, seconds{2});
}

TEST(loader, an_empty_section_means_its_defaults) {
  const settings all = loaded("limits:\nlistener:\nroutes:\n" +
                              one_backend("    timeouts:\n    health:\n    tls:\n"));
  EXPECT_EQ(all.limits, limit_settings{});
  EXPECT_EQ(all.backends.at("b").health, (health_settings{.detect = true}));
}

TEST(loader, sections_may_be_shared_by_an_alias) {
  const settings all = loaded("x-slow: &slow {response: 20m, idle: 1m}\n"
                              "backends:\n"
                              "  a: {url: 'http://a', timeouts: *slow}\n"
                              "  b: {url: 'http://b', timeouts: *slow}\n");
  EXPECT_EQ(all.backends.at("a").timeouts.response, seconds{1200});
  EXPECT_EQ(all.backends.at("a").timeouts, all.backends.at("b").timeouts);
}

TEST(loader, timeouts_fit_the_use_of_a_backend) {
  const settings all = loaded_with_warnings("backends:\n"
                                            "  embed: {url: 'http://h'}\n"
                                            "  chat: {url: 'http://h'}\n"
                                            "  unused: {url: 'http://h'}\n"
                                            "  tts: {url: 'http://h', type: chatterbox}\n"
                                            "  stt: {url: 'http://h', type: faster-whisper}\n"
                                            "  who: {url: 'http://h', type: pyannote}\n"
                                            "  fix: {url: 'http://h', type: deepfilter}\n"
                                            "routes:\n"
                                            "  /v1/embeddings: embed\n"
                                            "  /v1/*: chat\n");
  const auto usual = [&](const char* name) {
    const timeout_settings& timeouts = all.backends.at(name).timeouts;
    EXPECT_EQ(timeouts.connect, seconds{5}) << name;
    EXPECT_EQ(timeouts.total, seconds{0}) << name;
    EXPECT_EQ(timeouts.first_token, timeouts.response) << name;
    EXPECT_EQ(timeouts.idle, timeouts.response) << name;
    return timeouts.response;
  };
  EXPECT_EQ(usual("embed"), seconds{60});
  EXPECT_EQ(usual("chat"), seconds{300});
  EXPECT_EQ(usual("unused"), seconds{300});
  EXPECT_EQ(usual("tts"), seconds{120});
  EXPECT_EQ(usual("stt"), seconds{600});
  EXPECT_EQ(usual("who"), seconds{600});
  EXPECT_EQ(usual("fix"), seconds{600});
}

TEST(loader, a_server_for_embeddings_and_completions_gets_the_longer_time) {
  const settings all = loaded(one_backend("routes: {/v1/embeddings: b, /v1/completions: b}\n"));
  EXPECT_EQ(all.backends.at("b").timeouts.response, seconds{300});
}

TEST(loader, a_default_route_makes_an_embeddings_backend_too) {
  const settings all = loaded("backends: {llama-embed: {url: 'http://h'}}\n");
  EXPECT_EQ(all.backends.at("llama-embed").timeouts.response, seconds{60});
}

TEST(loader, explicit_timeouts_stay) {
  const auto b = loaded(one_backend("    timeouts: {response: 60s, idle: 0}\n")).backends.at("b");
  EXPECT_EQ(b.timeouts.response, seconds{60});
  EXPECT_EQ(b.timeouts.idle, seconds{0});
  EXPECT_EQ(b.timeouts.first_token, seconds{300});
}

TEST(loader, models_are_listed_for_openai_compatible_backends_unless_told) {
  const settings all =
      loaded_with_warnings("backends:\n"
                           "  a: {url: 'http://h'}\n"
                           "  b: {url: 'http://h', list_models: false}\n"
                           "  c: {url: 'http://h', type: chatterbox}\n"
                           "  d: {url: 'http://h', type: chatterbox, list_models: true}\n");
  EXPECT_TRUE(all.backends.at("a").list_models);
  EXPECT_FALSE(all.backends.at("b").list_models);
  EXPECT_FALSE(all.backends.at("c").list_models);
  EXPECT_TRUE(all.backends.at("d").list_models);
}

TEST(loader, appends_the_routes_of_the_api) {
  std::string text = "backends:\n";
  for (const char* name : {"llama-embed", "llama-router", "chatterbox-tts", "whisper-stt",
                           "pyannote-speaker", "deepfilter-audio"})
    text += "  " + std::string{name} + ": {url: 'http://h'}\n";
  EXPECT_EQ(route_list(loaded(text)), "/v1/embeddings llama-embed\n"
                                      "/v1/chat/completions llama-router\n"
                                      "/v1/completions llama-router\n"
                                      "/models llama-router\n"
                                      "/models/* llama-router\n"
                                      "/tts/* chatterbox-tts\n"
                                      "/stt/* whisper-stt\n"
                                      "/speakers/* pyannote-speaker\n"
                                      "/audio/* deepfilter-audio\n"
                                      "/v1/audio/speech chatterbox-tts\n"
                                      "/v1/audio/transcriptions whisper-stt\n"
                                      "/v1/audio/translations whisper-stt\n");
}

TEST(loader, writes_escapes_of_routes_as_requests_have_them) {
  EXPECT_EQ(route_list(loaded("backends: {b: {url: 'http://h'}}\n"
                              "routes: {'/caf%c3%a9/*': b, '/x%': b, '/y%a': b}\n")),
            "/caf%C3%A9/* b\n/x% b\n/y%A b\n");
}

TEST(loader, appends_no_route_that_the_file_covers_or_whose_backend_is_missing) {
  EXPECT_EQ(route_list(loaded("backends:\n"
                              "  llama-router: {url: 'http://h'}\n"
                              "  vllm: {url: 'http://h'}\n"
                              "routes:\n"
                              "  /models/status: vllm\n"
                              "  /v1/*: vllm\n")),
            "/models/status vllm\n"
            "/v1/* vllm\n"
            "/models llama-router\n"
            "/models/* llama-router\n");
  EXPECT_EQ(route_list(loaded("backends:\n"
                              "  llama-router: {url: 'http://h'}\n"
                              "routes: {/*: llama-router}\n")),
            "/* llama-router\n");
}

TEST(loader, finds_the_exact_route_before_the_longest_prefix) {
  settings all;
  all.routes = {{"/*", "a"}, {"/v1/*", "b"}, {"/v1/x/*", "c"}, {"/v1/x/y", "d"}};
  EXPECT_EQ(find_route(all, "/v1/x/y")->backend, "d");
  EXPECT_EQ(find_route(all, "/v1/x/z")->backend, "c");
  EXPECT_EQ(find_route(all, "/v1/x")->backend, "b");
  EXPECT_EQ(find_route(all, "/v1")->backend, "a");
  all.routes.erase(all.routes.begin());
  EXPECT_EQ(find_route(all, "/v1"), nullptr);
}

TEST(loader, reads_files) {
  temp_directory directory;
  directory.write("c.yaml", one_backend(""));
  EXPECT_TRUE(load_file(directory / "c.yaml"));
  directory.write("c.yaml", "oops: 1\n" + one_backend(""));
  const auto result = load_file(directory / "c.yaml");
  EXPECT_FALSE(result);
  EXPECT_EQ(render_all(result.problems),
            (directory / "c.yaml").string() + ":1: oops: unknown key\n");
}

TEST(loader, a_file_that_cannot_be_read_is_a_problem) {
  temp_directory directory;
  const std::string missing = directory / "missing.yaml";
  EXPECT_EQ(render_all(load_file(missing).problems),
            missing + ": cannot be opened: No such file or directory\n");
  const std::string folder = directory / "";
  EXPECT_EQ(render_all(load_file(folder).problems), folder + ": is not a regular file\n");
  directory.write("large", std::string(2 * 1024 * 1024, ' '));
  const std::string large = directory / "large";
  EXPECT_EQ(render_all(load_file(large).problems),
            large + ": the file is larger than 1048576 bytes\n");
}

TEST(loader, a_fifo_does_not_block) {
  temp_directory directory;
  const std::string fifo = directory / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(render_all(load_file(fifo).problems), fifo + ": is not a regular file\n");
}

TEST(loader, the_environment_names_the_file_and_wins_over_it) {
  temp_directory directory;
  directory.write("c.yaml", "listener: {host: 10.0.0.1, port: 1}\n" + one_backend(""));
  const std::string path = directory / "c.yaml";
  const auto from_file = load({{"SYNAPSE_GATEWAY_CONFIG_PATH", path}});
  ASSERT_TRUE(from_file) << render_all(from_file.problems);
  EXPECT_EQ(from_file.value->listener.host, "10.0.0.1");
  EXPECT_EQ(from_file.value->listener.port, 1);
  EXPECT_EQ(from_file.value->process.config_path, path);
  const auto overlaid = load({{"SYNAPSE_PORT", "0"}, {"SYNAPSE_HOST", "::1"}}, path);
  ASSERT_TRUE(overlaid) << render_all(overlaid.problems);
  EXPECT_EQ(overlaid.value->listener.host, "::1");
  EXPECT_EQ(overlaid.value->listener.port, 0);
  EXPECT_EQ(overlaid.value->process.config_path, path);
}

TEST(loader, reads_how_models_take_turns) {
  const auto result = load_text(one_backend("") + "models:\n"
                                                  "  batch_window: 20s\n"
                                                  "  linger: 0\n"
                                                  "  max_wait: 5m\n"
                                                  "  load_timeout: 90s\n"
                                                  "  restart_patience: 1m\n"
                                                  "  keepalive: 0\n"
                                                  "  poll: 250ms\n"
                                                  "  refresh: 1m\n"
                                                  "  max_waiting: 7\n"
                                                  "  max_loaded: 2\n"
                                                  "  aliases: {gpt-4o: big, gpt-4.1: small}\n"
                                                  "  auto:\n"
                                                  "    names: [best]\n"
                                                  "    general: big\n"
                                                  "    rules:\n"
                                                  "      - model: coder\n"
                                                  "        words: [c++, stack trace]\n"
                                                  "      - {model: poet, words: [rhyme]}\n",
                                "t");
  ASSERT_TRUE(result) << render_all(result.problems);
  model_settings expected;
  expected.batch_window = milliseconds{20'000};
  expected.linger = milliseconds{0};
  expected.max_wait = milliseconds{300'000};
  expected.load_timeout = milliseconds{90'000};
  expected.restart_patience = milliseconds{60'000};
  expected.keepalive = milliseconds{0};
  expected.poll = milliseconds{250};
  expected.refresh = milliseconds{60'000};
  expected.max_waiting = 7;
  expected.max_loaded = 2;
  expected.aliases = {{"gpt-4o", "big"}, {"gpt-4.1", "small"}};
  expected.choice.names = {"best"};
  expected.choice.general = "big";
  expected.choice.rules = {{"coder", {"c++", "stack trace"}}, {"poet", {"rhyme"}}};
  EXPECT_EQ(result.value->models, expected);
}

TEST(loader, a_list_of_rules_replaces_the_default_one) {
  const auto rules_in = [](const std::string& keys) {
    const auto result = load_text(one_backend("") + keys, "t");
    return result ? result.value->models.choice.rules.size() : 99;
  };
  EXPECT_EQ(rules_in(""), 1u);
  EXPECT_EQ(rules_in("models: {auto: {general: m}}\n"), 1u);
  EXPECT_EQ(rules_in("models: {auto: {rules: []}}\n"), 0u);
  EXPECT_EQ(rules_in("models:\n  auto:\n  aliases:\n"), 1u) << "headings without keys";
}

TEST(loader, manages_the_models_of_the_backend_that_serves_models) {
  const auto managed = [](const std::string& text) {
    const auto result = load_text(text, "t");
    std::string names;
    if (result)
      for (const auto& [name, backend] : result.value->backends)
        names += backend.manage_models ? name + " " : "";
    return result ? names : render_all(result.problems);
  };
  const std::string two = "backends:\n  llama-router: {url: 'http://h'}\n  b: {url: 'http://h'}\n";
  EXPECT_EQ(managed(two), "llama-router ");
  EXPECT_EQ(managed(two + "routes: {/models: b}\n"), "b ");
  EXPECT_EQ(managed(two + "routes: {/*: b}\n"), "b ");
  EXPECT_EQ(managed(one_backend("")), "");
  EXPECT_EQ(managed(one_backend("    manage_models: true\n")), "b ");
  EXPECT_EQ(managed("backends: {llama-router: {url: 'http://h', manage_models: false}}\n"), "");
  EXPECT_EQ(managed("backends: {llama-router: {url: 'http://h', type: pyannote}}\n"), "");
}

TEST(loader, problems_of_file_and_environment_are_reported_together) {
  const auto result = with_environment(load_text("", "test.yaml"), {{"SYNAPSE_PORT", "x"}});
  EXPECT_FALSE(result);
  EXPECT_EQ(render_all(result.problems),
            "test.yaml: backends: there must be at least one backend\n"
            "environment: SYNAPSE_PORT: must be a whole number between 0 and 65535, not \"x\"\n");
}

TEST(loader, a_warning_leaves_the_settings_usable) {
  const auto result = with_environment(load_text(one_backend(""), "t"), {{"SYNAPSE_ODD", "x"}});
  EXPECT_TRUE(result);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].level, severity::warning);
}

} // namespace
} // namespace synapse::config
