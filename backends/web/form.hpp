#pragma once

#include "backends/server/request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// One part of a multipart form. Its data is a view into the request's body.
struct form_part {
  std::string name;
  bool is_file = false;
  std::string filename;
  std::string content_type;
  std::string_view data;
};

/// A form as a FastAPI service sees it.
class form {
public:
  /// Reads a request. A body that is no form has no parts.
  /// @param in must outlive the result
  /// @throws http_problem 400 for a malformed form, as Starlette does
  static form of(const request& in);

  const std::vector<form_part>& parts() const { return parts_; }

  /// @returns the last part of that name, or none.
  const form_part* find(std::string_view name) const;

private:
  std::vector<form_part> parts_;
};

} // namespace synapse::backends
