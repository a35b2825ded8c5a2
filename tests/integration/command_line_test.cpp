// The program as a command: its arguments, its statuses, and starts that fail.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace synapse::integration {
namespace {

using support::gateway_process;
using support::run_gateway;

constexpr std::string_view good_config =
    "backends:\n  llama-router: {url: \"http://127.0.0.1:9\", title: The Router}\n";

class command_line : public ::testing::Test {
protected:
  std::string file(std::string_view text) {
    const auto path = directory_.path() / "backends.yaml";
    support::write_file(path, text);
    return path.string();
  }
  support::temporary_directory directory_;
};

TEST_F(command_line, help_tells_options_and_variables) {
  for (const std::string option : {"--help", "-h"}) {
    const auto done = run_gateway({option});
    EXPECT_EQ(done.status, 0);
    EXPECT_TRUE(done.err.empty()) << done.err;
    for (const std::string word : {"--config", "--check-config", "--version", "SIGHUP",
                                   "SYNAPSE_PORT", "SYNAPSE_GATEWAY_CONFIG_PATH"})
      EXPECT_NE(done.out.find(word), std::string::npos) << word;
    const auto heading = done.out.find("Environment:");
    EXPECT_NE(heading, std::string::npos);
    EXPECT_EQ(done.out.find("Environment:", heading + 1), std::string::npos) << done.out;
  }
}

TEST_F(command_line, version_is_that_of_the_api_document) {
  const auto done = run_gateway({"--version"});
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(run_gateway({"-v"}).out, done.out);
  ASSERT_TRUE(done.out.starts_with("synapse ")) << done.out;
  const auto version = done.out.substr(8, done.out.find('\n') - 8);
  gateway_process gateway{good_config};
  EXPECT_EQ(text_at(gateway.get("/openapi.json").body, "/info/version"), version);
}

TEST_F(command_line, unknown_argument_is_refused_with_the_nearest_known_one) {
  const auto done = run_gateway({"--confg", "x"});
  EXPECT_EQ(done.status, 2);
  EXPECT_TRUE(done.out.empty());
  EXPECT_NE(done.err.find("--confg"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("--config"), std::string::npos) << done.err;
  EXPECT_EQ(run_gateway({"stray"}).status, 2);
  EXPECT_EQ(run_gateway({"--config"}).status, 2);
  EXPECT_EQ(run_gateway({"--config="}).status, 2);
  EXPECT_EQ(run_gateway({"--check-config"}).status, 2);
}

TEST_F(command_line, check_config_shows_what_a_good_file_means) {
  const auto done = run_gateway({"--check-config", file(good_config)});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(done.err.empty()) << done.err;
  for (const std::string word :
       {"llama-router", "http://127.0.0.1:9", "The Router", "/v1/chat/completions", "connect 5s"})
    EXPECT_NE(done.out.find(word), std::string::npos) << word << " in\n" << done.out;
}

TEST_F(command_line, check_config_tells_every_mistake_of_a_bad_file) {
  const auto path = file("limits: {idle_timout: 5s}\n"
                         "backends:\n"
                         "  one: {url: \"ftp://host\"}\n"
                         "  two: {url: \"http://host\", retry: {attempts: many}}\n"
                         "routes: {/x: three}\n");
  const auto done = run_gateway({"--check-config", path});
  EXPECT_EQ(done.status, 2);
  EXPECT_TRUE(done.out.empty()) << done.out;
  EXPECT_NE(done.err.find(path + ":1:"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("idle_timeout"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find(path + ":3:"), std::string::npos);
  EXPECT_NE(done.err.find(path + ":4:"), std::string::npos);
  EXPECT_EQ(run_gateway({"--check-config=" + path}).status, 2);
}

TEST_F(command_line, check_config_warns_of_an_unknown_variable) {
  const auto done =
      run_gateway({"--check-config", file(good_config)}, {{"SYNAPSE_LOG_LEVLE", "DEBUG"}});
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.err.find("SYNAPSE_LOG_LEVEL"), std::string::npos) << done.err;
}

TEST_F(command_line, check_config_shows_what_was_derived_and_what_could_not_be) {
  const auto done = run_gateway(
      {"--check-config", file("backends:\n  ollama: {url: \"http://127.0.0.1:11434/v1\"}\n"
                              "  left: {url: \"http://l\", type: chatterbox}\n"
                              "  right: {url: \"http://r\", type: chatterbox}\n")});
  EXPECT_EQ(done.status, 0);
  for (const std::string words :
       {"/v1/chat/completions  -> ollama  (derived)", "/v1/embeddings        -> ollama  (derived)",
        "http://127.0.0.1:11434\n"})
    EXPECT_NE(done.out.find(words), std::string::npos) << words << " in\n" << done.out;
  EXPECT_TRUE(done.err.starts_with("note: ")) << done.err;
  EXPECT_NE(done.err.find("\nwarning: "), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("/tts/*: left"), std::string::npos) << done.err;
}

TEST_F(command_line, key_that_is_not_in_the_environment_stops_check_and_start_but_no_probe) {
  const auto path = file("listener: {port: 0}\nbackends:\n"
                         "  one:\n    url: http://127.0.0.1:9\n"
                         "    authorization: {bearer_env: ONE_KEY}\n");
  for (const std::string option : {"--check-config", "--config"}) {
    const auto done = run_gateway({option, path});
    EXPECT_EQ(done.status, 2);
    EXPECT_NE(done.err.find(path + ":5: backends.one.authorization.bearer_env: the environment "
                                   "variable ONE_KEY is not set"),
              std::string::npos)
        << done.err;
  }
  EXPECT_EQ(run_gateway({"--check-config", path}, {{"ONE_KEY", "secret"}}).status, 0);
  // Whoever asks how the gateway is need not have its keys.
  const auto probed = run_gateway({"--probe", "--config", path});
  EXPECT_NE(probed.err.find("port 0"), std::string::npos) << probed.err;
}

TEST_F(command_line, start_logs_what_was_derived_and_warns_of_the_rest_once) {
  const std::string text = "backends:\n  mine: {url: \"http://127.0.0.1:9/v1\"}\n"
                           "  left: {url: \"http://127.0.0.1:9\", type: chatterbox}\n"
                           "  right: {url: \"http://127.0.0.1:9\", type: chatterbox}\n";
  gateway_process gateway{text};
  const auto times = [&](const std::string& words) {
    const auto log = gateway.err();
    int count = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1))
      ++count;
    return count;
  };
  const std::string derived =
      "derived routes: /v1/chat/completions, /v1/completions, /v1/embeddings -> mine";
  const std::string warned = "backends.left: no route leads to this backend";
  const std::string noted = "backends.mine.url: the \"/v1\" at its end is left out";
  ASSERT_TRUE(gateway.wait_for_log("listening on")) << gateway.err();
  for (const auto& words : {derived, warned, noted})
    EXPECT_EQ(times(words), 1) << words << " in\n" << gateway.err();
  ASSERT_TRUE(gateway.reload(text + "drain: {limit: 1s}\n"));
  for (const auto& words : {derived, warned, noted})
    EXPECT_EQ(times(words), 1) << words << " in\n" << gateway.err();
}

TEST_F(command_line, file_that_is_missing_or_wrong_stops_the_start) {
  const auto missing = run_gateway({"--config", "/nowhere/backends.yaml"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("/nowhere/backends.yaml"), std::string::npos) << missing.err;
  EXPECT_EQ(run_gateway({"--config", file("backends: 1\n")}).status, 2);
  const auto bad_value = run_gateway({"--config", file(good_config)}, {{"SYNAPSE_PORT", "99999"}});
  EXPECT_EQ(bad_value.status, 2);
  EXPECT_NE(bad_value.err.find("SYNAPSE_PORT"), std::string::npos) << bad_value.err;
}

TEST_F(command_line, config_file_may_come_from_the_environment) {
  const auto path = directory_.path() / "other.yaml";
  support::write_file(path, good_config);
  const auto done = run_gateway({"--check-config", path.string()},
                                {{"SYNAPSE_GATEWAY_CONFIG_PATH", "/nowhere/backends.yaml"}});
  EXPECT_EQ(done.status, 0) << done.err; // the argument wins
  const auto from_variable = run_gateway({}, {{"SYNAPSE_GATEWAY_CONFIG_PATH", "/nowhere/x.yaml"}});
  EXPECT_EQ(from_variable.status, 2);
  EXPECT_NE(from_variable.err.find("/nowhere/x.yaml"), std::string::npos) << from_variable.err;
}

TEST_F(command_line, port_that_is_taken_stops_the_start) {
  // By another program, and by another gateway (whose listeners share a port among themselves).
  std::uint16_t port = 0;
  const auto listening = support::listen_loopback(port);
  const auto done =
      run_gateway({"--config", file(good_config)}, {{"SYNAPSE_PORT", std::to_string(port)}});
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.err.find("cannot listen on 127.0.0.1:" + std::to_string(port)), std::string::npos)
      << done.err;

  gateway_process gateway{good_config};
  const auto second = run_gateway({"--config", file(good_config)},
                                  {{"SYNAPSE_PORT", std::to_string(gateway.port())}});
  EXPECT_EQ(second.status, 1) << second.err;
  EXPECT_TRUE(gateway.get("/livez").ok());
}

TEST_F(command_line, address_that_is_not_here_stops_the_start) {
  const auto done = run_gateway({"--config", file(good_config)},
                                {{"SYNAPSE_HOST", "192.0.2.1"}, {"SYNAPSE_PORT", "0"}});
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.err.find("192.0.2.1"), std::string::npos) << done.err;
}

