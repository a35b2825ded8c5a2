#pragma once

#include "backends/server/request.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::backends {

/// Keeps the order of members, as llama.cpp's answers do.
using json = nlohmann::ordered_json;

/// The kinds of llama.cpp's error object; each has one status.
enum class error_type {
  invalid_request,
  authentication,
  not_found,
  server,
  not_supported,
  unavailable,
  exceed_context_size,
  proxy, ///< the router's own words about a child that is gone: plain text, not an object
};

/// Thrown inside a handler, answered by the service that called it; never leaves this library.
struct api_error {
  error_type type;
  std::string message;
  json extra = json::object(); ///< more members of the error object
};

/// @returns the status that belongs to an error type.
int status_of(error_type type);

/// @returns `{"error":{"code","message","type",…}}`.
json error_object(const api_error& error);

/// @returns an answer with that error object, or with plain text where llama.cpp does so.
response error_response(const api_error& error);

/// @returns an error answer for any status, with the nearest type.
response error_response(int status, std::string_view message);

/// @returns an answer of type `application/json; charset=utf-8`.
response json_response(const json& body, int status = 200);

/// Serializes without ever failing: invalid UTF-8 is replaced.
std::string dump(const json& value);

/// @returns the request's body as an object.
/// @throws api_error 500 for what is no JSON (as llama.cpp answers), or no object
json parse_body(const request& in);

/// Reads a member if it is there and of a fitting type, otherwise gives the default: llama.cpp
/// ignores values of the wrong type.
template <class T>
T value_or(const json& body, std::string_view name, T fallback) {
  auto found = body.find(std::string(name));
  if (found == body.end() || found->is_null())
    return fallback;
  try {
    return found->get<T>();
  } catch (const nlohmann::json::exception&) {
    return fallback;
  }
}

/// What a request that cannot be served gets: 400.
inline api_error invalid(std::string message) {
  return {error_type::invalid_request, std::move(message)};
}

/// @returns `length` random letters and digits.
std::string random_id(std::size_t length);

/// @returns seconds since 1970.
std::int64_t unix_now();

/// What `system_fingerprint` and `build_info` say.
std::string_view build_name();

/// The checks every llama.cpp route passes first.
class access_rules {
public:
  explicit access_rules(std::vector<std::string> api_keys) : keys_(std::move(api_keys)) {}

  /// @returns true if the request may be answered: an open path, a right key, or no keys at all.
  bool allows(const request& in) const;

private:
  std::vector<std::string> keys_;
};

/// Adds the headers llama.cpp puts on every answer.
void add_cors(const request& in, response& answer);

/// @returns the answer to an OPTIONS request.
response preflight_answer(const request& in);

} // namespace synapse::backends
