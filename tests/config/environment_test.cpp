#include "config/environment.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace synapse::config {
namespace {

/// Problems of `variables`, rendered.
std::string problems_with(const environment& variables) {
  settings all;
  return render_all(apply_environment(variables, all));
}

TEST(environment, overlays_every_variable) {
  settings all;
  const auto problems =
      apply_environment({{"SYNAPSE_HOST", "0.0.0.0"},
                         {"SYNAPSE_PORT", "9000"},
                         {"SYNAPSE_GATEWAY_CONFIG_PATH", "/c.yaml"},
                         {"SYNAPSE_LOG_LEVEL", "debug"},
                         {"SYNAPSE_INSTANCE_ID", "one"},
                         {"SYNAPSE_VOICE_LIBRARY_DIR", "/v"},
                         {"SYNAPSE_MODEL_PROFILES_PATH", "/p.json"},
                         {"SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAMESPACE", "ns"},
                         {"SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME", "dep"},
                         {"SYNAPSE_LLAMA_ROUTER_CONTAINER_NAME", "con"},
                         {"SYNAPSE_RUNTIME_RECONFIGURE_TIMEOUT_SECONDS", "1"},
                         {"SYNAPSE_KUBERNETES_API_URL", "https://[::1]:6443"},
                         {"SYNAPSE_KUBERNETES_SERVICE_ACCOUNT_DIR", "/sa"},
                         {"SYNAPSE_DASHBOARD_ACCESS_TOKEN", "t0ken"},
                         {"SYNAPSE_DASHBOARD_ACCESS_COOKIE_NAME", "crumb"},
                         {"SYNAPSE_DASHBOARD_COOKIE_SECURE", "1"},
                         {"SYNAPSE_TERMINAL_FEED_MODE", "live"},
                         {"SYNAPSE_TERMINAL_FEED_BUFFER_SIZE", "2"},
                         {"SYNAPSE_TERMINAL_FEED_SUBSCRIBER_QUEUE_SIZE", "3"},
                         {"SYNAPSE_TERMINAL_FEED_BACKLOG_LINES", "4"},
                         {"SYNAPSE_TERMINAL_FEED_KEEPALIVE_SECONDS", "5"},
                         {"SYNAPSE_TERMINAL_FEED_MAX_LINE_CHARS", "60"},
                         {"SYNAPSE_TERMINAL_FEED_DEFAULT_LEVEL", "warn"},
                         {"SYNAPSE_TERMINAL_FEED_REDACT_EXTRA_PATTERNS", "a+||b+"},
                         {"SYNAPSE_TERMINAL_FEED_BUS_MODE", "redis"},
                         {"SYNAPSE_TERMINAL_FEED_REDIS_URL", "redis://r:6379/0"},
                         {"SYNAPSE_TERMINAL_FEED_REDIS_CHANNEL", "ch"},
                         {"SYNAPSE_TERMINAL_FEED_REDIS_CONNECT_TIMEOUT_SECONDS", "7"},
                         {"SYNAPSE_CLUSTER_LISTEN", "10.42.0.7"},
                         {"SYNAPSE_CLUSTER_DNS", "replicas"},
                         {"SYNAPSE_CLUSTER_SECRET_FILE", "/secret"},
                         {"PATH", "/bin"}},
                        all);
  EXPECT_EQ(render_all(problems), "");
  settings expected;
  expected.listener.host = "0.0.0.0";
  expected.listener.port = 9000;
  expected.process = {"/c.yaml", "DEBUG", "one",   "/v", "/p.json",
                      "ns",      "dep",   "con",   1,    "https://[::1]:6443",
                      "/sa",     "t0ken", "crumb", true, {}};
  expected.process.terminal_feed = {
      "live", 2, 3, 4, 5, 60, "WARNING", "a+||b+", "redis", "redis://r:6379/0", "ch", 7};
  expected.cluster.listen = "10.42.0.7";
  expected.cluster.dns = "replicas";
  expected.cluster.secret_file = "/secret";
  EXPECT_EQ(all, expected);
}

TEST(environment, the_table_states_the_true_defaults) {
  settings all;
  all.listener.host = "elsewhere";
  all.listener.port = 1;
  all.process.config_path = all.process.log_level = all.process.voice_library_dir = "x";
  all.process.model_profiles_path = all.process.dashboard_cookie_name = "x";
  all.process.llama_router_namespace = all.process.llama_router_deployment = "x";
  all.process.llama_router_container = all.process.kubernetes_service_account_dir = "x";
  all.process.runtime_reconfigure_timeout_seconds = 1;
  all.process.dashboard_cookie_secure = true;
  all.process.terminal_feed = {"x", 1, 1, 1, 1, 1, "x", "", "x", "", "x", 1};
  for (const variable& one : known_variables()) {
    if (!one.default_text.empty()) {
      EXPECT_EQ(one.apply(one.default_text, all), "") << one.name;
    }
  }
  EXPECT_EQ(all, settings{});
}

TEST(environment, every_variable_refuses_or_takes_odd_values_without_harm) {
  for (const variable& one : known_variables()) {
    for (const char* value : {"", " ", "\n", "\x01", "-1", "99999999999999999999999"}) {
      settings all;
      if (!one.apply(value, all).empty()) {
        EXPECT_EQ(all, settings{}) << one.name;
      }
    }
    settings all;
    EXPECT_NE(one.apply("a\r\nb", all), "") << one.name;
  }
}

TEST(environment, bad_values_name_the_variable) {
  EXPECT_EQ(problems_with({{"SYNAPSE_PORT", "99999"},
                           {"SYNAPSE_HOST", "not a host"},
                           {"SYNAPSE_LOG_LEVEL", "FOO"},
                           {"SYNAPSE_DASHBOARD_COOKIE_SECURE", "maybe"},
                           {"SYNAPSE_TERMINAL_FEED_MODE", "lively"},
                           {"SYNAPSE_TERMINAL_FEED_BUS_MODE", "kafka"},
                           {"SYNAPSE_TERMINAL_FEED_BUFFER_SIZE", "0"},
                           {"SYNAPSE_DASHBOARD_ACCESS_COOKIE_NAME", "a;b"},
                           {"SYNAPSE_KUBERNETES_API_URL", "http://10.0.0.1"},
                           {"SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME", "../x"}}),
            "environment: SYNAPSE_DASHBOARD_ACCESS_COOKIE_NAME: must be the name of a cookie, not "
            "\"a;b\"\n"
            "environment: SYNAPSE_DASHBOARD_COOKIE_SECURE: must be true or false, not \"maybe\"\n"
            "environment: SYNAPSE_HOST: must be a host name or an address (IPv6 without brackets), "
            "not \"not a host\"\n"
            "environment: SYNAPSE_KUBERNETES_API_URL: the URL must begin with https://\n"
            "environment: SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME: must be the name of a Kubernetes "
            "object, not \"../x\"\n"
            "environment: SYNAPSE_LOG_LEVEL: must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, "
            "not \"FOO\"\n"
            "environment: SYNAPSE_PORT: must be a whole number between 0 and 65535, not \"99999\"\n"
            "environment: SYNAPSE_TERMINAL_FEED_BUFFER_SIZE: must be a whole number between 1 and "
            "1000000, not \"0\"\n"
            "environment: SYNAPSE_TERMINAL_FEED_BUS_MODE: must be one of local, redis, caf, not "
            "\"kafka\"\n"
            "environment: SYNAPSE_TERMINAL_FEED_MODE: must be one of live, mock, not \"lively\"\n");
}

TEST(environment, a_bad_value_is_an_error_and_changes_nothing) {
  settings all;
  const auto problems = apply_environment({{"SYNAPSE_PORT", "-5"}, {"HOSTNAME", "h"}}, all);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].level, severity::error);
  EXPECT_EQ(all.listener.port, 8000);
}

