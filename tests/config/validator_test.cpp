#include "config/validator.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace synapse::config {
namespace {

/// Settings without a problem, to be spoilt.
struct validator : testing::Test {
  validator() {
    backend_settings backend;
    backend.name = "b";
    backend.url.host = "b";
    all.backends["b"] = backend;
    all.routes = {{"/a", "b"}};
  }

  backend_settings& b() { return all.backends.at("b"); }
  std::string check() const { return render_all(validate(all)); }

  settings all;
};

TEST_F(validator, defaults_are_valid) {
  EXPECT_EQ(check(), "");
}

TEST_F(validator, a_certificate_needs_its_key_and_the_key_its_certificate) {
  all.listener.tls.certificate = "c";
  EXPECT_EQ(check(), "listener.tls.certificate: needs tls.key as well\n");
  all.listener.tls = {"", "k"};
  EXPECT_EQ(check(), "listener.tls.key: needs tls.certificate as well\n");
  all.listener.tls = {"c", "k"};
  EXPECT_EQ(check(), "");
  b().url.tls = true;
  b().tls.certificate = "c";
  EXPECT_EQ(check(), "backends.b.tls.certificate: needs tls.key as well\n");
  b().tls.key = "k";
  EXPECT_EQ(check(), "");
}

TEST_F(validator, an_origin_is_written_as_browsers_send_it) {
  all.cors.origins = {"https://chat.example.org", "http://127.0.0.1:3000"};
  EXPECT_EQ(check(), "");
  all.cors.origins = {"https://chat.example.org/"};
  EXPECT_EQ(check(),
            "cors.origins[0]: must be written as browsers send it: scheme://host[:port] in "
            "small letters, without a default port and without a path (did you mean "
            "\"https://chat.example.org\"?)\n");
  all.cors.origins = {"http://a", "*"};
  EXPECT_EQ(check(), "cors.origins[1]: must name each origin by itself: with \"*\" any page that "
                     "somebody visits could use the gateway\n");
  all.cors.origins = {"chat.example.org"};
  EXPECT_EQ(check(), "cors.origins[0]: must be an origin such as https://chat.example.org, not "
                     "\"chat.example.org\"\n");
  all.cors.origins = {" "};
  EXPECT_EQ(check(), "cors.origins[0]: must not be empty\n") << "said once";
}

TEST_F(validator, a_name_of_the_listener_is_a_name_alone) {
  all.listener.hosts = {"ai.home.arpa", "192.0.2.1", "2001:db8::1"};
  EXPECT_EQ(check(), "");
  const std::string text =
      "listener.hosts[0]: must be a host name or an address alone; any port is "
      "served";
  for (const auto* slip :
       {"ai.home.arpa:8443", "https://ai.home.arpa", "https://ai.home.arpa:1/x"}) {
    all.listener.hosts = {slip};
    EXPECT_EQ(check(), text + " (did you mean \"ai.home.arpa\"?)\n") << slip;
  }
  all.listener.hosts = {"[2001:db8::1]"};
  EXPECT_EQ(check(), text + " (did you mean \"2001:db8::1\"?)\n");
  all.listener.hosts = {"*"};
  EXPECT_EQ(check(), text + "\n");
}

TEST_F(validator, tls_settings_need_a_tls_url) {
  const std::string expected =
      "backends.b.tls: has no effect on an http:// URL; use https:// or remove it\n";
  b().tls.verify = false;
  EXPECT_EQ(check(), expected);
  b().tls = {};
  b().tls.ca_file = "ca";
  EXPECT_EQ(check(), expected);
  b().url.tls = true;
  EXPECT_EQ(check(), "");
}

TEST_F(validator, only_one_source_of_a_key) {
  b().authorization.bearer_env = "KEY";
  EXPECT_EQ(check(), "");
  b().authorization.bearer_file = "/key";
  EXPECT_EQ(check(),
            "backends.b.authorization.bearer_file: bearer_env and bearer_file must not both "
            "be set\n");
  b().authorization.bearer_env = "";
  EXPECT_EQ(check(), "");
}

TEST_F(validator, the_cluster_has_all_of_tls_or_nothing) {
  all.cluster.tls.certificate = "/c";
  const std::string required =
      " is required: without certificate, key and ca together anybody could connect\n";
  EXPECT_EQ(check(), "cluster.tls.key:" + required + "cluster.tls.ca:" + required);
  all.cluster.tls.key = "/k";
  EXPECT_EQ(check(), "cluster.tls.ca:" + required);
  all.cluster.tls.ca = "/a";
  EXPECT_EQ(check(), "");
  all.cluster.tls.certificate = "";
  EXPECT_EQ(check(), "cluster.tls.certificate:" + required);
}

TEST_F(validator, the_cluster_has_addresses_times_and_one_secret) {
  all.cluster.peers = {"a:1", "[::1]:7946", "10.0.0.1", "a:0", ":1"};
  EXPECT_EQ(check(), "cluster.peers[2]: must be host:port\n"
                     "cluster.peers[3]: has a port that is not between 1 and 65535\n"
                     "cluster.peers[4]: has no host\n");
  all.cluster.peers = {"a:1", "b:1"};
  all.cluster.max_members = 1;
  EXPECT_EQ(check(), "cluster.peers: must not have more entries than max_members\n");
  all.cluster.peers.clear();
  all.cluster.timeout = all.cluster.heartbeat;
  EXPECT_EQ(check(), "cluster.timeout: must be at least twice as long as heartbeat\n");
  all.cluster.timeout = milliseconds{1000};
  all.cluster.redial = {milliseconds{20}, milliseconds{10}};
  EXPECT_EQ(check(), "cluster.redial.max: must not be shorter than redial.min\n");
  all.cluster.redial.max = milliseconds{20};
  all.cluster.secret_env = "two words of a secret";
  EXPECT_EQ(check(),
            "cluster.secret_env: must be the name of an environment variable, not a secret\n");
  all.cluster.secret_env = "SECRET";
  all.cluster.secret_file = "/secret";
  EXPECT_EQ(check(), "cluster.secret_file: secret_env and secret_file must not both be set\n");
}

TEST_F(validator, retries_need_waits) {
  b().retry.waits.clear();
  EXPECT_EQ(check(),
            "backends.b.retry.waits: must not be empty when there is more than one attempt\n");
  b().retry.attempts = 1;
  EXPECT_EQ(check(), "");
  b().retry.waits.assign(17, milliseconds{1});
  EXPECT_EQ(check(), "backends.b.retry.waits: must not have more than 16 entries\n");
}

TEST_F(validator, ranges_include_their_ends) {
  for (const unsigned attempts : {1u, 10u}) {
    b().retry.attempts = attempts;
    EXPECT_EQ(check(), "");
  }
  b().retry.attempts = 0;
  EXPECT_EQ(check(), "backends.b.retry.attempts: must be between 1 and 10\n");
  b().retry.attempts = 3;
  for (const double jitter : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    b().retry.jitter = jitter;
    EXPECT_EQ(check(), "backends.b.retry.jitter: must be between 0 and 1\n");
  }
  b().retry.jitter = 1;
  all.limits.max_header_bytes = 64 * 1024 + 1;
  EXPECT_EQ(check(), "limits.max_header_bytes: must be between 4KiB and 64KiB\n");
  all.limits.max_header_bytes = 64 * 1024;
  all.threads = 257;
  EXPECT_EQ(check(), "threads: must be between 0 and 256\n");
  all.threads = 256;
  all.limits.stream_keepalive = milliseconds{0};
  EXPECT_EQ(check(), "");
  all.limits.header_timeout = milliseconds{0};
  EXPECT_EQ(check(), "limits.header_timeout: must be between 1ms and 1h\n");
  all.limits.header_timeout = milliseconds{1};
  b().timeouts.total = milliseconds{-1};
  EXPECT_EQ(check(), "backends.b.timeouts.total: must be between 0 and 24h\n");
}

TEST_F(validator, names_texts_and_paths) {
  all.listener.host = "not a host";
  EXPECT_EQ(check(), "listener.host: must be a host name or an address (IPv6 without brackets)\n");
  all.listener.host = "::";
  b().title = "two\nlines";
  EXPECT_EQ(check(), "backends.b.title: must not have control characters\n");
  b().title = std::string(5000, 'x');
  EXPECT_EQ(check(), "backends.b.title: is longer than 4096 bytes\n");
  b().title = "Größe";
  EXPECT_EQ(check(), "");
  b().health.path = "/a b";
  EXPECT_EQ(check(), "backends.b.health.path: must be a path that begins with \"/\", without "
                     "blanks\n");
  b().health.path = "/ready?full=1";
  EXPECT_EQ(check(), "");
  b().url.host = "";
  EXPECT_EQ(check(), "backends.b.url: has no valid host\n");
}

TEST_F(validator, backend_names_are_fit_for_labels) {
  for (const char* name : {"", "-a", "a b", "a/b", "a\"b", "ä"}) {
    settings spoilt = all;
    spoilt.backends[name] = b();
    EXPECT_EQ(validate(spoilt).size(), 1u) << name;
  }
  all.backends[std::string(65, 'a')] = b();
  EXPECT_EQ(validate(all).size(), 1u);
}

TEST_F(validator, routes_must_lead_somewhere_once) {
  all.routes = {{"/a", "b"}, {"/a", "b"}, {"/c", "bb"}};
  EXPECT_EQ(check(), "routes./a: given twice\n"
                     "routes./c: unknown backend \"bb\" (did you mean \"b\"?)\n");
  all.routes.assign(2000, {"/a", "b"});
  EXPECT_EQ(check(), "routes: must not have more than 1024 entries\n");
}

TEST_F(validator, the_choice_of_a_model_ends_at_a_model) {
  all.models.choice.general = "";
  EXPECT_EQ(check(), "models.auto.general: must name a model\n");
  all.models.choice.general = "m";
  all.models.choice.rules = {{"", {}}, {"m", {"a", "", "b\nc"}}};
  EXPECT_EQ(check(), "models.auto.rules[0].model: must name a model\n"
                     "models.auto.rules[0].words: must not be empty: such a rule never decides\n"
                     "models.auto.rules[1].words[1]: must not be empty\n"
                     "models.auto.rules[1].words[2]: must not have control characters\n");
  all.models.choice.rules.clear();
  EXPECT_EQ(check(), "");
  all.models.choice.names = {"auto", " "};
  EXPECT_EQ(check(), "models.auto.names[1]: must not be empty\n");
  all.models.choice.names.clear();
  EXPECT_EQ(check(), "") << "an absent model still leaves the choice";
}

TEST_F(validator, aliases_end_at_a_model) {
  all.models.aliases = {{"a", "b"}, {"b", "m"}, {"auto", "m"}, {"c", "auto"}, {"d", ""}};
  EXPECT_EQ(check(), "models.aliases.a: names another alias; name the model itself\n"
                     "models.aliases.auto: is a name that leaves the choice to the gateway, see "
                     "models.auto.names\n"
                     "models.aliases.c: names another alias; name the model itself\n"
                     "models.aliases.d: must name a model\n");
  all.models.aliases = {{"", "m"}, {"c", "auto"}};
  EXPECT_EQ(check(), "models.aliases.: is a name that leaves the choice to the gateway, see "
                     "models.auto.names\n"
                     "models.aliases.c: means that the gateway chooses; add the name to "
                     "models.auto.names instead\n");
  all.models.aliases = {{"a", "m\n"}};
  EXPECT_EQ(check(), "models.aliases.a: must not have control characters\n");
  all.models.aliases = {{"a", "a"}};
  EXPECT_EQ(check(), "models.aliases.a: names another alias; name the model itself\n");
}

TEST_F(validator, times_of_models_have_their_ranges) {
  all.models.batch_window = milliseconds{0};
  all.models.linger = milliseconds{0};
  all.models.restart_patience = milliseconds{0};
  all.models.keepalive = milliseconds{0};
  EXPECT_EQ(check(), "");
  all.models.max_wait = milliseconds{0};
  all.models.load_timeout = milliseconds{0};
  all.models.poll = milliseconds{9};
  all.models.refresh = milliseconds{99};
  all.models.max_waiting = 0;
  all.models.max_loaded = 1001;
  EXPECT_EQ(check(), "models.max_wait: must be between 1ms and 24h\n"
                     "models.load_timeout: must be between 1ms and 24h\n"
                     "models.poll: must be between 10ms and 60s\n"
                     "models.refresh: must be between 100ms and 1h\n"
                     "models.max_waiting: must be between 1 and 1000000\n"
                     "models.max_loaded: must be between 0 and 1000\n");
}

TEST_F(validator, reports_everything_at_once) {
  all.threads = 1000;
  b().retry.attempts = 0;
  b().url.host = "";
  all.routes = {{"x", "y"}};
  EXPECT_EQ(validate(all).size(), 5u) << check();
}

} // namespace
} // namespace synapse::config
