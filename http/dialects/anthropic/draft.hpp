/// @file
/// Internal: a client's request while one in another dialect is made of it.
#pragma once

#include "http/dialects/anthropic/request.hpp"
#include "http/dialects/openai/json_values.hpp"
#include "http/dialects/request_draft.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::http::anthropic {

/// Reads members and writes the other body as well. Values are the client's texts of them, valid as
/// long as its body.
class draft : public detail::request_draft {
public:
  /// @param body a JSON object
  explicit draft(std::string_view body);

  /// @returns the value of the last member of that name; empty where there is none, or null.
  std::string_view operator[](std::string_view name) const noexcept;
  /// Members of other names are lost, if they say anything.
  template <std::size_t N>
  void lose_unknown(const std::array<std::string_view, N>& known) {
    for (const auto& [name, value] : members_)
      if (std::find(known.begin(), known.end(), name) == known.end() && detail::is_said(value))
        lose("unknown_fields");
  }

  /// Loses each of them that says anything.
  void lose_said(std::initializer_list<std::string_view> names);

  /// Reads a member that is true or false; without one `to` stays. @returns false when refused.
  bool read(std::string_view name, bool& to);
  /// Copies a member that is a number, if there is one. @returns false when refused.
  bool copy_number(std::string_view name, std::string_view as);
  /// The same for a whole number from `least`.
  bool copy_integer(std::string_view name, std::string_view as, std::int64_t least);
  /// Writes a list of those strings of a list, or of a string by itself, that are not empty.
  /// @returns false when refused.
  bool copy_strings(std::string_view name, std::string_view as, bool may_be_alone);

  /// Begins a member of the other body; its value is to be appended.
  std::string& add(std::string_view name);
  /// The request, or why there is none. Once, at the end.
  made_or_unfit finish(bool stream, bool include_usage);

private:
  std::vector<std::pair<std::string_view, std::string_view>> members_;
  std::deque<std::string> names_; ///< those that were spelled with escapes
  std::string out_;
};

/// A media type such as `image/png`, and nothing else behind it.
bool is_image_type(std::string_view type) noexcept;
/// What a string says. @returns its own text, where nothing is escaped; else that of `scratch`
std::string_view plain_text(std::string_view quoted, std::string& scratch);

} // namespace synapse::http::anthropic
