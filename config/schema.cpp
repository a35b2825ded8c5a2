#include "config/schema.hpp"

#include "config/values/values.hpp"

#include <cstdio>

namespace synapse::config {

namespace {

using namespace ranges;

const field<settings> settings_fields[] = {
    {"threads", &settings::threads, between(0, 256), "I/O threads; 0 = one per core"},
};

const field<listener_settings> listener_fields[] = {
    {"host", &listener_settings::host, any, "address to listen on; SYNAPSE_HOST wins"},
    {"port", &listener_settings::port, between(0, 65535),
     "port to listen on, 0 = any free one; SYNAPSE_PORT wins"},
    {"backlog", &listener_settings::backlog, between(1, 65535),
     "connections the kernel keeps until they are accepted"},
    {"hosts", &listener_settings::hosts, any,
     "names, besides those of loopback, that a listener on loopback answers to; 421 for others"},
};

const field<listener_tls_settings> listener_tls_fields[] = {
    {"certificate", &listener_tls_settings::certificate, any,
     "PEM file with the certificate chain; empty = plain HTTP"},
    {"key", &listener_tls_settings::key, any, "PEM file with the private key"},
};

const field<limit_settings> limit_fields[] = {
    {"max_header_bytes", &limit_settings::max_header_bytes, bytes_between(4 * kib, 64 * kib),
     "whole request head; 431 above"},
    {"max_uri_bytes", &limit_settings::max_uri_bytes, bytes_between(256, 64 * kib),
     "request target; 414 above"},
    {"max_header_fields", &limit_settings::max_header_fields, between(8, 1000),
     "header fields of a request; 431 above"},
    {"max_json_body_bytes", &limit_settings::max_json_body_bytes, bytes_between(1 * kib, 1 * gib),
     "bodies that are inspected; 413 above"},
    {"max_upload_bytes", &limit_settings::max_upload_bytes, bytes_between(1 * mib, 1024 * gib),
     "forms with recordings, passed on while they arrive; 413 above"},
    {"max_kept_upload_bytes", &limit_settings::max_kept_upload_bytes,
     bytes_between(256 * kib, 1 * gib),
     "of a form for a name of the catalog, kept so that another deployment can be asked"},
    {"max_kept_uploads_total_bytes", &limit_settings::max_kept_uploads_total_bytes,
     off_or_bytes_between(256 * kib, 1024 * gib),
     "of all such forms together; what comes beyond is passed on without being kept; 0 = none is"},
    {"max_stream_event_bytes", &limit_settings::max_stream_event_bytes,
     bytes_between(1 * kib, 64 * mib), "one event of a backend's stream"},
    {"max_connections", &limit_settings::max_connections, between(1, 1'000'000),
     "client connections of the process, as far as the limit of open files allows; beyond: see "
     "`reserved_connections`"},
    {"max_connections_per_address", &limit_settings::max_connections_per_address,
     off_or_between(1, 1'000'000),
     "of one address, or /64 of IPv6, that is no trusted proxy; 0 = three quarters of "
     "`max_connections`"},
    {"reserved_connections", &limit_settings::reserved_connections, between(1, 1000),
     "places beyond `max_connections` that answer `/livez` and `/readyz` only"},
    {"header_timeout", &limit_settings::header_timeout, between(1, hour),
     "first byte of a head until it is complete; 408"},
    {"body_timeout", &limit_settings::body_timeout, between(1, day),
     "between two bytes of a request body; 408"},
    {"min_body_rate", &limit_settings::min_body_rate, off_or_bytes_between(1, 1 * gib),
     "of a request body per second, on average after `body_timeout`; 408 below; 0 = any"},
    {"max_body_time", &limit_settings::max_body_time, off_or_between(1, day),
     "that a client may be waited for in all while it sends a body; 408; 0 = no limit"},
    {"idle_timeout", &limit_settings::idle_timeout, between(1, day),
     "keep-alive connection without a request"},
    {"write_timeout", &limit_settings::write_timeout, between(1, day),
     "a client that does not read its answer"},
    {"stream_keepalive", &limit_settings::stream_keepalive, off_or_between(1, hour),
     "silence of a stream, from its request on, before a comment is sent; 0 = never"},
};

const field<cors_settings> cors_fields[] = {
    {"origins", &cors_settings::origins, any,
     "`scheme://host[:port]` of web pages that may use the gateway; none unless given"},
};

const field<drain_settings> drain_fields[] = {
    {"delay", &drain_settings::delay, between(0, hour),
     "how long readiness fails before the listeners close"},
    {"limit", &drain_settings::limit, between(0, day),
     "how long running requests may take before they are cut"},
};

const field<health_aggregation_settings> health_aggregation_fields[] = {
    {"max_age", &health_aggregation_settings::max_age, between(0, hour),
     "a health round younger than this answers `/health` again"},
};

const field<model_settings> model_fields[] = {
    {"batch_window", &model_settings::batch_window, between(0, hour),
     "requests for a loaded model go first for so long while others wait"},
    {"linger", &model_settings::linger, between(0, hour),
     "an idle model stays for so long after its last request, although others wait"},
    {"max_wait", &model_settings::max_wait, between(1, day),
     "longest wait of a request for its model; then 503"},
    {"load_timeout", &model_settings::load_timeout, between(1, day),
     "load asked for until the model is loaded; then 504"},
    {"restart_patience", &model_settings::restart_patience, between(0, hour),
     "how long a router that does not answer is asked again"},
    {"keepalive", &model_settings::keepalive, off_or_between(1, hour),
     "a streaming client that waits for its model gets a comment this often; 0 = never"},
    {"poll", &model_settings::poll, between(10, minute),
     "between two looks at a router while a model changes"},
    {"refresh", &model_settings::refresh, between(100, hour),
     "between two looks at a router while nothing happens"},
    {"max_waiting", &model_settings::max_waiting, between(1, 1'000'000),
     "requests that may wait for models of one router; 429 beyond"},
    {"max_loaded", &model_settings::max_loaded, between(0, 1000),
     "models loaded at once; 0 = what the router says, 1 where it does not"},
};

const field<model_choice_settings> model_choice_fields[] = {
    {"names", &model_choice_settings::names, any,
     "values of `model` that leave the choice to the gateway"},
    {"general", &model_choice_settings::general, any, "the model where no rule fits"},
};

const field<model_rule> model_rule_fields[] = {
    {"model", &model_rule::model, any, "the model where one of the words is found"},
    {"words", &model_rule::words, any, "whole words in the user's messages, any case"},
};

const field<cluster_settings> cluster_fields[] = {
    {"listen", &cluster_settings::listen, any, "address that other replicas connect to"},
    {"port", &cluster_settings::port, between(0, 65535), "and its port, 0 = any free one"},
    {"advertise", &cluster_settings::advertise, any,
     "`host:port` at which others reach this replica; empty = what it listens on"},
    {"peers", &cluster_settings::peers, any, "`host:port` of other replicas"},
    {"dns", &cluster_settings::dns, any,
     "name that resolves to the addresses of all replicas, such as a headless Service"},
    {"dns_port", &cluster_settings::dns_port, between(1, 65535), "port of the addresses of `dns`"},
    {"dns_refresh", &cluster_settings::dns_refresh, between(100, day),
     "how often `dns` is resolved anew"},
    {"secret_env", &cluster_settings::secret_env, any,
     "name of the environment variable that holds the secret of all replicas"},
    {"secret_file", &cluster_settings::secret_file, any, "file that holds it"},
    {"heartbeat", &cluster_settings::heartbeat, between(20, minute),
     "between two questions to another replica"},
    {"timeout", &cluster_settings::timeout, between(100, 10 * minute),
     "a replica that has not answered for so long is down"},
    {"max_members", &cluster_settings::max_members, between(1, 1024), "replicas besides this one"},
    {"max_strangers", &cluster_settings::max_strangers, between(1, 1024),
     "connections of others that have not shown the secret yet"},
    {"greeting_timeout", &cluster_settings::greeting_timeout, between(100, 10 * minute),
     "longest time until they have"},
    {"queue", &cluster_settings::queue, between(1, 1'000'000),
     "lines that may wait for one replica; the oldest give way"},
};

const field<cluster_tls_settings> cluster_tls_fields[] = {
    {"certificate", &cluster_tls_settings::certificate, any,
     "PEM file with this replica's certificate chain; empty = plain TCP"},
    {"key", &cluster_tls_settings::key, any, "PEM file with its private key"},
    {"ca", &cluster_tls_settings::ca, any,
     "PEM file with the authorities whose replicas are accepted"},
};

const field<redial_settings> redial_fields[] = {
    {"min", &redial_settings::min, between(10, hour),
     "pause before a replica is tried again; doubles with each attempt"},
    {"max", &redial_settings::max, between(10, hour), "longest such pause"},
};

const field<backend_settings> backend_fields[] = {
    {"title", &backend_settings::title, any, "name for people; empty = the name"},
    {"dns_refresh", &backend_settings::dns_refresh, between(100, day),
     "how often the host name is resolved anew"},
    {"list_models", &backend_settings::list_models, any, "take part in `GET /v1/models`",
     "true for types with models"},
    {"manage_models", &backend_settings::manage_models, any,
     "it is a llama.cpp router whose models the gateway loads and unloads",
     "true for llama-router and what serves /models"},
    {"gpu", &backend_settings::gpu, any, "one of `gpus`; empty = none that is managed"},
    {"persistent", &backend_settings::persistent, any, "never put to sleep to make room"},
    {"api_version", &backend_settings::api_version, any,
     "query parameter `api-version` of `azure`"},
    {"keep_alive", &backend_settings::keep_alive, unset_or_between(0, 365 * day),
     "how long an `ollama` keeps a model after a request", "the server's"},
};

const field<health_settings> health_fields[] = {
    {"path", &health_settings::path, any,
     "what is asked; `health: /path` is the short form of this key"},
    {"timeout", &health_settings::timeout, between(1, hour), "longest wait for the answer"},
};

const field<timeout_settings> timeout_fields[] = {
    {"connect", &timeout_settings::connect, between(0, hour),
     "TCP and TLS handshake; 0 = no limit"},
    {"response", &timeout_settings::response, between(0, day),
     "request sent until the complete response head; 0 = no limit", "by use"},
    {"first_token", &timeout_settings::first_token, between(0, day),
     "request sent until the first content of a stream; 0 = no limit", "by use"},
    {"idle", &timeout_settings::idle, between(0, day),
     "between two bytes, either direction; 0 = no limit", "by use"},
    {"total", &timeout_settings::total, between(0, day),
     "whole attempt, streams too; 0 = no limit"},
};

const field<retry_settings> retry_fields[] = {
    {"attempts", &retry_settings::attempts, between(1, 10),
     "attempts in all; 1 = no retry; what may have been carried out is not tried again unless its "
     "method is idempotent"},
    {"waits", &retry_settings::waits, between(0, 10 * minute),
     "list of waits before the second, third, … attempt; the last one repeats"},
    {"jitter", &retry_settings::jitter, between(0, 1),
     "each wait is multiplied by a factor between 1 - jitter and 1 + jitter"},
};

const field<breaker_settings> breaker_fields[] = {
    {"enabled", &breaker_settings::enabled, any, "whether the circuit breaker works"},
    {"failures", &breaker_settings::failures, between(1, 10'000),
     "consecutive failures that open it: no connection, a broken one, no answer in time"},
    {"cooldown", &breaker_settings::cooldown, between(1, day),
     "open until one probe is let through"},
};

const field<concurrency_settings> concurrency_fields[] = {
    {"max_requests", &concurrency_settings::max_requests, between(0, 1'000'000),
     "requests at the backend at once; 0 = unlimited", "by use"},
    {"max_waiting", &concurrency_settings::max_waiting, between(0, 1'000'000),
     "requests that may wait for their turn; 429 beyond"},
    {"queue_timeout", &concurrency_settings::queue_timeout, between(0, day),
     "longest wait for a turn; then 503", "by use"},
};

const field<pool_settings> pool_fields[] = {
    {"max_idle", &pool_settings::max_idle, between(0, 10'000),
     "idle connections kept per I/O thread"},
    {"idle_timeout", &pool_settings::idle_timeout, between(1, day),
     "an idle connection is closed after this; keep it below the backend's own limit"},
};

const field<upstream_tls_settings> upstream_tls_fields[] = {
    {"verify", &upstream_tls_settings::verify, any, "check the backend's certificate"},
    {"ca_file", &upstream_tls_settings::ca_file, any,
     "PEM file with trusted authorities; empty = the system's"},
    {"certificate", &upstream_tls_settings::certificate, any,
     "PEM file with the gateway's client certificate"},
    {"key", &upstream_tls_settings::key, any, "PEM file with its private key"},
    {"server_name", &upstream_tls_settings::server_name, any,
     "name asked for and verified; empty = the URL's host"},
};

const field<authorization_settings> authorization_fields[] = {
    {"forward", &authorization_settings::forward, any,
     "pass the client's credentials on when no key is set here; cookies, too"},
    {"bearer_env", &authorization_settings::bearer_env, any,
     "name of the environment variable that holds the backend's key"},
    {"bearer_file", &authorization_settings::bearer_file, any, "file that holds the backend's key"},
    {"header", &authorization_settings::header, any,
     "field that carries the key; empty = as the type wants it"},
};

std::string format_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

std::string format_bound(double value, const value_range& range, bool is_duration) {
  if (is_duration)
    return format_duration(milliseconds{static_cast<std::int64_t>(value)});
  return range.bytes ? format_size(static_cast<std::uint64_t>(value)) : format_number(value);
}

} // namespace

template <>
std::span<const field<settings>> fields_of() {
  return settings_fields;
}
template <>
std::span<const field<listener_settings>> fields_of() {
  return listener_fields;
}
template <>
std::span<const field<listener_tls_settings>> fields_of() {
  return listener_tls_fields;
}
template <>
std::span<const field<limit_settings>> fields_of() {
  return limit_fields;
}
template <>
std::span<const field<cors_settings>> fields_of() {
  return cors_fields;
}
template <>
std::span<const field<drain_settings>> fields_of() {
  return drain_fields;
}
template <>
std::span<const field<health_aggregation_settings>> fields_of() {
  return health_aggregation_fields;
}
template <>
std::span<const field<model_settings>> fields_of() {
  return model_fields;
}
template <>
std::span<const field<model_choice_settings>> fields_of() {
  return model_choice_fields;
}
template <>
std::span<const field<model_rule>> fields_of() {
  return model_rule_fields;
}
template <>
std::span<const field<cluster_settings>> fields_of() {
  return cluster_fields;
}
template <>
std::span<const field<cluster_tls_settings>> fields_of() {
  return cluster_tls_fields;
}
template <>
std::span<const field<redial_settings>> fields_of() {
  return redial_fields;
}
template <>
std::span<const field<backend_settings>> fields_of() {
  return backend_fields;
}
template <>
std::span<const field<health_settings>> fields_of() {
  return health_fields;
}
template <>
std::span<const field<timeout_settings>> fields_of() {
  return timeout_fields;
}
template <>
std::span<const field<retry_settings>> fields_of() {
  return retry_fields;
}
template <>
std::span<const field<breaker_settings>> fields_of() {
  return breaker_fields;
}
template <>
std::span<const field<concurrency_settings>> fields_of() {
  return concurrency_fields;
}
template <>
std::span<const field<pool_settings>> fields_of() {
  return pool_fields;
}
template <>
std::span<const field<upstream_tls_settings>> fields_of() {
  return upstream_tls_fields;
}
template <>
std::span<const field<authorization_settings>> fields_of() {
  return authorization_fields;
}

bool in_range(double value, const value_range& range) {
  return (range.zero_is_off && value == 0) || (range.negative_is_unset && value < 0) ||
         (value >= range.min && value <= range.max);
}

std::string range_text(const value_range& range, bool is_duration) {
  if (range.max == 0)
    return {};
  return (range.zero_is_off ? "0 or " : "") + format_bound(range.min, range, is_duration) + " to " +
         format_bound(range.max, range, is_duration);
}

std::string range_message(const value_range& range, bool is_duration) {
  return std::string{"must be "} + (range.zero_is_off ? "0 or " : "") + "between " +
         format_bound(range.min, range, is_duration) + " and " +
         format_bound(range.max, range, is_duration);
}

} // namespace synapse::config
