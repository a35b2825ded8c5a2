/// @file
/// Small requests of the gateway's own, over sockets of somebody else's.
#pragma once

#include "actors/protocol/permit_messages.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace synapse::actors {

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

} // namespace synapse::actors