TEST(environment, unknown_variables_are_warnings_with_a_suggestion) {
  settings all;
  const auto problems = apply_environment({{"SYNAPSE_PROT", "1"},
                                           {"SYNAPSE_TERMINAL_FEED_BUFER_SIZE", "1"},
                                           {"SYNAPSE_COLOUR", "red"},
                                           {"OTHER_PROT", "1"}},
                                          all);
  EXPECT_EQ(
      render_all(problems),
      "environment: SYNAPSE_COLOUR: unknown variable, ignored\n"
      "environment: SYNAPSE_PROT: unknown variable, ignored (did you mean \"SYNAPSE_PORT\"?)\n"
      "environment: SYNAPSE_TERMINAL_FEED_BUFER_SIZE: unknown variable, ignored (did you mean "
      "\"SYNAPSE_TERMINAL_FEED_BUFFER_SIZE\"?)\n");
  EXPECT_FALSE(has_errors(problems));
}

TEST(environment, an_empty_variable_counts_as_unset) {
  settings all;
  EXPECT_TRUE(apply_environment({{"SYNAPSE_PORT", ""}, {"SYNAPSE_DASHBOARD_ACCESS_TOKEN", ""}}, all)
                  .empty());
  EXPECT_EQ(all.listener.port, 8000);
  EXPECT_FALSE(all.process.dashboard_access_token.has_value());
}

