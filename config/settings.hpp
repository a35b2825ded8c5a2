/// @file
/// Every setting of the gateway, as plain values. A loaded `settings` is immutable: a reload makes
/// a new one, and requests that are under way keep the one they began with. Every struct compares
/// by value, so that a reload which changed nothing can be told from one that did.
#pragma once

#include "config/catalog_settings.hpp"
#include "config/timeout_settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// What a backend speaks; decides default timeouts. Names as in the `type` key.
enum class backend_type {
  openai_compatible,
  chatterbox,
  faster_whisper,
  pyannote,
  deepfilter,
  ollama,
  vllm,
  llama_router,
  sglang,
  trtllm,
  speaches,
  piper,
  whisper_cpp,
  tei,
  infinity,
  openai,
  openrouter,
  azure,
  anthropic,
  count_ ///< number of enumerators
};

/// The text of the `type` key, e.g. "openai-compatible".
std::string_view to_string(backend_type type);

/// A parsed backend URL: `scheme://host[:port][/base]`.
struct backend_url {
  bool tls = false;        ///< scheme is https
  std::string host;        ///< name, IPv4 or IPv6 (without brackets)
  std::uint16_t port = 80; ///< explicit or the scheme's default
  std::string base_path;   ///< "" or "/prefix" without trailing slash
  /// `host[:port]` for the Host field (RFC 9110 section 7.2); port left out when the default,
  /// IPv6 in brackets.
  std::string authority() const;
  /// The whole URL, as the configuration would spell it.
  std::string to_string() const;
  bool operator==(const backend_url&) const = default;
};

/// Retries happen only on connection-level errors and before any byte of the answer was seen.
struct retry_settings {
  unsigned attempts = 3; ///< in all, 1 to 10
  /// Before the second, third, … attempt; the last one repeats.
  std::vector<milliseconds> waits{milliseconds{500}, milliseconds{1000}, milliseconds{2000}};
  double jitter = 0.2; ///< each wait is multiplied by a factor from [1-jitter, 1+jitter]
  bool operator==(const retry_settings&) const = default;
};

