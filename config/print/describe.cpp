#include "config/print/describe.hpp"

#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "config/environment.hpp"
#include "config/print/describe_catalog.hpp"
#include "config/values/values.hpp"

#include <algorithm>

namespace synapse::config {

namespace {

std::string padded(std::string_view text, std::size_t width) {
  std::string result{text};
  result.resize(std::max(width, result.size()), ' ');
  return result;
}

const char* is_set(bool set) {
  return set ? "set" : "not set";
}

std::string limit_text(milliseconds value) {
  return value == milliseconds{0} ? "off" : format_duration(value);
}

std::string listener_text(const settings& all) {
  backend_url url;
  url.tls = all.listener.tls.enabled();
  url.host = all.listener.host;
  url.port = all.listener.port;
  const std::string threads = all.threads == 0 ? "one per core" : std::to_string(all.threads);
  const std::string port = url.port == 0 ? ", any free port" : "";
  return "listener   " + url.to_string() + port + ", I/O threads: " + threads + "\n";
}

std::string key_text(const authorization_settings& authorization) {
  if (!authorization.bearer_env.empty())
    return "key from the variable " + authorization.bearer_env;
  if (!authorization.bearer_file.empty())
    return "key from the file " + authorization.bearer_file;
  if (!authorization.literal.empty())
    return "key from the LiteLLM file";
  return authorization.forward ? "the client's authorization" : "no authorization";
}

std::string requests_text(const concurrency_settings& concurrency) {
  if (concurrency.max_requests == 0)
    return "unlimited";
  return std::to_string(concurrency.max_requests) + " at once, " +
         std::to_string(concurrency.max_waiting) + " waiting up to " +
         format_duration(concurrency.queue_timeout);
}

std::string backend_text(const backend_settings& backend) {
  const timeout_settings& timeouts = backend.timeouts;
  std::string result = "  " + backend.name + "\n";
  const auto line = [&](const char* what, const std::string& text) {
    result += "    " + padded(what, 9) + text + "\n";
  };
  if (!backend.title.empty())
    line("title", backend.title);
  line("url", backend.url.to_string() +
                  (backend.url.tls && !backend.tls.verify ? " (certificate not checked)" : ""));
  line("type",
       std::string{to_string(backend.type)} + (backend.list_models ? ", in the model list" : ""));
  line("health", backend.health.path + " within " + format_duration(backend.health.timeout) +
                     (backend.health.detect ? ", or what answers instead of it" : ""));
  line("timeouts", "connect " + limit_text(timeouts.connect) + ", response " +
                       limit_text(timeouts.response) + ", first token " +
                       limit_text(timeouts.first_token) + ", idle " + limit_text(timeouts.idle) +
                       ", total " + limit_text(timeouts.total));
  line("attempts", std::to_string(backend.retry.attempts) + ", breaker " +
                       (backend.breaker.enabled
                            ? "after " + std::to_string(backend.breaker.failures) +
                                  " failures for " + format_duration(backend.breaker.cooldown)
                            : std::string{"off"}));
  line("requests", requests_text(backend.concurrency));
  line("sends", key_text(backend.authorization));
  return result;
}

/// `llama-router`, or `* (the backend that lists the model: a, b)`.
std::string target_text(const settings& all, const route_settings& route) {
  if (route.backend != by_model)
    return route.backend;
  std::string names;
  for (const auto name : backends_with_models(all))
    names += (names.empty() ? "" : ", ") + std::string{name};
  return std::string{by_model} + " (the backend that lists the model: " + names + ")";
}

std::string routes_text(const settings& all, std::span<const std::string> derived) {
  std::size_t width = 0;
  for (const route_settings& route : all.routes)
    width = std::max(width, route.path.size());
  std::string result = "routes\n";
  for (const route_settings& route : all.routes)
    result +=
        "  " + padded(route.path, width) + "  -> " + target_text(all, route) +
        (std::find(derived.begin(), derived.end(), route.path) == derived.end() ? "\n"
                                                                                : "  (derived)\n");
  return result;
}

} // namespace

std::string render_summary(const settings& all, std::span<const std::string> derived) {
  const process_settings& process = all.process;
  std::string result = listener_text(all);
  result += "backends\n";
  for (const auto& [name, backend] : all.backends)
    result += backend_text(backend);
  result += describe_catalog(all);
  result += routes_text(all, derived);
  result +=
      "dashboard  token " + std::string{is_set(process.dashboard_access_token.has_value())} + "\n";
  result += "feed       " + process.terminal_feed.mode + ", bus " + process.terminal_feed.bus_mode +
            ", redis URL " + is_set(!process.terminal_feed.redis_url.empty()) + "\n";
  result += "log level  " + process.log_level + "\n";
  return result;
}

std::string render_derived(const settings& all, std::span<const std::string> derived) {
  std::string result;
  const route_settings* last = nullptr;
  for (const std::string& path : derived) {
    const route_settings* route = find_route(all, path);
    if (route == nullptr)
      continue;
    if (last != nullptr)
      result += last->backend == route->backend ? ", " : " -> " + target_text(all, *last) + "; ";
    result += path;
    last = route;
  }
  return last == nullptr ? result : result + " -> " + target_text(all, *last);
}

std::string environment_help() {
  std::string result = "Environment:\n";
  for (const variable& one : known_variables()) {
    result += "  " + std::string{one.name} + "\n      " + std::string{one.description};
    result +=
        one.default_text.empty() ? " [unset]\n" : " [" + std::string{one.default_text} + "]\n";
  }
  return result;
}

} // namespace synapse::config