TEST(environment, variables_that_kubernetes_makes_for_a_service_are_not_ours) {
  settings all;
  const auto problems = apply_environment({{"SYNAPSE_PORT", "tcp://10.0.0.1:8000"},
                                           {"SYNAPSE_PORT_8000_TCP", "tcp://10.0.0.1:8000"},
                                           {"SYNAPSE_PORT_8000_TCP_ADDR", "10.0.0.1"},
                                           {"SYNAPSE_PORT_8000_TCP_PORT", "8000"},
                                           {"SYNAPSE_PORT_8000_TCP_PROTO", "tcp"},
                                           {"SYNAPSE_SERVICE_HOST", "10.0.0.1"},
                                           {"SYNAPSE_SERVICE_PORT", "8000"},
                                           {"SYNAPSE_SERVICE_PORT_HTTP", "8000"},
                                           {"SYNAPSE_GATEWAY_PORT", "tcp://10.0.0.1:8000"},
                                           {"SYNAPSE_GATEWAY_SERVICE_HOST", "10.0.0.1"}},
                                          all);
  EXPECT_EQ(render_all(problems), "");
  EXPECT_EQ(all.listener, listener_settings{});
}

TEST(environment, secrets_are_never_repeated) {
  const std::string problems =
      problems_with({{"SYNAPSE_DASHBOARD_ACCESS_TOKEN", "hunter2 with blanks"},
                     {"SYNAPSE_TERMINAL_FEED_REDIS_URL", "http://:hunter2@redis"},
                     {"SYNAPSE_DASHBOARD_TOKEN", "hunter2"}});
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 3) << problems;
  EXPECT_EQ(problems.find("hunter2"), std::string::npos) << problems;
}

TEST(environment, a_redis_url_that_cannot_be_read_is_an_error_without_the_url) {
  EXPECT_EQ(problems_with({{"SYNAPSE_TERMINAL_FEED_REDIS_URL", "redis://:hunter2@redis:x"}}),
            "environment: SYNAPSE_TERMINAL_FEED_REDIS_URL: the URL has no port between 1 and 65535 "
            "after the host\n");
}

TEST(environment, the_bus_over_redis_needs_a_url) {
  EXPECT_EQ(problems_with({{"SYNAPSE_TERMINAL_FEED_BUS_MODE", "caf"}}),
            "environment: SYNAPSE_TERMINAL_FEED_BUS_MODE: caf needs a secret: "
            "SYNAPSE_CLUSTER_SECRET_FILE, or cluster.secret_env or cluster.secret_file in the "
            "configuration file\n");
  EXPECT_EQ(problems_with({{"SYNAPSE_TERMINAL_FEED_BUS_MODE", "caf"},
                           {"SYNAPSE_CLUSTER_SECRET_FILE", "/secret"}}),
            "");
  EXPECT_EQ(problems_with({{"SYNAPSE_TERMINAL_FEED_BUS_MODE", "redis"}}),
            "environment: SYNAPSE_TERMINAL_FEED_REDIS_URL: is required when "
            "SYNAPSE_TERMINAL_FEED_BUS_MODE is redis\n");
}

TEST(environment, a_secret_file_of_the_cluster_takes_the_place_of_what_the_file_says) {
  settings all;
  all.cluster.secret_env = "OTHER";
  EXPECT_EQ(render_all(apply_environment({{"SYNAPSE_CLUSTER_SECRET_FILE", "/secret"}}, all)), "");
  EXPECT_EQ(all.cluster.secret_file, "/secret");
  EXPECT_EQ(all.cluster.secret_env, "");
  EXPECT_EQ(problems_with({{"SYNAPSE_CLUSTER_LISTEN", "not a host"}}),
            "environment: SYNAPSE_CLUSTER_LISTEN: must be a host name or an address (IPv6 without "
            "brackets), not \"not a host\"\n");
}

TEST(environment, the_instance_is_named_after_the_host_unless_told) {
  settings all;
  apply_environment({{"HOSTNAME", "pod-1"}}, all);
  EXPECT_EQ(all.process.instance_id, "pod-1");
  apply_environment({{"HOSTNAME", "pod-1"}, {"SYNAPSE_INSTANCE_ID", "mine"}}, all);
  EXPECT_EQ(all.process.instance_id, "mine");
  char name[256] = {};
  ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
  apply_environment({}, all);
  EXPECT_EQ(all.process.instance_id, name);
}

TEST(environment, is_read_from_a_process_environment) {
  const char* const raw[] = {"A=1", "B=x=y", "EMPTY=", "odd", nullptr};
  EXPECT_EQ(environment_from(raw), (environment{{"A", "1"}, {"B", "x=y"}, {"EMPTY", ""}}));
  EXPECT_TRUE(environment_from(nullptr).empty());
}

} // namespace
} // namespace synapse::config
