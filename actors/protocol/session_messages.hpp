/// @file
/// What is said about requests.
#pragma once

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace synapse::actors {

/// A request under way, for people.
struct running_request {
  std::string id;
  std::string method;
  std::string path; ///< without its query, which may hold secrets
  std::string route;
  std::string backend; ///< empty while it is not known, or where none is asked
  std::string client;
  std::int64_t age_ms = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  enum class phase : std::uint8_t {
    receiving, ///< its body
    waiting,   ///< for whoever answers it
    answering,
  } state = phase::receiving;

  running_request() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, running_request& x) {
  return f(caf::meta::type_name("running_request"), x.id, x.method, x.path, x.route, x.backend,
           x.client, x.age_ms, x.bytes_in, x.bytes_out, x.state);
}

/// How a request has ended.
struct request_outcome {
  std::uint16_t status = 0; ///< as sent; 499: its client left before
  std::string detail;       ///< http::response_detail as text
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, request_outcome& x) {
  return f(caf::meta::type_name("request_outcome"), x.status, x.detail);
}

} // namespace synapse::actors
