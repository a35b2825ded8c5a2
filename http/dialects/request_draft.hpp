/// @file
/// Internal: a client's request while one in another dialect is made of it.
#pragma once

#include "http/dialects/unfit.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace synapse::http::detail {

/// Remembers what is wrong and what is lost. After a refusal nothing more is of use.
class request_draft {
public:
  /// Ends it. @returns false
  bool refuse(std::string field, std::string message);
  /// A field that will not be heeded. @param name lives forever: a client's own text is no good for
  /// a head
  void lose(std::string_view name);
  /// Reads a value that is true or false; without one `to` stays. @returns false when refused.
  bool read(std::string_view name, std::string_view value, bool& to);
  /// @returns false, and refuses, when it is there and of another kind.
  bool is_string(std::string_view name, std::string_view value);
  bool is_object(std::string_view name, std::string_view value);

protected:
  /// `made` with its body and what is lost, or why there is none. Once, at the end.
  template <class Made>
  std::variant<Made, unfit> settle(Made made, std::string body) {
    if (unfit_)
      return std::move(*unfit_);
    made.body = std::move(body);
    made.lossy = std::move(lossy_);
    return made;
  }

private:
  std::vector<std::string_view> lossy_;
  std::optional<unfit> unfit_;
};

} // namespace synapse::http::detail
