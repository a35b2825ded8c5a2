#include "config/environment.hpp"

#include "config/values/networks.hpp"
#include "config/values/redis_url.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace synapse::config {

namespace {

using feed_settings = process_settings::terminal_feed_settings;

constexpr std::string_view prefix = "SYNAPSE_";
constexpr std::string_view levels[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
constexpr std::string_view feed_modes[] = {"live", "mock"};
constexpr std::string_view bus_modes[] = {"local", "redis", "caf"};

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
  return result;
}

/// One of `choices`, or a message that lists them.
std::string choose(std::string_view value, std::span<const std::string_view> choices,
                   std::string& into) {
  std::string known;
  for (std::string_view choice : choices) {
    if (choice == value) {
      into = value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string{choice};
  }
  return "must be one of " + known + ", not " + quote(value);
}

std::string set_level(std::string_view value, std::string& into) {
  const std::string level = upper(value);
  return choose(level == "WARN" ? "WARNING" : level, levels, into);
}

template <class Number>
std::string set_count(std::string_view value, Number min, Number max, Number& into) {
  const auto number = parse_count(value);
  if (!number || *number < min || *number > max)
    return "must be a whole number between " + std::to_string(min) + " and " + std::to_string(max) +
           ", not " + quote(value);
  into = static_cast<Number>(*number);
  return {};
}

std::string set_text(std::string_view value, std::string& into) {
  if (!is_printable(value))
    return "must not have control characters";
  into = value;
  return {};
}

std::string set_boolean(std::string_view value, bool& into) {
  // Shells and manifests often say 1 and 0.
  const auto parsed_value = value == "1"   ? parsed<bool>{true}
                            : value == "0" ? parsed<bool>{false}
                                           : parse_boolean(value);
  if (!parsed_value)
    return parsed_value.error;
  into = *parsed_value;
  return {};
}

/// A name of a Kubernetes object; it becomes part of a URL, so nothing else may pass.
std::string set_object_name(std::string_view value, std::string& into) {
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  const auto outer = [&](char c) { return inner(c) && c != '-' && c != '.'; };
  if (value.empty() || value.size() > 253 || !outer(value.front()) || !outer(value.back()) ||
      !std::all_of(value.begin(), value.end(), inner))
    return "must be the name of a Kubernetes object, not " + quote(value);
  into = value;
  return {};
}

std::string set_address(std::string_view value, std::string& into) {
  if (!is_host(value))
    return "must be a host name or an address (IPv6 without brackets), not " + quote(value);
  into = value;
  return {};
}

std::string set_cluster_secret_file(std::string_view value, settings& all) {
  if (auto wrong = set_text(value, all.cluster.secret_file); !wrong.empty())
    return wrong;
  all.cluster.secret_env.clear();
  return {};
}

std::string set_api_url(std::string_view value, settings& all) {
  const auto url = parse_url(value);
  if (!url)
    return url.error;
  // The service account's token goes there.
  if (!url->tls)
    return "the URL must begin with https://";
  all.process.kubernetes_api_url = value;
  return {};
}

std::string set_token(std::string_view value, settings& all) {
  if (!is_printable(value) || value.find(' ') != std::string_view::npos)
    return "must not have blanks or control characters";
  all.process.dashboard_access_token = std::string{value};
  return {};
}

std::string set_cookie_name(std::string_view value, settings& all) {
  // RFC 6265: a cookie's name is an HTTP token.
  constexpr std::string_view separators = "()<>@,;:\\\"/[]?={} \t";
  const bool token = std::all_of(value.begin(), value.end(), [&](char c) {
    return c > ' ' && c < 0x7f && separators.find(c) == std::string_view::npos;
  });
  if (!token || value.size() > 128)
    return "must be the name of a cookie, not " + quote(value);
  all.process.dashboard_cookie_name = value;
  return {};
}

/// Addresses and ranges, separated by commas or blanks.
std::string set_trusted_proxies(std::string_view value, settings& all) {
  std::vector<std::string> proxies;
  while (!value.empty()) {
    const auto end = std::min(value.find_first_of(", "), value.size());
    if (end > 0) {
      if (const auto range = parse_network(value.substr(0, end)); !range)
        return range.error;
      proxies.emplace_back(value.substr(0, end));
    }
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  all.process.trusted_proxies = std::move(proxies);
  return {};
}

std::string set_redis_url(std::string_view value, settings& all) {
  if (const auto url = parse_redis_url(value); !url)
    return url.error;
  all.process.terminal_feed.redis_url = value;
  return {};
}

constexpr unsigned day_seconds = 24 * 60 * 60;

template <std::string process_settings::*Member>
std::string process_text(std::string_view value, settings& all) {
  return set_text(value, all.process.*Member);
}
template <std::string process_settings::*Member>
std::string object_name(std::string_view value, settings& all) {
  return set_object_name(value, all.process.*Member);
}
template <std::string feed_settings::*Member>
std::string feed_text(std::string_view value, settings& all) {
  return set_text(value, all.process.terminal_feed.*Member);
}
template <unsigned feed_settings::*Member, unsigned Min, unsigned Max>
std::string feed_count(std::string_view value, settings& all) {
  return set_count(value, Min, Max, all.process.terminal_feed.*Member);
}

constexpr variable variables[] = {
    {"SYNAPSE_HOST", "127.0.0.1", "address to listen on",
     [](std::string_view value, settings& all) { return set_address(value, all.listener.host); }},
    {"SYNAPSE_PORT", "8000", "port to listen on, 0 = any free one",
     [](std::string_view value, settings& all) {
       return set_count<std::uint16_t>(value, 0, 65535, all.listener.port);
     }},
    {"SYNAPSE_GATEWAY_CONFIG_PATH", "/config/backends.yaml", "the configuration file",
     process_text<&process_settings::config_path>},
    {"SYNAPSE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL",
     [](std::string_view value, settings& all) { return set_level(value, all.process.log_level); }},
    {"SYNAPSE_INSTANCE_ID", "", "name of this process in logs and events; default HOSTNAME",
     process_text<&process_settings::instance_id>},
    {"SYNAPSE_VOICE_LIBRARY_DIR", "/data/voices", "directory of the voice library",
     process_text<&process_settings::voice_library_dir>},
    {"SYNAPSE_MODEL_PROFILES_PATH", "/data/voices/model-profiles.json",
     "file with the models' stored settings", process_text<&process_settings::model_profiles_path>},
    {"SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAMESPACE", "llm-infra",
     "namespace of the Deployment whose arguments may be changed",
     object_name<&process_settings::llama_router_namespace>},
    {"SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME", "llama-router", "name of that Deployment",
     object_name<&process_settings::llama_router_deployment>},
    {"SYNAPSE_LLAMA_ROUTER_CONTAINER_NAME", "llama-server", "container in that Deployment",
     object_name<&process_settings::llama_router_container>},
    {"SYNAPSE_RUNTIME_RECONFIGURE_TIMEOUT_SECONDS", "300",
     "longest wait for such a change to take effect",
     [](std::string_view value, settings& all) {
       return set_count(value, 1u, day_seconds, all.process.runtime_reconfigure_timeout_seconds);
     }},
    {"SYNAPSE_KUBERNETES_API_URL", "",
     "the Kubernetes API, https://…; default KUBERNETES_SERVICE_HOST and _PORT", set_api_url},
    {"SYNAPSE_KUBERNETES_SERVICE_ACCOUNT_DIR", "/var/run/secrets/kubernetes.io/serviceaccount",
     "directory with the files token and ca.crt for it",
     process_text<&process_settings::kubernetes_service_account_dir>},
    {"SYNAPSE_DASHBOARD_ACCESS_TOKEN", "",
     "token for the dashboard; unset = open to this machine alone", set_token},
    {"SYNAPSE_DASHBOARD_ACCESS_COOKIE_NAME", "synapse_dash_token", "name of the dashboard's cookie",
     set_cookie_name},
    {"SYNAPSE_DASHBOARD_COOKIE_SECURE", "false", "mark the cookie Secure (HTTPS only)",
     [](std::string_view value, settings& all) {
       return set_boolean(value, all.process.dashboard_cookie_secure);
     }},
    {"SYNAPSE_TRUSTED_PROXIES", "",
     "addresses and ranges (10.0.0.0/8) of reverse proxies before the gateway, with commas between",
     set_trusted_proxies},
    {"SYNAPSE_DASHBOARD_DIR", "",
     "directory of the built front end; unset: share/synapse/dashboard beside the program's folder",
     process_text<&process_settings::dashboard_dir>},
    {"SYNAPSE_TERMINAL_FEED_MODE", "mock", "live serves the feed; mock shows marked sample lines",
     [](std::string_view value, settings& all) {
       return choose(value, feed_modes, all.process.terminal_feed.mode);
     }},
    {"SYNAPSE_TERMINAL_FEED_BUFFER_SIZE", "500", "recent lines that are kept",
     feed_count<&feed_settings::buffer_size, 1, 1'000'000>},
    {"SYNAPSE_TERMINAL_FEED_SUBSCRIBER_QUEUE_SIZE", "200",
     "lines that may wait for one viewer; the oldest are dropped",
     feed_count<&feed_settings::subscriber_queue_size, 1, 100'000>},
    {"SYNAPSE_TERMINAL_FEED_BACKLOG_LINES", "80", "lines a new viewer is shown first",
     feed_count<&feed_settings::backlog_lines, 0, 1'000'000>},
    {"SYNAPSE_TERMINAL_FEED_KEEPALIVE_SECONDS", "15", "silence before a comment is sent",
     feed_count<&feed_settings::keepalive_seconds, 1, 3600>},
    {"SYNAPSE_TERMINAL_FEED_MAX_LINE_CHARS", "1200", "longer lines are cut",
     feed_count<&feed_settings::max_line_chars, 16, 1'000'000>},
    {"SYNAPSE_TERMINAL_FEED_DEFAULT_LEVEL", "INFO", "lowest level shown unless the viewer asks",
     [](std::string_view value, settings& all) {
       return set_level(value, all.process.terminal_feed.default_level);
     }},
    {"SYNAPSE_TERMINAL_FEED_REDACT_EXTRA_PATTERNS", "",
     "regular expressions separated by || whose matches are hidden",
     feed_text<&feed_settings::redact_extra_patterns>},
    {"SYNAPSE_TERMINAL_FEED_BUS_MODE", "local", "how replicas share lines: local, redis or caf",
     [](std::string_view value, settings& all) {
       return choose(value, bus_modes, all.process.terminal_feed.bus_mode);
     }},
    {"SYNAPSE_TERMINAL_FEED_REDIS_URL", "", "Redis server for the bus mode redis", set_redis_url},
    {"SYNAPSE_TERMINAL_FEED_REDIS_CHANNEL", "synapse:terminal_feed", "channel on that server",
     feed_text<&feed_settings::redis_channel>},
    {"SYNAPSE_TERMINAL_FEED_REDIS_CONNECT_TIMEOUT_SECONDS", "5", "longest wait for that server",
     feed_count<&feed_settings::redis_connect_timeout_seconds, 1, 300>},
    {"SYNAPSE_CLUSTER_LISTEN", "",
     "address that other replicas connect to, with the bus mode caf; wins over cluster.listen",
     [](std::string_view value, settings& all) { return set_address(value, all.cluster.listen); }},
    {"SYNAPSE_CLUSTER_DNS", "",
     "name that has the addresses of all replicas; wins over cluster.dns",
     [](std::string_view value, settings& all) { return set_address(value, all.cluster.dns); }},
    {"SYNAPSE_CLUSTER_SECRET_FILE", "",
     "file that holds the secret of all replicas; wins over the configuration file",
     set_cluster_secret_file},
};

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether Kubernetes made the variable for a Service (`<SERVICE>_SERVICE_HOST`, `<SERVICE>_PORT`,
/// `<SERVICE>_PORT_8000_TCP_ADDR`, …): with a Service named "synapse" they look like ours.
bool is_service_link(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos)
    return true;
  const bool address = value.starts_with("tcp://") || value.starts_with("udp://");
  if (name.ends_with("_PORT") && address)
    return true;
  const std::size_t port = name.find("_PORT_");
  if (port == std::string_view::npos)
    return false;
  const std::string_view rest = name.substr(port + 6);
  const std::size_t end = std::min(rest.find('_'), rest.size());
  const std::string_view protocol = rest.substr(end);
  return is_digits(rest.substr(0, end)) &&
         (protocol.starts_with("_TCP") || protocol.starts_with("_UDP"));
}

std::string host_name(const environment& all) {
  if (const auto found = all.find("HOSTNAME"); found != all.end() && !found->second.empty())
    return found->second;
  std::array<char, 256> name{};
  // One byte is kept back: a cut name need not be terminated.
  if (::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0')
    return name.data();
  return "synapse";
}

problem environment_problem(std::string_view name, std::string message, severity level) {
  return {"environment", 0, std::string{name}, std::move(message), "", level};
}

/// The known variable that is nearest to `name`; the common prefix does not count as likeness.
std::string nearest_variable(std::string_view name) {
  std::array<std::string_view, std::size(variables)> known;
  std::transform(std::begin(variables), std::end(variables), known.begin(),
                 [](const variable& one) { return one.name.substr(prefix.size()); });
  const std::string found = nearest(name.substr(prefix.size()), known);
  return found.empty() ? found : std::string{prefix} + found;
}

} // namespace

environment environment_from(const char* const* entries) {
  environment result;
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    const std::string_view entry{*entries};
    if (const std::size_t equals = entry.find('='); equals != std::string_view::npos)
      result.try_emplace(std::string{entry.substr(0, equals)}, entry.substr(equals + 1));
  }
  return result;
}

std::span<const variable> known_variables() {
  return variables;
}

std::vector<problem> apply_environment(const environment& all, settings& into) {
  std::vector<problem> problems;
  into.process.instance_id = host_name(all);
  for (const auto& entry : all) {
    // No structured binding: clang 14 cannot capture one.
    const auto& name = entry.first;
    const auto& value = entry.second;
    if (!name.starts_with(prefix) || value.empty() || is_service_link(name, value))
      continue;
    const auto* const known = std::find_if(std::begin(variables), std::end(variables),
                                           [&](const variable& one) { return one.name == name; });
    if (known == std::end(variables)) {
      problems.push_back(environment_problem(name, "unknown variable, ignored", severity::warning));
      problems.back().suggestion = nearest_variable(name);
    } else if (std::string wrong = known->apply(value, into); !wrong.empty()) {
      problems.push_back(environment_problem(name, std::move(wrong), severity::error));
    }
  }
  const feed_settings& feed = into.process.terminal_feed;
  const auto reported = [&](std::string_view name) {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const problem& one) { return one.key == name; });
  };
  constexpr std::string_view redis_url = "SYNAPSE_TERMINAL_FEED_REDIS_URL";
  if (feed.bus_mode == "redis" && feed.redis_url.empty() && !reported(redis_url))
    problems.push_back(environment_problem(
        redis_url, "is required when SYNAPSE_TERMINAL_FEED_BUS_MODE is redis", severity::error));
  const cluster_settings& cluster = into.cluster;
  if (feed.bus_mode == "caf" && cluster.secret_env.empty() && cluster.secret_file.empty())
    problems.push_back(environment_problem(
        "SYNAPSE_TERMINAL_FEED_BUS_MODE",
        "caf needs a secret: SYNAPSE_CLUSTER_SECRET_FILE, or cluster.secret_env or "
        "cluster.secret_file in the configuration file",
        severity::error));
  return problems;
}

} // namespace synapse::config
