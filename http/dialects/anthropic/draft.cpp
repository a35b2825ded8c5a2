#include "http/dialects/anthropic/draft.hpp"

#include "http/core/head/field.hpp"

#include <algorithm>

namespace synapse::http::anthropic {

draft::draft(std::string_view body) {
  out_.reserve(body.size() + 256);
  detail::json_cursor cursor(body);
  if (cursor.peek() != '{')
    return;
  cursor.members([&](byte_range quoted, std::uint32_t) {
    auto name = quoted.of(body);
    const auto value = cursor.value().of(body);
    if (name.find('\\') == std::string_view::npos) {
      name = detail::inner(name);
    } else {
      detail::append_unescaped(names_.emplace_back(), name);
      name = names_.back();
    }
    members_.emplace_back(name, value == "null" ? std::string_view{} : value);
  });
}

std::string_view draft::operator[](std::string_view name) const noexcept {
  const auto found = std::find_if(members_.rbegin(), members_.rend(),
                                  [&](const auto& one) { return one.first == name; });
  return found == members_.rend() ? std::string_view{} : found->second;
}

void draft::lose_said(std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (detail::is_said((*this)[name]))
      lose(name);
}

bool draft::read(std::string_view name, bool& to) {
  return request_draft::read(name, (*this)[name], to);
}

bool draft::copy_number(std::string_view name, std::string_view as) {
  const auto value = (*this)[name];
  if (value.empty())
    return true;
  if (!detail::number_of(value))
    return refuse(std::string{name}, "has to be a number");
  add(as) += value;
  return true;
}

bool draft::copy_integer(std::string_view name, std::string_view as, std::int64_t least) {
  const auto value = (*this)[name];
  if (value.empty())
    return true;
  const auto number = detail::integer_of(value);
  if (!number || *number < least)
    return refuse(std::string{name}, "has to be a whole number from " + std::to_string(least));
  add(as) += value;
  return true;
}

bool draft::copy_strings(std::string_view name, std::string_view as, bool may_be_alone) {
  const auto value = (*this)[name];
  std::string list;
  const auto take = [&](std::string_view one) {
    if (detail::is_text(one))
      (list += list.empty() ? '[' : ',') += one;
    return one.starts_with('"');
  };
  const bool alone = may_be_alone && value.starts_with('"');
  if (!value.empty() &&
      !(alone ? take(value) : value.starts_with('[') && detail::each_of(value, take)))
    return refuse(std::string{name}, may_be_alone ? "has to be a string, or a list of strings"
                                                  : "has to be a list of strings");
  if (!list.empty())
    add(as) += list += ']';
  return true;
}

std::string& draft::add(std::string_view name) {
  out_ += out_.empty() ? '{' : ',';
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return out_;
}

made_or_unfit draft::finish(bool stream, bool include_usage) {
  out_ += out_.empty() ? "{}" : "}";
  made_request made;
  made.stream = stream;
  made.include_usage = include_usage;
  return settle(std::move(made), std::move(out_));
}

bool is_image_type(std::string_view type) noexcept {
  constexpr std::string_view family = "image/";
  if (type.size() <= family.size() || !iequals(type.substr(0, family.size()), family))
    return false;
  return std::all_of(type.begin() + family.size(), type.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '+' || c == '-';
  });
}

std::string_view plain_text(std::string_view quoted, std::string& scratch) {
  if (quoted.find('\\') == std::string_view::npos)
    return detail::inner(quoted);
  scratch.clear();
  detail::append_unescaped(scratch, quoted);
  return scratch;
}

} // namespace synapse::http::anthropic
