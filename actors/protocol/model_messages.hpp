/// @file
/// What is said about models: their states, who waits for them, their profiles, the runtime they
/// are served with. Plain payloads; what is shared within the process travels as a pointer.
#pragma once

#include "actors/protocol/messages.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace synapse::actors {

// ---- profiles ----

/// One stored setting of a model.
using profile_value = std::variant<std::int64_t, double, std::string>;
/// By field, e.g. "temperature". See actors/models/profile_schema.hpp for what there is.
using profile_values = std::map<std::string, profile_value, std::less<>>;

struct model_profile {
  std::string updated_at; ///< RFC 3339, UTC
  profile_values values;
  bool operator==(const model_profile&) const = default;
};
/// All stored profiles by model.
using profile_map = std::map<std::string, model_profile, std::less<>>;
using profile_map_ptr = std::shared_ptr<const profile_map>;

/// Changes the profile of one model.
struct put_profile {
  std::string model;
  profile_values set;
  std::vector<std::string> unset; ///< fields that fall back to their default
  bool replace = false;           ///< what is in neither is unset, too

  put_profile() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, put_profile& x) {
  std::vector<std::string> fields;
  for (const auto& [name, value] : x.set)
    fields.push_back(name);
  return f(caf::meta::type_name("put_profile"), x.model, fields, x.unset, x.replace);
}

// ---- small requests of the gateway's own ----

/// One HTTP request over a link actor. Never logged: `fields` may hold a key.
struct http_call {
  std::string method = "GET";
  std::string target;       ///< path and query
  std::string authority;    ///< Host field
  std::string fields;       ///< further complete lines, each with CRLF
  std::string content_type; ///< of `body`; empty: there is none
  std::string body;
  backend_address address; ///< where to connect
  std::uint32_t timeout_ms = 5000;
  std::uint32_t max_body = 8 * 1024 * 1024; ///< of the answer
  /// The answer is an event stream: each event goes to the asker as an `http_event`, and the reply
  /// comes when the stream has ended. The time limit holds for the answer's head and then between
  /// two reads of the stream.
  bool events = false;

  http_call() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_call& x) {
  return f(caf::meta::type_name("http_call"), x.method, x.target, x.timeout_ms);
}

enum class http_fault : std::uint8_t {
  none,
  connect_failure,
  timeout,
  reset,
  bad_response,
  too_large,
  canceled,
};

struct http_reply {
  http_fault fault = http_fault::none;
  std::uint16_t status = 0;
  std::string body;
  std::string message; ///< of the fault, for people

  http_reply() = default;
  bool ok() const noexcept { return fault == http_fault::none; }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_reply& x) {
  return f(caf::meta::type_name("http_reply"), x.fault, x.status, x.body, x.message);
}

/// One server-sent event.
struct http_event {
  std::string name; ///< of its `event` field; empty: none
  std::string data;

  http_event() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_event& x) {
  return f(caf::meta::type_name("http_event"), x.name, x.data);
}

// ---- the runtime that serves a router's models ----

/// Starts the router with another context size.
struct apply_runtime {
  std::int64_t ctx_size = 0; ///< tokens; the argument `--ctx-size`

  apply_runtime() = default;
  explicit apply_runtime(std::int64_t tokens) : ctx_size(tokens) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, apply_runtime& x) {
  return f(caf::meta::type_name("apply_runtime"), x.ctx_size);
}

struct runtime_applied {
  bool changed = false; ///< false: it was like that already
  std::int64_t generation = 0;

  runtime_applied() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, runtime_applied& x) {
  return f(caf::meta::type_name("runtime_applied"), x.changed, x.generation);
}

} // namespace synapse::actors