TEST_F(command_line, log_level_is_taken_from_the_environment) {
  gateway_process quiet{good_config, {.environment = {{"SYNAPSE_LOG_LEVEL", "ERROR"}}}};
  EXPECT_TRUE(quiet.get("/livez").ok());
  EXPECT_EQ(quiet.err().find("listening on"), std::string::npos) << quiet.err();
}

TEST_F(command_line, outputs_that_nobody_reads_any_more_do_not_stop_it) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  support::descriptor reader{ends[0]};
  support::descriptor writer{ends[1]};
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream), {.output = writer.get()}};
  writer.close();
  char first = 0;
  ASSERT_EQ(::read(reader.get(), &first, 1), 1) << "it has nothing to say";
  reader.close();
  const auto lost = [&](const std::string& what) {
    return gateway.metric("synapse_log_lines_dropped_total", R"(log=")" + what + R"(")") > 0;
  };
  EXPECT_TRUE(support::wait_until(
      [&] { return gateway.post(chat_path, chat_body, json_type).ok() && lost("access"); }));
  EXPECT_TRUE(gateway.reload("backends: [", false)); // which it logs
  EXPECT_TRUE(support::wait_until([&] { return lost("system"); }));
  EXPECT_TRUE(gateway.post(chat_path, chat_body, json_type).ok());
}

} // namespace
} // namespace synapse::integration
