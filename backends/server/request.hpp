#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::backends {

/// A complete HTTP request as a service sees it.
struct request {
  std::string method;
  std::string target;                                       ///< as sent, with the query
  std::string path;                                         ///< without the query
  std::vector<std::pair<std::string, std::string>> query;   ///< decoded
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;
  bool http_1_0 = false;

  /// @returns the first header of that (lower case) name, or an empty text.
  std::string_view header(std::string_view name) const;

  /// @returns the query parameter's value, or an empty text.
  std::string_view query_value(std::string_view name) const;
};

/// A complete HTTP answer.
struct response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Splits a request target into path and decoded query.
void parse_target(std::string_view target, request& into);

} // namespace synapse::backends
