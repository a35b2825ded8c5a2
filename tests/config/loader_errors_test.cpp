#include "config/schema.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

TEST(loader_errors, renders_file_line_key_message_and_suggestion) {
  EXPECT_EQ(render(problem{"f.yaml", 3, "a.b", "is wrong", "c"}),
            "f.yaml:3: a.b: is wrong (did you mean \"c\"?)");
  EXPECT_EQ(render(problem{"f.yaml", 0, "", "is gone"}), "f.yaml: is gone");
  EXPECT_EQ(render(problem{"", 0, "a", "is wrong"}), "a: is wrong");
}

TEST(loader_errors, suggests_names_one_slip_away) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("conect", "connect"), 1u);
  EXPECT_EQ(edit_distance("tiemouts", "timeouts"), 1u); // neighbours swapped
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  constexpr std::string_view known[] = {"connect", "response", "max_idle", "url"};
  EXPECT_EQ(nearest("conect", known), "connect");
  EXPECT_EQ(nearest("maxIdle", known), "max_idle");
  EXPECT_EQ(nearest("max-idle", known), "max_idle");
  EXPECT_EQ(nearest("ulr", known), "url");
  EXPECT_EQ(nearest("colour", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(100'000, 'c'), known), "");
}

TEST(loader_errors, shows_odd_values_safely) {
  EXPECT_EQ(quote("a\nb\x1b"), "\"a\\x0ab\\x1b\"");
  EXPECT_EQ(quote(std::string(100, 'x')), "\"" + std::string(60, 'x') + "…\"");
}

TEST(loader_errors, a_registry_needs_a_backend) {
  const std::string expected = "test.yaml: backends: there must be at least one backend\n";
  EXPECT_EQ(problems_of(""), expected);
  EXPECT_EQ(problems_of("threads: 1\n"), expected);
  EXPECT_EQ(problems_of("\nbackends:\n"),
            "test.yaml:2: backends: there must be at least one backend\n");
  EXPECT_EQ(problems_of("backends: {}\n"),
            "test.yaml:1: backends: there must be at least one backend\n");
}

TEST(loader_errors, the_file_must_be_a_map) {
  EXPECT_TRUE(problems_of("- a\n").starts_with("test.yaml:1: the file must be a map"));
  EXPECT_TRUE(problems_of("hello\n").starts_with("test.yaml:1: the file must be a map"));
}

TEST(loader_errors, unknown_keys_on_every_level) {
  EXPECT_EQ(problems_of("treads: 1\n"
                        "listner: {}\n"
                        "listener:\n"
                        "  prot: 1\n"
                        "  tls:\n"
                        "    cert: x\n"
                        "    certificat: x\n"
                        "backends:\n"
                        "  b:\n"
                        "    url: http://b\n"
                        "    timeout: 5s\n"
                        "    breaker:\n"
                        "      failure: 3\n"
                        "    colour: red\n"),
            "test.yaml:1: treads: unknown key (did you mean \"threads\"?)\n"
            "test.yaml:2: listner: unknown key (did you mean \"listener\"?)\n"
            "test.yaml:4: listener.prot: unknown key (did you mean \"port\"?)\n"
            "test.yaml:6: listener.tls.cert: unknown key\n"
            "test.yaml:7: listener.tls.certificat: unknown key (did you mean \"certificate\"?)\n"
            "test.yaml:11: backends.b.timeout: unknown key (did you mean \"timeouts\"?)\n"
            "test.yaml:13: backends.b.breaker.failure: unknown key (did you mean \"failures\"?)\n"
            "test.yaml:14: backends.b.colour: unknown key\n");
}

TEST(loader_errors, a_right_key_in_the_wrong_place_is_told_its_own) {
  EXPECT_EQ(problems_of("port: 1\nmax_connections: 3\n" + one_backend("    max_idle: 3\n")),
            "test.yaml:1: port: unknown key (did you mean \"listener.port\"?)\n"
            "test.yaml:2: max_connections: unknown key (did you mean \"limits.max_connections\"?)\n"
            "test.yaml:6: backends.b.max_idle: unknown key (did you mean \"pool.max_idle\"?)\n");
}

TEST(loader_errors, merge_keys_are_named) {
  EXPECT_EQ(problems_of("x-t: &t {connect: 1s}\n" + one_backend("    timeouts: {<<: *t}\n")),
            "test.yaml:5: backends.b.timeouts.<<: merge keys are not supported; give the whole "
            "section an alias instead\n");
}

TEST(loader_errors, duplicate_keys) {
  EXPECT_EQ(problems_of("backends:\n"
                        "  b: {url: 'http://b'}\n"
                        "  b: {url: 'http://c'}\n"
                        "routes:\n"
                        "  /a: b\n"
                        "  /a: b\n"),
            "test.yaml:3: backends.b: given twice; first in line 2\n"
            "test.yaml:6: routes./a: given twice; first in line 5\n");
}

TEST(loader_errors, wrong_types) {
  EXPECT_EQ(
      problems_of("threads: many\n"
                  "listener: 8000\n"
                  "limits: [1]\n"
                  "drain:\n"
                  "  delay: [1s]\n"
                  "  limit:\n"
                  "backends:\n"
                  "  a: http://a\n"
                  "  b:\n"
                  "    url: [x]\n"
                  "    type: {}\n"
                  "    title: {}\n"
                  "    health: [a]\n"
                  "    timeouts:\n"
                  "      connect: soon\n"
                  "      idle: -1s\n"
                  "    retry:\n"
                  "      attempts: 1.5\n"
                  "      waits: 1s\n"
                  "      jitter: some\n"
                  "    breaker:\n"
                  "      enabled: maybe\n"
                  "routes:\n"
                  "  /a: [b]\n"),
      "test.yaml:1: threads: must be a whole number, not \"many\"\n"
      "test.yaml:2: listener: must be a map of keys\n"
      "test.yaml:3: limits: must be a map of keys\n"
      "test.yaml:5: drain.delay: must be a single value\n"
      "test.yaml:6: drain.limit: has no value\n"
      "test.yaml:8: backends.a: must be a map with url, type and health\n"
      "test.yaml:10: backends.b.url: must be a single value\n"
      "test.yaml:11: backends.b.type: must be a single value\n"
      "test.yaml:12: backends.b.title: must be a single value\n"
      "test.yaml:13: backends.b.health: must be a map of keys\n"
      "test.yaml:15: backends.b.timeouts.connect: must be a duration such as 5s, 500ms, 2m or "
      "1.5 (seconds), not \"soon\"\n"
      "test.yaml:16: backends.b.timeouts.idle: \"-1s\" is out of range for a duration\n"
      "test.yaml:18: backends.b.retry.attempts: must be a whole number, not \"1.5\"\n"
      "test.yaml:19: backends.b.retry.waits: must be a list of durations such as [500ms, 1s]\n"
      "test.yaml:20: backends.b.retry.jitter: must be a number, not \"some\"\n"
      "test.yaml:22: backends.b.breaker.enabled: must be true or false, not \"maybe\"\n"
      "test.yaml:24: routes./a: must be a single value\n");
}

TEST(loader_errors, backends_or_routes_of_the_wrong_type_are_reported_once) {
  EXPECT_EQ(problems_of("backends: [a]\nroutes: {/a: a}\n"),
            "test.yaml:1: backends: must be a map of keys\n");
  EXPECT_EQ(problems_of("routes: x\n" + one_backend("")),
            "test.yaml:1: routes: must be a map of keys\n");
}

TEST(loader_errors, values_out_of_range_have_their_line) {
  EXPECT_EQ(problems_of("threads: 257\n"
                        "listener: {port: 65536, backlog: 99999999999}\n"
                        "limits:\n"
                        "  max_header_bytes: 1KiB\n"
                        "  stream_keepalive: 2h\n" +
                        one_backend("    retry:\n"
                                    "      attempts: 11\n"
                                    "      waits:\n"
                                    "        - 1s\n"
                                    "        - 1h\n"
                                    "      jitter: 1.5\n")),
            "test.yaml:1: threads: must be between 0 and 256\n"
            "test.yaml:2: listener.port: must be between 0 and 65535\n"
            "test.yaml:2: listener.backlog: must be between 1 and 65535\n"
            "test.yaml:4: limits.max_header_bytes: must be between 4KiB and 64KiB\n"
            "test.yaml:5: limits.stream_keepalive: must be 0 or between 1ms and 1h\n"
            "test.yaml:10: backends.b.retry.attempts: must be between 1 and 10\n"
            "test.yaml:13: backends.b.retry.waits[1]: must be between 0 and 10m\n"
            "test.yaml:14: backends.b.retry.jitter: must be between 0 and 1\n");
}

TEST(loader_errors, urls_and_types) {
  EXPECT_EQ(problems_of("backends:\n"
                        "  a: {type: pyannote}\n"
                        "  b: {url: 'b:1'}\n"
                        "  c: {url: 'http://c', type: faster-wisper}\n"
                        "  d:\n"
                        "    url:\n"),
            "test.yaml:2: backends.a.url: is required\n"
            "test.yaml:3: backends.b.url: the URL must begin with http:// or https://\n"
            "test.yaml:4: backends.c.type: unknown type \"faster-wisper\"; known are "
            "openai-compatible, chatterbox, faster-whisper, pyannote, deepfilter, ollama, vllm, "
            "llama-router, sglang, trtllm, speaches, piper, whisper-cpp, tei, infinity, openai, "
            "openrouter, azure, anthropic (did you mean \"faster-whisper\"?)\n"
            "test.yaml:6: backends.d.url: has no value\n");
}

TEST(loader_errors, a_route_to_an_unknown_backend) {
  EXPECT_EQ(problems_of("backends:\n"
                        "  llama-embed: {url: 'http://b'}\n"
                        "routes:\n"
                        "  /a/*: lama-embed\n"
                        "  /b: nobody-at-all\n"),
            "test.yaml:4: routes./a/*: unknown backend \"lama-embed\" (did you mean "
            "\"llama-embed\"?)\n"
            "test.yaml:5: routes./b: unknown backend \"nobody-at-all\"\n");
}

TEST(loader_errors, bad_route_paths) {
  const std::string problems = problems_of(one_backend("routes:\n"
                                                       "  a: b\n"
                                                       "  /a*: b\n"
                                                       "  /*/a: b\n"
                                                       "  '/a b': b\n"
                                                       "  /a?x: b\n"));
  for (const char* start :
       {"test.yaml:5: ", "test.yaml:6: ", "test.yaml:7: ", "test.yaml:8: ", "test.yaml:9: "})
    EXPECT_NE(problems.find(start), std::string::npos) << start << "in\n" << problems;
}

TEST(loader_errors, cross_field_rules_point_at_the_line) {
  EXPECT_EQ(problems_of("listener:\n"
                        "  tls:\n"
                        "    certificate: /c.pem\n" +
                        one_backend("    health: health\n"
                                    "    tls:\n"
                                    "      verify: false\n")),
            "test.yaml:3: listener.tls.certificate: needs tls.key as well\n"
            "test.yaml:7: backends.b.health.path: must be a path that begins with \"/\", without "
            "blanks\n"
            "test.yaml:8: backends.b.tls: has no effect on an http:// URL; use https:// or remove "
            "it\n");
}

TEST(loader_errors, numbers_of_backends_and_routes_are_bounded) {
  std::string many = "backends:\n";
  for (int i = 0; i < 256; ++i)
    many += "  b" + std::to_string(i) + ": {url: 'http://b'}\n";
  EXPECT_EQ(problems_of(many), "");
  EXPECT_EQ(problems_of(many + "  one-more: {url: 'http://b'}\nroutes: {/a: b7}\n"),
            "test.yaml:1: backends: must not have more than 256 entries\n");
  std::string routes = "backends: {llama-router: {url: 'http://b'}}\nroutes:\n";
  for (int i = 0; i < 1024; ++i)
    routes += "  /r" + std::to_string(i) + ": llama-router\n";
  EXPECT_EQ(problems_of(routes), "");
  EXPECT_EQ(problems_of(routes + "  /more: llama-router\n"),
            "test.yaml:2: routes: must not have more than 1024 entries\n");
}

TEST(loader_errors, rules_of_the_choice_of_a_model) {
  const auto rules = [](const std::string& entries) {
    return problems_of(one_backend("") + "models:\n  auto:\n    rules:" + entries);
  };
  const std::string prefix = "test.yaml:7: models.auto.rules[0].";
  EXPECT_EQ(rules(" []\n"), "");
  EXPECT_EQ(rules("\n      - {model: m, words: [a]}\n"), "");
  EXPECT_EQ(rules("\n      - {model: m, word: [a], words: [a]}\n"),
            prefix + "word: unknown key (did you mean \"words\"?)\n");
  EXPECT_EQ(rules("\n      - {words: [a]}\n"), prefix + "model: is required\n");
  EXPECT_EQ(rules("\n      - {model: '', words: [a]}\n"), prefix + "model: must name a model\n");
  EXPECT_EQ(rules("\n      - model: m\n        words:\n"),
            "test.yaml:8: models.auto.rules[0].words: must be a list of at most 1024 texts such as "
            "[a, b]\n");
  EXPECT_EQ(rules("\n      - {model: m, words: []}\n"),
            prefix + "words: must not be empty: such a rule never decides\n");
  EXPECT_EQ(rules("\n      - {model: m, words: a}\n"),
            prefix + "words: must be a list of at most 1024 texts such as [a, b]\n");
  EXPECT_EQ(rules("\n      - model: m\n        words:\n          - a\n          - {}\n"
                  "          - ' '\n"),
            "test.yaml:10: models.auto.rules[0].words[1]: must be a single value\n"
            "test.yaml:11: models.auto.rules[0].words[2]: must not be empty\n");
  EXPECT_EQ(rules("\n      - m\n      - []\n      - {model: m}\n"),
            "test.yaml:7: models.auto.rules[0]: must be a map with model and words\n"
            "test.yaml:8: models.auto.rules[1]: must be a map with model and words\n"
            "test.yaml:9: models.auto.rules[2].words: must not be empty: such a rule never "
            "decides\n");
  EXPECT_EQ(rules("\n      m: [a]\n"),
            "test.yaml:6: models.auto.rules: must be a list of at most 32 rules such as {model: "
            "name, words: [code, bug]}\n");
}

TEST(loader_errors, keys_of_models_are_told_apart_by_their_place) {
  EXPECT_EQ(problems_of(one_backend("    managed_models: true\n") + "models:\n"
                                                                    "  batch_windw: 1s\n"
                                                                    "  general: m\n"
                                                                    "  poll: 1ms\n"
                                                                    "  auto:\n"
                                                                    "    name: [x]\n"
                                                                    "    names: x\n"),
            "test.yaml:4: backends.b.managed_models: unknown key (did you mean "
            "\"manage_models\"?)\n"
            "test.yaml:6: models.batch_windw: unknown key (did you mean \"batch_window\"?)\n"
            "test.yaml:7: models.general: unknown key (did you mean \"auto.general\"?)\n"
            "test.yaml:8: models.poll: must be between 10ms and 60s\n"
            "test.yaml:10: models.auto.name: unknown key (did you mean \"names\"?)\n"
            "test.yaml:11: models.auto.names: must be a list of at most 1024 texts such as [a, "
            "b]\n");
}

TEST(loader_errors, aliases_name_models) {
  const auto aliases = [](const std::string& entries) {
    return problems_of(one_backend("") + "models:\n  aliases:\n" + entries);
  };
  EXPECT_EQ(aliases("    gpt-4o: m\n    gpt-4.1: m\n"), "");
  EXPECT_EQ(aliases("    a: b\n    b: m\n"),
            "test.yaml:6: models.aliases.a: names another alias; name the model itself\n");
  EXPECT_EQ(aliases("    auto: m\n"), "test.yaml:6: models.aliases.auto: is a name that leaves the "
                                      "choice to the gateway, see models.auto.names\n");
  EXPECT_EQ(aliases("    a: auto\n"),
            "test.yaml:6: models.aliases.a: means that the gateway chooses; add the name to "
            "models.auto.names instead\n");
  EXPECT_EQ(aliases("    a: ''\n"), "test.yaml:6: models.aliases.a: must name a model\n");
  EXPECT_EQ(aliases("    a:\n"), "test.yaml:6: models.aliases.a: has no value\n");
  EXPECT_EQ(aliases("    a: [m]\n"), "test.yaml:6: models.aliases.a: must be a single value\n");
  EXPECT_EQ(problems_of(one_backend("") + "models: {aliases: [a]}\n"),
            "test.yaml:4: models.aliases: must be a map of keys\n");
}

TEST(loader_errors, numbers_of_rules_words_and_aliases_are_bounded) {
  const std::string start = one_backend("") + "models:\n";
  std::string rules = start + "  auto:\n    rules:\n";
  for (int i = 0; i < 32; ++i)
    rules += "      - {model: m, words: [a]}\n";
  EXPECT_EQ(problems_of(rules), "");
  EXPECT_EQ(problems_of(rules + "      - {model: m, words: [a]}\n"),
            "test.yaml:6: models.auto.rules: must be a list of at most 32 rules such as {model: "
            "name, words: [code, bug]}\n");
  std::string words = start + "  auto:\n    rules:\n      - model: m\n        words:\n";
  for (int i = 0; i < 1024; ++i)
    words += "          - w\n";
  EXPECT_EQ(problems_of(words), "");
  EXPECT_EQ(problems_of(words + "          - w\n"),
            "test.yaml:8: models.auto.rules[0].words: must be a list of at most 1024 texts such as "
            "[a, b]\n");
  std::string aliases = start + "  aliases:\n";
  for (int i = 0; i < 256; ++i)
    aliases += "    a" + std::to_string(i) + ": m\n";
  EXPECT_EQ(problems_of(aliases), "");
  EXPECT_EQ(problems_of(aliases + "    more: m\n"),
            "test.yaml:5: models.aliases: must not have more than 256 entries\n");
}

TEST(loader_errors, a_hundred_problems_are_enough) {
  std::string text = "x-many: &many\n";
  for (int i = 0; i < 20'000; ++i)
    text += "  k" + std::to_string(i) + ": 1\n";
  text += "backends:\n";
  for (int i = 0; i < 250; ++i)
    text += "  b" + std::to_string(i) + ": *many\n";
  const std::string problems = problems_of(text);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 101);
}

TEST(loader_errors, secrets_in_the_wrong_place_are_not_repeated) {
  const std::string problems =
      problems_of(one_backend("    authorization: {bearer_env: sk-secret-value}\n") +
                  "  c: {url: 'http://me:secret-value@c'}\n");
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 2) << problems;
  EXPECT_EQ(problems.find("secret-value"), std::string::npos) << problems;
}

/// A file that is being written, or was damaged: whatever comes, settings or a reason.
TEST(loader_errors, damaged_files_are_loaded_or_refused_with_a_reason) {
  const std::string whole = read_all(std::string{SYNAPSE_SOURCE_DIR} + "/config/backends.yaml");
  const auto check = [](const std::string& text) {
    const auto result = load_text(text, "test.yaml");
    EXPECT_NE(result.value.has_value(), has_errors(result.problems)) << text;
  };
  for (std::size_t length = 0; length < whole.size(); length += 17)
    check(whole.substr(0, length));
  constexpr std::string_view damage = "\"'[]{}:*&!|>%@`#-?\t\n\x80\xff";
  for (std::size_t i = 0; i * 13 < whole.size(); ++i) {
    std::string text = whole;
    text[i * 13] = damage[i % damage.size()];
    check(text);
  }
}

/// Every key the documentation lists is really read: with a wrong value in it, a problem names it.
TEST(loader_errors, every_listed_key_is_read) {
  for (const key_info& key : known_keys()) {
    std::string path = key.path;
    if (const auto at = path.find("<name>"); at != std::string::npos)
      path.replace(at, 6, "b");
    std::string text;
    std::string indent;
    std::string rest = path;
    for (auto dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      std::string name = rest.substr(0, dot);
      const bool list = name.ends_with("[]");
      name.resize(name.size() - (list ? 2 : 0));
      text += indent + name + ":\n";
      rest.erase(0, dot + 1);
      // The first key of a list's entry stands behind the hyphen.
      indent = indent.find('-') == std::string::npos ? indent : std::string(indent.size(), ' ');
      indent += list ? "- " : "  ";
    }
    text += indent + rest + ": [{}]\n";
    if (const auto list = path.find("[]"); list != std::string::npos)
      path.replace(list, 2, "[0]");
    const auto result = load_text(text, "test.yaml");
    const problem* found = find_problem(result.problems, path);
    for (const char* entry :
         {"[0]", "[0].model", "[0].backend"}) // bad entries of a list are reported one by one
      if (found == nullptr)
        found = find_problem(result.problems, path + entry);
    ASSERT_NE(found, nullptr) << text << render_all(result.problems);
    EXPECT_NE(found->message, "unknown key") << text;
    EXPECT_EQ(found->line, static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  }
}

} // namespace
} // namespace synapse::config