struct breaker_settings {
  bool enabled = true;
  unsigned failures = 5;         ///< consecutive connection-level failures that open it
  milliseconds cooldown{30'000}; ///< open → one half-open probe
  bool operator==(const breaker_settings&) const = default;
};

struct concurrency_settings {
  unsigned max_requests = 0;          ///< requests at the backend at once; 0 = unlimited
  unsigned max_waiting = 256;         ///< requests that may wait for a permit; beyond: 429
  milliseconds queue_timeout{30'000}; ///< longest wait for a permit; then 503 with Retry-After
  bool operator==(const concurrency_settings&) const = default;
};

struct pool_settings {
  unsigned max_idle = 64;           ///< idle connections kept per I/O thread
  milliseconds idle_timeout{4'000}; ///< below the 5 s after which llama.cpp closes silently
  bool operator==(const pool_settings&) const = default;
};

struct upstream_tls_settings {
  bool verify = true;
  std::string ca_file;     ///< PEM; empty = the system's store
  std::string certificate; ///< client certificate (PEM), with `key`
  std::string key;
  std::string server_name; ///< SNI and verified name; empty = the URL's host
  bool operator==(const upstream_tls_settings&) const = default;
};

struct health_settings {
  std::string path = "/health";
  milliseconds timeout{5000};
  /// No path was given: where `path` is not there (404), the usual others are asked. No key.
  bool detect = false;
  bool operator==(const health_settings&) const = default;
};

struct authorization_settings {
  bool forward = true;    ///< pass the client's Authorization field on
  std::string bearer_env; ///< name of an environment variable that holds the backend's key
  std::string bearer_file;
  /// The field that carries the key; empty = as the type wants it, `Authorization: Bearer` mostly.
  std::string header;
  /// The key itself: only from a file that has keys in it. Never printed.
  std::string literal;
  bool operator==(const authorization_settings&) const = default;
};

/// Video memory that the models of a backend take.
struct vram_settings {
  std::size_t awake = 0;  ///< bytes
  std::size_t asleep = 0; ///< bytes that stay taken
  bool operator==(const vram_settings&) const = default;
};

/// A vLLM whose weights leave the graphics card while nobody asks for them.
struct sleep_settings {
  milliseconds idle{0}; ///< without a request; 0 = only to make room
  unsigned level = 1;   ///< 1: weights to main memory; 2: weights are dropped
  bool warm_up = false; ///< one token after it has woken, before others come
  milliseconds wake_timeout{120'000};
  bool operator==(const sleep_settings&) const = default;
};

struct backend_settings {
  std::string name;
  std::string title; ///< for people; empty = the name
  backend_url url;
  backend_type type = backend_type::openai_compatible;
  health_settings health;
  timeout_settings timeouts;
  retry_settings retry;
  breaker_settings breaker;
  concurrency_settings concurrency;
  pool_settings pool;
  upstream_tls_settings tls;
  authorization_settings authorization;
  std::string gpu;         ///< one of `gpus`; empty = none that is managed
  bool persistent = false; ///< never put to sleep to make room
  vram_settings vram;
  sleep_settings sleep;
  std::string api_version;     ///< query parameter `api-version` of azure
  milliseconds keep_alive{-1}; ///< of an ollama's models after a request; -1 = as the server says
  milliseconds dns_refresh{30'000}; ///< host names are resolved anew this often
  bool list_models = false; ///< take part in GET /v1/models; default true for openai-compatible
  /// A llama.cpp server in router mode whose models the gateway loads and unloads; default true for
  /// the backend of the route `/models`, if it is openai-compatible.
  bool manage_models = false;
  bool operator==(const backend_settings&) const = default;
};

/// `path` is exact ("/v1/embeddings") or a prefix ending in "/*".
struct route_settings {
  std::string path;
  std::string backend;
  bool operator==(const route_settings&) const = default;
};

struct listener_tls_settings {
  std::string certificate; ///< PEM chain; empty = plain HTTP
  std::string key;
  bool enabled() const { return !certificate.empty(); }
  bool operator==(const listener_tls_settings&) const = default;
};

struct listener_settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000; ///< 0 = any free port
  int backlog = 1024;
  /// Names of the gateway besides loopback ones that a listener on loopback answers to; a page
  /// whose name has been pointed at this machine (DNS rebinding) has another one.
  std::vector<std::string> hosts;
  listener_tls_settings tls;
  bool operator==(const listener_settings&) const = default;
};

/// What a client may send and how long it may take.
struct limit_settings {
  std::size_t max_header_bytes = 16 * 1024;           ///< whole head; 431 above. 4 KiB to 64 KiB
  std::size_t max_uri_bytes = 8 * 1024;               ///< 414 above
  std::size_t max_header_fields = 100;                ///< 431 above
  std::size_t max_json_body_bytes = 32 * 1024 * 1024; ///< bodies that are inspected; 413 above
  /// Forms with recordings; they are passed on while they arrive, never held. 413 above.
  std::size_t max_upload_bytes = std::size_t{2} * 1024 * 1024 * 1024;
  /// Of a form for a name of the catalog, kept so that another deployment can be asked.
  std::size_t max_kept_upload_bytes = 8 * 1024 * 1024;
  /// Of all such forms together; what comes when it is used up is not kept, and sent only once. 0 =
  /// none is.
  std::size_t max_kept_uploads_total_bytes = std::size_t{256} * 1024 * 1024;
  /// One SSE event of a backend; answers with images come as one event.
  std::size_t max_stream_event_bytes = 32 * 1024 * 1024;
  std::size_t max_connections = 20'000; ///< per process; beyond: see `reserved_connections`
  /// From one address (one /64 of IPv6) that is no trusted proxy; 0 = three quarters of
  /// `max_connections`.
  std::size_t max_connections_per_address = 0;
  /// Places beyond `max_connections` for probes: `/livez`, `/readyz` and nothing else.
  std::size_t reserved_connections = 16;
  milliseconds header_timeout{10'000}; ///< first byte of a head → complete; 408
  milliseconds body_timeout{30'000};   ///< between bytes of a request body; 408
  /// Bytes per second of a body, on average once it has taken `body_timeout`; 408 below; 0 = any.
  std::size_t min_body_rate = 128;
  milliseconds max_body_time{3'600'000}; ///< waits for one body in all; 408; 0 = no limit
  milliseconds idle_timeout{75'000};     ///< keep-alive connection without a request
  milliseconds write_timeout{60'000};    ///< a client that does not read
  milliseconds stream_keepalive{15'000}; ///< silence before `: keepalive`; 0 = never
  bool operator==(const limit_settings&) const = default;
};

/// Web pages of other origins that may use the gateway (Fetch standard, "CORS protocol").
struct cors_settings {
  std::vector<std::string> origins; ///< `scheme://host[:port]` each, exactly; empty = none
  bool operator==(const cors_settings&) const = default;
};

struct drain_settings {
  milliseconds delay{0};      ///< readiness fails this long before the listeners close
  milliseconds limit{30'000}; ///< running requests may take this long, then they are cut
  bool operator==(const drain_settings&) const = default;
};

struct health_aggregation_settings {
  milliseconds max_age{1000}; ///< a round younger than this answers /health again
  bool operator==(const health_aggregation_settings&) const = default;
};

/// Names of one model for requests whose text has one of the words in it.
struct model_rule {
  std::string model;
  std::vector<std::string> words; ///< whole words, any case; one may consist of several
  bool operator==(const model_rule&) const = default;
};

/// Which model answers a request that leaves the choice to the gateway.
struct model_choice_settings {
  /// Values of `model` that mean "choose"; an absent or empty one always does.
  std::vector<std::string> names{"auto", "synapse:auto", "synapse-auto"};
  std::string general = "Qwen3-8B-Q4_K_M";               ///< where no rule fits
  std::vector<model_rule> rules = default_model_rules(); ///< the first one that fits decides
  static std::vector<model_rule> default_model_rules();
  bool operator==(const model_choice_settings&) const = default;
};

/// How models of a router take turns. Times as in ARCHITECTURE.md, "Models".
struct model_settings {
  milliseconds batch_window{10'000};  ///< a loaded model's requests go first for so long
  milliseconds linger{500};           ///< an idle model stays for so long after its last request
  milliseconds max_wait{240'000};     ///< longest wait of a request for its model; then 503
  milliseconds load_timeout{240'000}; ///< load asked for until `loaded`; then 504
  milliseconds restart_patience{
      45'000};                   ///< a router that does not answer is asked again for so long
  milliseconds keepalive{3'000}; ///< first comment to a streaming client that waits; 0 = never
  milliseconds poll{1'000};      ///< between looks at a router while a model changes
  milliseconds refresh{15'000};  ///< between looks while nothing happens
  unsigned max_waiting = 256;    ///< requests that may wait for models; beyond: 429
  unsigned max_loaded = 0;       ///< models at once; 0 = what the router says, else 1
  std::map<std::string, std::string, std::less<>> aliases; ///< name in a request → model
  model_choice_settings choice;
  bool operator==(const model_settings&) const = default;
};

/// All three or none: with some of them only, CAF would connect to anybody.
struct cluster_tls_settings {
  std::string certificate; ///< PEM chain; empty = plain TCP
  std::string key;
  std::string ca; ///< PEM; whose certificates are accepted from other replicas
  bool enabled() const { return !certificate.empty(); }
  bool operator==(const cluster_tls_settings&) const = default;
};

/// Pause between two attempts to reach a replica: doubles from `min` to `max`.
struct redial_settings {
  milliseconds min{100};
  milliseconds max{5'000};
  bool operator==(const redial_settings&) const = default;
};

/// How replicas find each other; in use while the bus mode of the terminal feed is caf. Read once,
/// when the process starts.
struct cluster_settings {
  std::string listen = "127.0.0.1"; ///< address that other replicas connect to
  std::uint16_t port = 7946;        ///< 0 = any free port
  std::string advertise;            ///< host:port for the others; empty = `listen` and `port`
  std::vector<std::string> peers;   ///< host:port each
  std::string dns;                  ///< name with an address per replica; empty = none
  std::uint16_t dns_port = 7946;
  milliseconds dns_refresh{10'000};
  std::string secret_env;      ///< name of an environment variable that holds the secret
  std::string secret_file;     ///< the same from a file
  milliseconds heartbeat{200}; ///< between two signs of life
  milliseconds timeout{1'000}; ///< without one a replica counts as down
  unsigned max_members = 64;   ///< replicas besides this one
  unsigned max_strangers = 32; ///< connections of others that have not shown the secret yet
  milliseconds greeting_timeout{5'000}; ///< longest time until they have
  unsigned queue = 2'000; ///< lines that may wait for one replica; the oldest give way
  cluster_tls_settings tls;
  redial_settings redial;
  bool operator==(const cluster_settings&) const = default;
};

/// From the environment only (see environment.hpp for the variables' names).
struct process_settings {
  std::string config_path = "/config/backends.yaml";
  std::string log_level = "INFO";
  std::string instance_id;
  std::string voice_library_dir = "/data/voices";
  std::string model_profiles_path = "/data/voices/model-profiles.json";
  std::string llama_router_namespace = "llm-infra";
  std::string llama_router_deployment = "llama-router";
  std::string llama_router_container = "llama-server";
  unsigned runtime_reconfigure_timeout_seconds = 300;
  std::string kubernetes_api_url; ///< https://…; empty: what Kubernetes tells every pod
  std::string kubernetes_service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::optional<std::string> dashboard_access_token;
  std::string dashboard_cookie_name = "synapse_dash_token";
  bool dashboard_cookie_secure = false;
  /// Addresses (`192.0.2.1`, `10.0.0.0/8`, `fd00::/8`) of reverse proxies before the gateway.
  std::vector<std::string> trusted_proxies;
  std::string dashboard_dir; ///< of the front end as built; empty: beside the program
  struct terminal_feed_settings {
    std::string mode = "mock"; ///< live | mock
    unsigned buffer_size = 500;
    unsigned subscriber_queue_size = 200;
    unsigned backlog_lines = 80;
    unsigned keepalive_seconds = 15;
    unsigned max_line_chars = 1200;
    std::string default_level = "INFO";
    std::string redact_extra_patterns; ///< `||`-separated
    std::string bus_mode = "local";    ///< local | redis | caf
    std::string redis_url;
    std::string redis_channel = "synapse:terminal_feed";
    unsigned redis_connect_timeout_seconds = 5;
    bool operator==(const terminal_feed_settings&) const = default;
  } terminal_feed;
  bool operator==(const process_settings&) const = default;
};

struct settings {
  unsigned threads = 0; ///< I/O threads; 0 = one per core
  listener_settings listener;
  limit_settings limits;
  cors_settings cors;
  drain_settings drain;
  health_aggregation_settings health;
  model_settings models;
  cluster_settings cluster;
  std::map<std::string, backend_settings> backends; ///< by name
  std::vector<route_settings> routes;               ///< as written, defaults appended by the loader
  std::vector<catalog_model> catalog;               ///< in the order of the file
  fallback_settings fallbacks;
  routing_settings routing;
  std::map<std::string, gpu_settings> gpus; ///< by name
  std::string litellm;                      ///< file of LiteLLM's that the catalog was read from
  process_settings process;
  bool operator==(const settings&) const = default;
};

} // namespace synapse::config
